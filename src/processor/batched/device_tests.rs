//! Compares the GPU's operators, run on CPU tensors, with transformers' class on torchvision's floating-point path.

use pyo3::{prelude::*, types::PyModule};

use super::*;
use crate::{
    parity,
    processor::{Backend, FedBatch, Feed, Processor, Resample, transformers},
    workload::generated,
};

/// Makes a processor take torchvision's path on a GPU, which has no uint8 resize: it resizes in f32 and rounds.
const FLOAT_PATH: &std::ffi::CStr = c"
import torch

def on_float_path(processor):
    resize = processor.resize

    def in_float(image, size, resample=None, **keywords):
        resized = resize(image.to(torch.float32), size, resample=resample, **keywords)
        if resample == 3:
            resized = resized.clamp(min=0, max=255)
        return resized.round().to(torch.uint8)

    processor.resize = in_float
    return processor
";

/// What transformers' class returns on that path.
fn expected(parameters: &Parameters, images: &[Arc<DecodedImage>]) -> ModelInputs {
    let instance = transformers::processor(Backend::Torchvision, parameters).unwrap();
    let instance = Python::attach(|py| {
        let module = PyModule::from_code(py, FLOAT_PATH, c"float_path.py", c"float_path").unwrap();
        module.getattr("on_float_path").unwrap().call1((instance,)).unwrap().unbind()
    });
    let batch = FedBatch::new(Feed::Chw, images).unwrap();
    transformers::process_chw(&instance, batch.chw().unwrap(), None, false).unwrap().inputs
}

#[track_caller]
fn assert_exact(parameters: &Parameters, images: &[Arc<DecodedImage>], chunk_bytes: usize) {
    let _no_grad = tch::no_grad_guard();
    let mut batched = OnDevice::new(parameters, Device::Cpu, 2).unwrap();
    batched.chunk_bytes = chunk_bytes;
    let groups = Groups::of(images, parameters).unwrap();
    let actual = batched.process(images, &groups, &mut StageClock::disabled()).unwrap();
    let found = parity::compare(&expected(parameters, images), &actual).unwrap();
    assert!(found.is_exact(), "{parameters:?}: {} differ, {}", found.differing, found.detail);
}

/// Images of several sizes, some next to images of the same size and some not.
fn images() -> Vec<Arc<DecodedImage>> {
    let image = |index: usize| Arc::new(generated(5)[index * 7 % 100].render());
    [0, 0, 1, 0, 2, 1, 1, 3, 0].into_iter().map(image).collect()
}

#[test]
fn mixed_sizes_have_the_bits_of_the_floating_point_path() {
    for chunk_bytes in [CHUNK_BYTES, 1] {
        assert_exact(&Parameters::default(), &images(), chunk_bytes);
    }
}

#[test]
fn the_floating_point_path_is_another_than_the_integer_one() {
    // Otherwise the tests above could not tell the two paths apart.
    let parameters = Parameters::default();
    let host = super::super::Batched::new(&parameters, Device::Cpu, 1).unwrap();
    let batch = FedBatch::new(Feed::Hwc, &images()).unwrap();
    let integers = host.process(&batch, &mut StageClock::disabled()).unwrap();
    let found = parity::compare(&expected(&parameters, &images()), &integers).unwrap();
    assert!(found.differing > 0 && found.worst < 2.1 / 255.0, "{found:?}");
}

#[test]
fn every_parameter_counts() {
    let base = Parameters::default();
    for parameters in [
        Parameters { patch_size: 14, max_num_patches: 100, ..base.clone() },
        Parameters { resample: Resample::Bicubic, ..base.clone() },
        Parameters { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225], ..base.clone() },
        Parameters { do_normalize: false, ..base.clone() },
        Parameters { do_rescale: false, do_normalize: false, ..base.clone() },
    ] {
        assert_exact(&parameters, &images(), CHUNK_BYTES);
    }
}

#[test]
fn an_image_of_the_right_size_is_not_resized() {
    let rgb = (0..256 * 256 * 3).map(|at| (at * 31 % 251) as u8).collect();
    let image = Arc::new(DecodedImage::new("right", 256, 256, rgb).unwrap());
    assert_exact(&Parameters::default(), &[image.clone(), image], CHUNK_BYTES);
}
