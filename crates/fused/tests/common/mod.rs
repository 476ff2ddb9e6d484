//! The reference, a slow scalar implementation of torch's resize, and images to compare on.

#![allow(dead_code, reason = "each test file uses only a part")]

use patchmark_fused::{Filter, Layout, Level, PixelView, Size};

/// The levels that this machine supports.
pub fn levels() -> Vec<Level> {
    Level::ALL.into_iter().filter(|level| level.available()).collect()
}

/// An image in memory in some layout, with gaps between rows.
pub struct Stored {
    pub bytes: Vec<u8>,
    pub layout: Layout,
    pub size: Size,
    pub row_stride: usize,
    pub plane_stride: usize,
}

impl Stored {
    /// Stores `rgb` (interleaved, contiguous) in another layout. The bytes end with the last pixel.
    pub fn new(rgb: &[u8], size: Size, layout: Layout, gap: usize) -> Self {
        let Size { height, width } = size;
        let (pitch, planes) = match layout {
            Layout::Rgb => (3, 1),
            Layout::Rgbx => (4, 1),
            Layout::Planar => (1, 3),
        };
        let row_stride = width * pitch + gap;
        let plane_stride = row_stride * height + gap;
        let length = (planes - 1) * plane_stride + (height - 1) * row_stride + width * pitch;
        // The bytes between rows must not matter, so they are arbitrary.
        let mut bytes: Vec<u8> = (0..length).map(|i| (i * 7 + 13) as u8).collect();
        for (i, &value) in rgb.iter().enumerate() {
            let (pixel, channel) = (i / 3, i % 3);
            let (y, x) = (pixel / width, pixel % width);
            let at = match layout {
                Layout::Planar => channel * plane_stride + y * row_stride + x,
                _ => y * row_stride + x * pitch + channel,
            };
            bytes[at] = value;
        }
        Self { bytes, layout, size, row_stride, plane_stride }
    }

    pub fn view(&self) -> PixelView<'_> {
        let Size { height, width } = self.size;
        PixelView::strided(&self.bytes, self.layout, height, width, self.row_stride, self.plane_stride)
            .unwrap()
    }
}

fn filter_weight(filter: Filter, x: f64) -> f64 {
    let x = x.abs();
    let a = -0.5;
    match filter {
        Filter::Bilinear => {
            if x < 1.0 {
                1.0 - x
            } else {
                0.0
            }
        }
        Filter::Bicubic if x < 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        Filter::Bicubic if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
        Filter::Bicubic => 0.0,
    }
}

/// One axis: the first input pixel and the weights of each output pixel, and the precision.
fn axis(input: usize, output: usize, filter: Filter) -> (Vec<(usize, Vec<i32>)>, u32) {
    let scale = input as f64 / output as f64;
    let half = if filter == Filter::Bilinear { 1.0 } else { 2.0 };
    let support = if scale >= 1.0 { half * scale } else { half };
    let inverse = if scale >= 1.0 { 1.0 / scale } else { 1.0 };
    let exact: Vec<(usize, Vec<f64>)> = (0..output)
        .map(|i| {
            let centre = scale * (i as f64 + 0.5);
            let first = ((centre - support + 0.5) as i64).max(0) as usize;
            let end = ((centre + support + 0.5) as usize).min(input);
            let most = support.ceil() as usize * 2 + 1;
            let mut weights: Vec<f64> = (first..end)
                .take(most)
                .map(|j| filter_weight(filter, (j as f64 - centre + 0.5) * inverse))
                .collect();
            let mut total = 0.0;
            for w in &weights {
                total += w;
            }
            for w in &mut weights {
                *w /= total;
            }
            (first, weights)
        })
        .collect();
    let largest = exact.iter().flat_map(|(_, w)| w).fold(0.0f64, |a, &b| a.max(b));
    let mut precision = 0;
    while precision < 22 && ((0.5 + largest * f64::from(1 << (precision + 1))) as i64) < 1 << 15 {
        precision += 1;
    }
    let unit = f64::from(1 << precision);
    let weights = exact
        .into_iter()
        .map(|(first, weights)| {
            let round =
                |w: f64| if w * unit < 0.0 { (w * unit - 0.5) as i32 } else { (w * unit + 0.5) as i32 };
            (first, weights.into_iter().map(round).collect())
        })
        .collect();
    (weights, precision)
}

fn clamp(sum: i64, precision: u32) -> u8 {
    (sum >> precision).clamp(0, 255) as u8
}

/// Resizes interleaved RGB to interleaved RGB.
pub fn resize(rgb: &[u8], from: Size, to: Size, filter: Filter) -> Vec<u8> {
    let (columns, precision) = axis(from.width, to.width, filter);
    let mut wide = Vec::with_capacity(from.height * to.width * 3);
    for y in 0..from.height {
        for (first, weights) in &columns {
            for c in 0..3 {
                let sum: i64 = weights
                    .iter()
                    .enumerate()
                    .map(|(t, &w)| i64::from(w) * i64::from(rgb[(y * from.width + first + t) * 3 + c]))
                    .sum();
                wide.push(clamp(sum + (1 << precision >> 1), precision));
            }
        }
    }
    let (rows, precision) = axis(from.height, to.height, filter);
    let mut out = Vec::with_capacity(to.height * to.width * 3);
    for (first, weights) in &rows {
        for i in 0..to.width * 3 {
            let sum: i64 = weights
                .iter()
                .enumerate()
                .map(|(t, &w)| i64::from(w) * i64::from(wide[(first + t) * to.width * 3 + i]))
                .sum();
            out.push(clamp(sum + (1 << precision >> 1), precision));
        }
    }
    out
}

/// Cuts interleaved RGB into patches. `sample` makes each sample from its channel and byte; the rest is
/// `padding`.
pub fn patches<T: Copy>(
    rgb: &[u8],
    size: Size,
    patch: usize,
    length: usize,
    padding: T,
    sample: impl Fn(usize, u8) -> T,
) -> Vec<T> {
    let columns = size.width / patch;
    let mut out = vec![padding; length];
    for y in 0..size.height {
        for x in 0..size.width {
            for c in 0..3 {
                let number = y / patch * columns + x / patch;
                let inside = (y % patch * patch + x % patch) * 3 + c;
                out[number * patch * patch * 3 + inside] = sample(c, rgb[(y * size.width + x) * 3 + c]);
            }
        }
    }
    out
}
