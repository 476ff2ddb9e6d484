//! Compares `fused-cuda` with transformers' class over the corpus: its kernel emulated on the host, and the processor
//! itself if there is a GPU. (`crates/fused-cuda` has its own tests, against the single pass on the CPU.)

use std::sync::Arc;

use patchmark::{
    inputs::ModelInputs,
    parity,
    processor::{self, FedBatch, GPU_NAMES, Parameters, Processor, REFERENCE, StageClock},
    workload::{DecodedImage, ImageSource, Sizes, Workload, generated},
};
use patchmark_fused::{Filter, Normalization, Size, Sizing};
use patchmark_fused_cuda::{
    Element, Planner, Program,
    emulator::{Emulator, HostImage},
};
use tch::{Cuda, Device, Kind, Tensor};

use crate::support::{gpu, refuses};

/// The photographs and the generated corpus.
fn corpus() -> Vec<Arc<DecodedImage>> {
    let photographs = Workload::load_all(&ImageSource::BuiltIn, &Sizes::mixed()).unwrap();
    let mut images: Vec<_> = photographs.into_iter().flat_map(|workload| workload.images).collect();
    images.extend(generated(0).iter().map(|spec| Arc::new(spec.render())));
    images
}

/// NaFlex's limit.
const LIMIT: usize = 256;

fn run(processor: &dyn Processor, images: &[Arc<DecodedImage>]) -> ModelInputs {
    let fed = FedBatch::new(processor.feed(), images).unwrap();
    processor.process(&fed, &mut StageClock::disabled()).unwrap()
}

/// The kernel's outputs for a batch, at NaFlex's parameters.
fn emulate(emulator: &Emulator, element: Element, images: &[Arc<DecodedImage>]) -> ModelInputs {
    let values = *Normalization::affine([127.5; 3], [127.5; 3]).tables();
    let sizing = Sizing { patch_size: 16, max_num_patches: LIMIT, resize: true, filter: Filter::Bilinear };
    let host: Vec<HostImage> = images
        .iter()
        .map(|image| HostImage {
            bytes: &image.rgb,
            size: Size { height: image.height, width: image.width },
            pitch: image.width * 3,
            offset: 0,
        })
        .collect();
    let actual = emulator.run(&Planner::new(sizing, element, &values, 64), &host, LIMIT).unwrap();
    let (count, limit) = (images.len() as i64, LIMIT as i64);
    let kind = match element {
        Element::F32 => Kind::Float,
        Element::Bf16 => Kind::BFloat16,
        Element::F16 => Kind::Half,
        Element::U8 => Kind::Uint8,
    };
    ModelInputs {
        pixel_values: Tensor::f_from_data_size(&actual.values, &[count, limit, 768], kind).unwrap(),
        pixel_attention_mask: Tensor::from_slice(&actual.mask).view([count, limit]),
        spatial_shapes: Tensor::from_slice(&actual.shapes).view([count, 2]),
        host_shapes: None,
    }
}

#[test]
fn the_kernel_on_the_host_gives_transformers_bits_over_the_corpus() {
    let emulator = Emulator::new(&[]).unwrap();
    let images = corpus();
    assert!(images.len() > 300);
    let reference = processor::create(REFERENCE, &Parameters::default(), Device::Cpu, 1).unwrap();
    for images in images.chunks(24) {
        let actual = emulate(&emulator, Element::F32, images);
        let found = parity::compare(&run(reference.as_ref(), images), &actual).unwrap();
        assert!(found.is_exact(), "{} differ, {}", found.differing, found.detail);
    }
}

#[test]
fn shorter_samples_are_rounded_as_torch_rounds() {
    let emulator = Emulator::new(&[]).unwrap();
    let images = &corpus()[..8];
    let reference = processor::create(REFERENCE, &Parameters::default(), Device::Cpu, 1).unwrap();
    for (element, kind) in [(Element::Bf16, Kind::BFloat16), (Element::F16, Kind::Half)] {
        let expected = run(reference.as_ref(), images);
        let expected = ModelInputs { pixel_values: expected.pixel_values.to_kind(kind), ..expected };
        let found = parity::compare(&expected, &emulate(&emulator, element, images)).unwrap();
        assert!(found.is_exact(), "{element:?}: {} differ, {}", found.differing, found.detail);
    }
}

#[test]
fn on_a_gpu_it_gives_the_bits_of_the_reference_on_a_cpu() {
    let Some(device) = gpu("fused_cuda::on_a_gpu_it_gives_the_bits_of_the_reference_on_a_cpu") else {
        return;
    };
    let images = corpus();
    for limit in [64, 256, 576, 1024] {
        let parameters = Parameters { max_num_patches: limit, ..Parameters::default() };
        let reference = processor::create(REFERENCE, &parameters, Device::Cpu, 1).unwrap();
        for name in GPU_NAMES {
            let candidate = processor::create(name, &parameters, device, 2).unwrap();
            for images in images.chunks(24) {
                let actual = run(candidate.as_ref(), images);
                assert!(actual.named().iter().all(|(_, tensor)| tensor.device() == device));
                let found = parity::compare(&run(reference.as_ref(), images), &actual).unwrap();
                let (differing, detail) = (found.differing, &found.detail);
                assert!(found.is_exact(), "{name} at {limit} patches: {differing} differ, {detail}");
            }
        }
    }
}

#[test]
fn a_cpu_refuses_it_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["bench", "--processors", "hf,fused-cuda"][..],
        &["compare", "fused", "fused-cuda"],
        &["parity", "--processors", "fused-cuda"],
        &["validate", "fused-cuda"],
    ] {
        refuses(folder.path(), arguments, "fused-cuda");
    }
    refuses(folder.path(), &["bench", "--processors", "fused-cuda", "--device", "cpu"], "--device");
    if !Cuda::is_available() {
        refuses(
            folder.path(),
            &["bench", "--processors", "fused-cuda", "--device", "cuda:0"],
            "--device cuda:0",
        );
        refuses(folder.path(), &["kernel-bench"], "no CUDA device");
    }
}

#[test]
fn the_compiler_that_torch_brings_works_in_this_process() {
    let libraries = patchmark::python::kernel::libraries().unwrap();
    let compiled = Program::new((9, 0), 16, Element::F32).compile(&libraries).unwrap();
    assert!(compiled.code.starts_with(b"\x7fELF"), "{}", compiled.log);
}
