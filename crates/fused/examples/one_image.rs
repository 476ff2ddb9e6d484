//! Processes one image of WIDTH×HEIGHT a number of times, for use with instruction counters and profilers.
//!
//! `one_image WIDTH HEIGHT TIMES`. The environment variable `PATCHMARK_CPU` selects the level.

use patchmark_fused::{
    Filter, Layout, Level, Normalization, PixelView, Plan, Scratch, Size, Stores, process_image, target_size,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<usize> =
        std::env::args().skip(1).map(|argument| argument.parse()).collect::<Result<_, _>>()?;
    let [width, height, times] = arguments[..] else {
        return Err("usage: one_image WIDTH HEIGHT TIMES".into());
    };
    let level = Level::from_environment()?;
    let pixels: Vec<u8> = (0..width * height * 3).map(|at| (at * 31 % 251) as u8).collect();
    let view = PixelView::new(&pixels, Layout::Rgb, height, width)?;
    let target = target_size(height, width, 16, 256);
    let output = Size { height: target.0, width: target.1 };
    let plan = Plan::new(view.size(), output, Layout::Rgb, Filter::Bilinear, level)?;
    let normalization = Normalization::affine([127.5; 3], [127.5; 3]);
    let mut patches = vec![0.0; 256 * 16 * 16 * 3];
    let mut scratch = Scratch::new();
    for _ in 0..times {
        process_image(&view, &plan, &normalization, 16, &mut patches, Stores::Cached, &mut scratch)?;
    }
    println!("{level}: {width}x{height}, {times} times, first value {}", patches[0]);
    Ok(())
}
