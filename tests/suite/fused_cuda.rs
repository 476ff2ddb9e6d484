//! `fused-cuda`: its kernel run on the host against transformers' class over the corpus, and itself on a GPU where
//! there is one. (`crates/fused-cuda` has tests of its own against the one pass.)

use std::sync::Arc;

use patchmark::{
    parity,
    processor::{self, FedBatch, Parameters, Processor, REFERENCE, StageClock},
    workload::{DecodedImage, ImageSource, Sizes, Workload, generated},
};
use patchmark_fused::{Filter, Normalization, Size, Sizing};
use patchmark_fused_cuda::{
    Element, Planner, Program,
    emulator::{Emulator, HostImage},
};
use tch::{Cuda, Device, Kind, Tensor};

use crate::support::refuses;

/// Photographs and the generated corpus.
fn corpus() -> Vec<Arc<DecodedImage>> {
    let photographs = Workload::load_all(&ImageSource::BuiltIn, &Sizes::Mixed).unwrap();
    let mut images: Vec<_> = photographs.into_iter().flat_map(|workload| workload.images).collect();
    images.extend(generated(0).iter().map(|spec| Arc::new(spec.render())));
    images
}

fn run(processor: &dyn Processor, images: &[Arc<DecodedImage>]) -> patchmark::inputs::ModelInputs {
    let fed = FedBatch::new(processor.feed(), images).unwrap();
    processor.process(&fed, &mut StageClock::disabled()).unwrap()
}

#[test]
fn the_kernel_on_the_host_gives_transformers_bits_over_the_corpus() {
    let emulator = Emulator::new(&[]).unwrap();
    let values = *Normalization::affine([127.5; 3], [127.5; 3]).tables();
    let images = corpus();
    assert!(images.len() > 300);
    let limit = 256;
    let reference = processor::create(REFERENCE, &Parameters::default(), Device::Cpu, 1).unwrap();
    let sizing = Sizing { patch_size: 16, max_num_patches: limit, resize: true, filter: Filter::Bilinear };
    let planner = Planner::new(sizing, Element::F32, &values, 64);
    for images in images.chunks(24) {
        let right = run(reference.as_ref(), images);
        let host: Vec<HostImage> = images
            .iter()
            .map(|image| HostImage {
                bytes: &image.rgb,
                size: Size { height: image.height, width: image.width },
                pitch: image.width * 3,
                offset: 0,
            })
            .collect();
        let given = emulator.run(&planner, &host, limit).unwrap();
        let count = images.len() as i64;
        let values =
            Tensor::f_from_data_size(&given.values, &[count, limit as i64, 768], Kind::Float).unwrap();
        let given = patchmark::inputs::ModelInputs {
            pixel_values: values,
            pixel_attention_mask: Tensor::from_slice(&given.mask).view([count, limit as i64]),
            spatial_shapes: Tensor::from_slice(&given.shapes).view([count, 2]),
        };
        let found = parity::compare(&right, &given).unwrap();
        assert!(found.is_exact(), "{} differ, {}", found.differing, found.detail);
    }
}

#[test]
fn on_a_gpu_it_gives_the_bits_of_the_reference_on_a_cpu() {
    if !Cuda::is_available() {
        println!("not run: no GPU; the kernel was compared on the host only");
        return;
    }
    let images = corpus();
    for limit in [64, 256, 576, 1024] {
        let parameters = Parameters { max_num_patches: limit, ..Parameters::default() };
        let reference = processor::create(REFERENCE, &parameters, Device::Cpu, 1).unwrap();
        let candidate = processor::create("fused-cuda", &parameters, Device::Cuda(0), 2).unwrap();
        for images in images.chunks(24) {
            let given = run(candidate.as_ref(), images);
            assert!(given.named().iter().all(|(_, tensor)| tensor.device() == Device::Cuda(0)));
            let found = parity::compare(&run(reference.as_ref(), images), &given).unwrap();
            assert!(found.is_exact(), "at {limit} patches {} differ, {}", found.differing, found.detail);
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
