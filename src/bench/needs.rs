//! How much memory a batch needs, known before anything is allocated. Running out of memory ends the whole process where
//! Rust allocates, and under a control group the system kills it.

use std::sync::Arc;

use tch::Device;

use super::setup::Bench;
use crate::{
    processor::{Feed, Processor, ReferenceOutputs},
    workload::{DecodedImage, Workload},
};

/// Bytes of an f32.
const FLOAT: u64 = 4;
/// The channels of an image.
const CHANNELS: u64 = 3;

/// Bytes that every row of a batch size needs beyond what is held: copies of images, the reference's outputs with what
/// they are made of, and the buffer of the memory limit. `held` images of a smaller batch are in memory already.
pub(super) fn of_batch(bench: &Bench, workload: &Workload, held: usize, size: usize) -> u64 {
    let image = output_of_image(bench);
    // transformers makes each image's tensors and then stacks them, so both are in memory once.
    let outputs = 2 + u64::from(bench.device == Device::Cpu);
    let pixels = workload.copied_bytes(held, size);
    (size as u64).saturating_mul(image).saturating_mul(outputs).saturating_add(pixels)
}

/// Bytes of an image's `pixel_values`.
fn output_of_image(bench: &Bench) -> u64 {
    let settings = &bench.settings[0];
    (settings.max_num_patches as u64)
        .saturating_mul((settings.patch_size as u64).pow(2) * CHANNELS)
        .saturating_mul(FLOAT)
}

/// Bytes that a flow from files needs for a batch: the pixels, as Pillow keeps them, two sets of outputs, and those that they
/// are compared with.
pub(super) fn of_flow(bench: &Bench, images: &[Arc<DecodedImage>]) -> u64 {
    let pixels: u64 = images.iter().map(|image| image.rgb.len() as u64).sum();
    let outputs = output_of_image(bench).saturating_mul(images.len() as u64);
    (pixels / CHANNELS * 4).saturating_add(outputs.saturating_mul(3))
}

/// Bytes that a processor needs for a batch: its form of the images, and two sets of outputs (its own, and the images'
/// tensors that some stack into it) on the host.
pub(super) fn of_processor(
    processor: &dyn Processor,
    images: &[Arc<DecodedImage>],
    reference: &ReferenceOutputs,
) -> u64 {
    let pixels: u64 = images.iter().map(|image| image.rgb.len() as u64).sum();
    let fed = match processor.feed() {
        // Pillow keeps four bytes per pixel.
        Feed::Pil => pixels / CHANNELS * 4,
        // In another process, and in a file from which it is made.
        Feed::Elsewhere(_) => pixels + pixels / CHANNELS * 4,
        Feed::Chw => pixels,
        Feed::Hwc | Feed::Device(_) => 0,
    };
    let outputs = reference.of(processor.name()).pixel_values.numel() as u64 * FLOAT;
    fed.saturating_add(outputs.saturating_mul(2))
}
