//! A `preprocessor_config.json`, and a small image processed under it.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use patchmark::{
    processor::{FedBatch, Parameters, StageClock, create},
    workload::DecodedImage,
};
use patchmark_fuzz::{mutate_json, scratch};
use tch::Device;

/// The most bytes of an output that is really made.
const BYTES: usize = 8 << 20;

fuzz_target!(|data: &[u8]| {
    let Ok(parameters) = Parameters::read(&scratch::file("preprocessor_config.json", data)) else { return };
    if parameters.max_num_patches * parameters.patch_size.pow(2) * 12 > BYTES {
        return;
    }
    let image = DecodedImage::new("image", 24, 16, vec![99; 24 * 16 * 3]).expect("an image has its pixels");
    let images = [Arc::new(image)];
    // Both may refuse, for example a size that is no multiple of the patch size; neither may panic.
    for name in ["naive", "fused"] {
        let Ok(processor) = create(name, &parameters, Device::Cpu, 1) else { continue };
        let Ok(batch) = FedBatch::new(processor.feed(), &images) else { continue };
        let _ = processor.process(&batch, &mut StageClock::disabled());
    }
});
mutate_json!();
