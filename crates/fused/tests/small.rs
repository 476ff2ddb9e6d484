//! A few images that are small enough for Miri, where only the portable level is available.

mod common;

use std::sync::Arc;

use common::{Stored, levels, patches, resize};
use patchmark_fused::{
    Filter, Job, Layout, Normalization, Plan, Scratch, Size, Stores, Workspace, process_batch, process_image,
    process_image_bytes,
};
use rayon::ThreadPoolBuilder;

#[test]
fn tiny_images_give_the_recipe_s_bits() {
    let normalization = Normalization::affine([127.5; 3], [127.5; 3]);
    // Miri reports rayon's queues, which are not under test here.
    let pool = (!cfg!(miri)).then(|| ThreadPoolBuilder::new().num_threads(2).build().unwrap());
    for (from, to, patch, gap) in [((5, 7), (4, 2), 2, 0), ((1, 3), (3, 6), 3, 1), ((9, 2), (2, 1), 1, 5)] {
        let [size, target] = [from, to].map(|(height, width)| Size { height, width });
        let rgb: Vec<u8> = (0..size.height * size.width * 3).map(|i| (i * 67 % 256) as u8).collect();
        let resized = resize(&rgb, size, target, Filter::Bicubic);
        let length = resized.len() + patch * patch * 3;
        let expected =
            patches(&resized, target, patch, length, 0.0, |c, x| normalization.tables()[c][x as usize]);
        let expected_bytes = patches(&resized, target, patch, length, 0, |_, x| x);
        for level in levels() {
            for layout in [Layout::Rgb, Layout::Rgbx, Layout::Planar] {
                let stored = Stored::new(&rgb, size, layout, gap);
                let view = stored.view();
                let plan = Arc::new(Plan::new(size, target, layout, Filter::Bicubic, level).unwrap());
                let mut scratch = Scratch::new();
                let mut output = vec![f32::NAN; length];
                process_image(
                    &view,
                    &plan,
                    &normalization,
                    patch,
                    &mut output,
                    Stores::Streaming,
                    &mut scratch,
                )
                .unwrap();
                assert_eq!(output, expected, "{level} {layout:?}");
                let mut bytes = vec![1; length];
                process_image_bytes(&view, &plan, patch, &mut bytes, &mut scratch).unwrap();
                assert_eq!(bytes, expected_bytes, "{level} {layout:?}");
                let jobs = vec![Job { view, plan }; 3];
                let mut output = vec![f32::NAN; 3 * length];
                let mut workspace = Workspace::default();
                process_batch(&jobs, &normalization, patch, &mut output, &mut workspace, pool.as_ref())
                    .unwrap();
                assert!(output.chunks(length).all(|part| part == expected), "{level} {layout:?}");
            }
        }
    }
}
