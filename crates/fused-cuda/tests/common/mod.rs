//! Test images, and the results of patchmark-fused to compare with. That crate's own tests compare it with torch's
//! recipe.

#![allow(dead_code, reason = "each test file uses only a part")]

use std::{
    io::{self, Write},
    path::PathBuf,
};

use half::{bf16, f16};
use patchmark_fused::{
    Filter, Layout, Level, Normalization, PixelView, Plan, Scratch, Size, Sizing, Stores, process_image,
    process_image_bytes,
};
use patchmark_fused_cuda::{
    Element, Planner,
    emulator::{Emulated, Emulator, HostImage},
};

pub const ELEMENTS: [Element; 4] = [Element::F32, Element::Bf16, Element::F16, Element::U8];

/// An image with `gap` bytes between rows, which begins `offset` bytes after a multiple of 16.
#[derive(Debug, Clone)]
pub struct Case {
    pub size: Size,
    pub gap: usize,
    pub offset: u64,
    pub seed: u64,
    /// 0: noise, 1: black and white noise, 2: a ramp.
    pub content: u8,
}

impl Case {
    pub fn new(height: usize, width: usize) -> Self {
        let seed = (height * 7919 + width) as u64;
        Self { size: Size { height, width }, gap: 0, offset: 0, seed, content: 0 }
    }

    fn pitch(&self) -> usize {
        self.size.width * 3 + self.gap
    }

    /// All bytes from the first pixel to the last, with arbitrary bytes between rows.
    pub fn bytes(&self) -> Vec<u8> {
        let mut state = self.seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15) | 1;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        };
        let (row, pitch) = (self.size.width * 3, self.pitch());
        (0..(self.size.height - 1) * pitch + row)
            .map(|at| match (at % pitch < row, self.content) {
                (true, 1) => {
                    if random() < 128 {
                        0
                    } else {
                        255
                    }
                }
                (true, 2) => (at % pitch / 3 * 255 / self.size.width) as u8,
                _ => random(),
            })
            .collect()
    }
}

/// A table of the value that each byte of each channel becomes.
pub fn table(number: u8) -> [[f32; 256]; 3] {
    match number {
        0 => *Normalization::affine([127.5; 3], [127.5; 3]).tables(),
        1 => *Normalization::affine([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]).tables(),
        _ => std::array::from_fn(|c| std::array::from_fn(|x| ((x * 3 + c) as f32).sqrt() - 9.0)),
    }
}

pub fn sizing(patch_size: usize, max_num_patches: usize, filter: Filter) -> Sizing {
    Sizing { patch_size, max_num_patches, resize: true, filter }
}

/// The output that the kernel must produce, computed on the CPU.
pub fn expected(
    sizing: Sizing,
    element: Element,
    values: &[[f32; 256]; 3],
    cases: &[Case],
    length: usize,
) -> Emulated {
    let mut all = Emulated { values: Vec::new(), mask: Vec::new(), shapes: Vec::new() };
    let patch = sizing.patch_size;
    let mut scratch = Scratch::new();
    for case in cases {
        let (bytes, Size { height, width }) = (case.bytes(), case.size);
        let view = PixelView::strided(&bytes, Layout::Rgb, height, width, case.pitch(), 0).unwrap();
        let output = sizing.output(case.size).unwrap();
        let plan = Plan::new(case.size, output, Layout::Rgb, sizing.filter, Level::Portable).unwrap();
        let samples = length * patch * patch * 3;
        if element == Element::U8 {
            let mut output = vec![1; samples];
            process_image_bytes(&view, &plan, patch, &mut output, &mut scratch).unwrap();
            all.values.extend(output);
        } else {
            let mut output = vec![f32::NAN; samples];
            let normalization = Normalization::new(*values);
            process_image(&view, &plan, &normalization, patch, &mut output, Stores::Cached, &mut scratch)
                .unwrap();
            for value in output {
                match element {
                    Element::F32 => all.values.extend(value.to_le_bytes()),
                    Element::Bf16 => all.values.extend(bf16::from_f32(value).to_le_bytes()),
                    _ => all.values.extend(f16::from_f32(value).to_le_bytes()),
                }
            }
        }
        let (rows, columns) = (output.height / patch, output.width / patch);
        all.mask.extend((0..sizing.max_num_patches).map(|i| i32::from(i < rows * columns)));
        all.shapes.extend([rows as i64, columns as i64]);
    }
    all
}

/// Runs the cases as one batch and compares the outputs. The error describes the difference.
pub fn check(
    emulator: &Emulator,
    sizing: Sizing,
    element: Element,
    values: &[[f32; 256]; 3],
    cases: &[Case],
    length: usize,
) -> Result<(), String> {
    let planner = Planner::new(sizing, element, values, 64);
    let bytes: Vec<Vec<u8>> = cases.iter().map(Case::bytes).collect();
    let images: Vec<HostImage> = cases
        .iter()
        .zip(&bytes)
        .map(|(case, bytes)| HostImage { bytes, size: case.size, pitch: case.pitch(), offset: case.offset })
        .collect();
    let actual = emulator.run(&planner, &images, length).map_err(|error| error.to_string())?;
    let expected = expected(sizing, element, values, cases, length);
    if actual.mask != expected.mask || actual.shapes != expected.shapes {
        return Err("the mask or the shapes differ".into());
    }
    if actual.values.len() != expected.values.len() {
        return Err(format!("{} bytes instead of {}", actual.values.len(), expected.values.len()));
    }
    let size = element.size();
    let samples = actual.values.chunks_exact(size).zip(expected.values.chunks_exact(size));
    let differing: Vec<usize> =
        samples.enumerate().filter(|(_, (a, b))| a != b).map(|(index, _)| index).collect();
    match differing.first() {
        None => Ok(()),
        Some(&index) => {
            let part = length * sizing.patch_size.pow(2) * 3;
            Err(format!(
                "{} samples differ, the first is {} of image {} ({:?})",
                differing.len(),
                index % part,
                index / part,
                cases[index / part]
            ))
        }
    }
}

/// The folder of torch's NVRTC in the Python environment of the build. Without one, reports that `test` did not run.
pub fn libraries(test: &str) -> Option<PathBuf> {
    let found = || {
        let environment = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from).or_else(|| {
            let python = PathBuf::from(std::env::var_os("PYO3_PYTHON")?);
            Some(python.parent()?.parent()?.to_owned())
        })?;
        let pythons = std::fs::read_dir(environment.join("lib")).ok()?.flatten();
        pythons
            .map(|python| python.path().join("site-packages/nvidia/cu13/lib"))
            .find(|folder| folder.is_dir())
    };
    let found = found();
    if found.is_none() {
        not_run(test, "neither VIRTUAL_ENV nor PYO3_PYTHON leads to NVRTC (nvidia/cu13/lib)");
    }
    found
}

/// Reports that a test did not run. It writes to standard error directly, because the test runner hides the output of
/// passing tests.
pub fn not_run(test: &str, why: &str) {
    let _ = writeln!(io::stderr(), "{test} did not run: {why}");
}
