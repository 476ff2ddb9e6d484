//! All of patchmark's own processors give transformers' bits, whatever the parameters.

use std::sync::Arc;

use patchmark::{
    parity,
    processor::{self, FedBatch, NAMES, Parameters, REFERENCE, Resample, StageClock, must_equal_reference},
    workload::{DecodedImage, ImageSource, Sizes, Workload, generated},
};
use tch::Device;

/// The processors that must equal the reference.
fn candidates() -> Vec<&'static str> {
    NAMES.into_iter().filter(|name| *name != REFERENCE && must_equal_reference(name)).collect()
}

#[track_caller]
fn assert_exact(parameters: &Parameters, images: &[Arc<DecodedImage>]) {
    let run = |name| {
        let processor = processor::create(name, parameters, Device::Cpu, 2).unwrap();
        processor
            .process(&FedBatch::new(processor.feed(), images).unwrap(), &mut StageClock::disabled())
            .unwrap_or_else(|error| panic!("{name} with {parameters:?}: {error:#}"))
    };
    let expected = run(REFERENCE);
    for name in candidates() {
        let found = parity::compare(&expected, &run(name)).unwrap();
        assert!(found.is_exact(), "{name} with {parameters:?}: {} differ, {}", found.differing, found.detail);
    }
}

fn photographs() -> Vec<Arc<DecodedImage>> {
    let workloads = Workload::load_all(&ImageSource::BuiltIn, &Sizes::mixed()).unwrap();
    workloads.into_iter().flat_map(|workload| workload.images).collect()
}

#[test]
fn photographs_of_mixed_sizes_in_one_batch() {
    assert_exact(&Parameters::default(), &photographs());
}

#[test]
fn repeated_sizes_keep_their_order_among_others() {
    // The images of a group are spread over the batch, so if the order is not restored, rows are in the wrong place.
    let spec = |index: usize| Arc::new(generated(5)[index * 7 % 100].render());
    let images: Vec<_> = [0, 1, 0, 2, 1, 3, 0].into_iter().map(spec).collect();
    assert_exact(&Parameters::default(), &images);
}

#[test]
fn the_generated_corpus_at_every_limit() {
    let specs = generated(0);
    assert!(specs.len() >= 300);
    let asked = parity::Check {
        make: &|parameters| {
            let make = |name: &&str| processor::create_or_explain(name, parameters, Device::Cpu, 2);
            candidates().iter().map(make).collect()
        },
        parameters: &Parameters::default(),
        limits: &[64, 256, 576, 1024],
        device: Device::Cpu,
        threads: 2,
        count: specs.len(),
    };
    let result = parity::check(&asked, |index| Ok(Arc::new(specs[index].render())), |_| true).unwrap();
    assert_eq!(result.rows.len(), 4 * candidates().len());
    for row in result.rows {
        assert_eq!(row.images, specs.len());
        assert_eq!(row.differing, 0, "{} at {}: {}", row.processor, row.max_num_patches, row.detail);
    }
}

#[test]
fn every_parameter_changes_what_the_reference_changes() {
    let images = photographs();
    let images = &images[..4];
    let base = Parameters::default();
    for parameters in [
        Parameters { patch_size: 14, max_num_patches: 100, ..base.clone() },
        Parameters { patch_size: 7, max_num_patches: 1, ..base.clone() },
        Parameters { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225], ..base.clone() },
        Parameters { rescale_factor: 1.0 / 127.5, ..base.clone() },
        Parameters { rescale_factor: 0.003, image_mean: [0.1, 0.7, 0.3], ..base.clone() },
        Parameters { resample: Resample::Bicubic, ..base.clone() },
        Parameters { do_rescale: false, ..base.clone() },
        Parameters { do_normalize: false, ..base.clone() },
        Parameters { do_rescale: false, do_normalize: false, ..base.clone() },
    ] {
        assert_exact(&parameters, images);
    }
}

#[test]
fn without_resize_images_keep_their_size() {
    let image = |width: usize, height: usize| {
        let rgb = (0..width * height * 3).map(|at| (at * 31 % 251) as u8).collect();
        Arc::new(DecodedImage::new("image", width, height, rgb).unwrap())
    };
    let parameters = Parameters { do_resize: false, max_num_patches: 64, ..Parameters::default() };
    assert_exact(&parameters, &[image(64, 32), image(16, 160), image(128, 128)]);
    // The reference returns more patches than the limit if all images have the same number of them.
    assert_exact(&parameters, &[image(160, 160), image(320, 80)]);

    for (images, named) in [
        (vec![image(65, 32)], "multiples of 16"),
        (vec![image(160, 160), image(64, 32)], "cannot be stacked"),
        (Vec::new(), "empty"),
    ] {
        for name in candidates().into_iter().filter(|name| !name.starts_with("hf")) {
            let processor = processor::create(name, &parameters, Device::Cpu, 2).unwrap();
            let batch = FedBatch::new(processor.feed(), &images).unwrap();
            let error = processor.process(&batch, &mut StageClock::disabled()).unwrap_err();
            assert!(error.to_string().contains(named), "{name}: {error:#}");
        }
    }
}

#[test]
fn stages_add_up_and_change_no_value() {
    let images = photographs();
    for name in NAMES {
        let processor = processor::create(name, &Parameters::default(), Device::Cpu, 2).unwrap();
        let batch = FedBatch::new(processor.feed(), &images).unwrap();
        let plain = processor.process(&batch, &mut StageClock::disabled()).unwrap();
        let mut clock = StageClock::started(Device::Cpu);
        let staged = processor.process(&batch, &mut clock).unwrap();
        assert!(parity::compare(&plain, &staged).unwrap().is_exact(), "{name}");
        assert!(clock.spent_s().len() >= 3, "{name} booked {:?}", clock.spent_s());
        assert!(clock.spent_s().values().all(|&seconds| seconds >= 0.0), "{name}");
    }
}
