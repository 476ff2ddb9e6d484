//! Tests that need a GPU. Without one, each test reports that it did not run.

use std::sync::Arc;

use patchmark::{
    bench::{ForwardKind, build_forwards},
    inputs::ModelInputs,
    measure::time,
    model::{Config, LoadedModel, Tower, Weights, seeded_ids},
    parity,
    processor::{self, Parameters, Resample},
    python::cuda,
    workload::generated,
};
use tch::{Kind, Tensor};

use crate::support::gpu;

#[test]
fn every_processor_has_the_bits_of_the_reference_where_it_computes() {
    let Some(device) = gpu("gpu::every_processor_has_the_bits_of_the_reference_where_it_computes") else {
        return;
    };
    let specs = generated(0);
    for parameters in
        [Parameters::default(), Parameters { resample: Resample::Bicubic, ..Parameters::default() }]
    {
        let names: Vec<_> = processor::NAMES
            .into_iter()
            .chain(processor::GPU_NAMES)
            .filter(|name| processor::must_equal_reference(name))
            .collect();
        let asked = parity::Check {
            make: &|parameters| {
                let make = |name: &&str| processor::create_or_explain(name, parameters, device, 2);
                names.iter().map(make).collect()
            },
            parameters: &parameters,
            limits: &[64, 256],
            device,
            threads: 2,
            count: specs.len(),
        };
        let found = parity::check(&asked, |index| Ok(Arc::new(specs[index].render())), |_| true).unwrap();
        for row in found.rows {
            assert_eq!(row.differing, 0, "{} at {}: {}", row.processor, row.max_num_patches, row.detail);
        }
    }
}

#[test]
fn the_devices_clock_runs_within_the_hosts() {
    let Some(device) = gpu("gpu::the_devices_clock_runs_within_the_hosts") else { return };
    let ones = Tensor::ones([4096, 4096], (Kind::Float, device));
    let timed = time(device, || Ok(ones.f_matmul(&ones)?)).unwrap();
    let on_device = timed.device_ms.unwrap();
    assert!(
        on_device > 0.0 && on_device <= timed.synchronized_ms && timed.launch_ms <= timed.synchronized_ms
    );
}

#[test]
fn page_locked_memory_is_page_locked() {
    let Some(device) = gpu("gpu::page_locked_memory_is_page_locked") else { return };
    let pinned = cuda::pinned(1 << 20).unwrap();
    assert!(pinned.f_is_pinned(device).unwrap());
}

#[test]
fn a_replayed_graph_gives_what_the_forward_gives() {
    let Some(device) = gpu("gpu::a_replayed_graph_gives_what_the_forward_gives") else { return };
    let config = Config::tiny();
    let weights = Weights::random(&config, 7, device, Kind::BFloat16).unwrap();
    let model = LoadedModel { config, weights, random: true, folder: None };
    let kinds = [ForwardKind::Native, ForwardKind::NativeGraph];
    let forwards = build_forwards(&kinds, &model, Tower::Full, device).unwrap();
    for (seed, grids) in [(0, [[3, 5], [5, 3]]), (1, [[2, 2], [4, 4]]), (0, [[3, 5], [5, 3]])] {
        let pixels = (Tensor::arange(2 * 16 * 768, (Kind::Float, device)) * 0.37 + seed).sin();
        let inputs = ModelInputs {
            pixel_values: pixels.reshape([2, 16, 768]),
            pixel_attention_mask: Tensor::ones([2, 16], (Kind::Int, device)),
            spatial_shapes: Tensor::from_slice(grids.as_flattened()).reshape([2, 2]).to_device(device),
            host_shapes: None,
        };
        let text = seeded_ids(2, &model.config.text, seed as u64).unwrap().to_device(device).unwrap();
        let [plain, replayed] =
            [0, 1].map(|which: usize| forwards[which].forward(&inputs, Some(&text)).unwrap());
        assert_eq!(plain.image_embeds, replayed.image_embeds);
        assert_eq!(plain.logits_per_image, replayed.logits_per_image);
    }
}
