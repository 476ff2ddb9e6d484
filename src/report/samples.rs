//! Runs for the tests of this module.

use std::collections::BTreeMap;

use super::schema::*;

/// Three samples round `median`.
pub fn samples(median: f64) -> Samples {
    Samples { samples: vec![median * 0.95, median, median * 1.06], estimate: estimate(median) }
}

/// A median with an interval of a few percent.
pub fn estimate(median: f64) -> Estimate {
    Estimate { median, low: median * 0.95, high: median * 1.06 }
}

/// A row that took `ms` a batch of `size`, against a forward of `forward` ms.
pub fn row(name: &str, size: usize, ms: f64, forward: f64) -> ProcessorRow {
    let by_forward = |value: f64| BTreeMap::from([("native".to_owned(), estimate(value))]);
    let reference = name == "hf";
    ProcessorRow {
        name: name.to_owned(),
        feed: if reference { "PIL" } else { "CHW" }.to_owned(),
        preprocess_ms: samples(ms),
        ratio: by_forward(ms / forward),
        images_per_s: by_forward(size as f64 * 1000.0 / (ms + forward)),
        pipelined_images_per_s: BTreeMap::new(),
        memory_limit_share: None,
        speedup_over_hf: Some(estimate(if reference { 1.0 } else { 3.2 })),
        stages_ms: BTreeMap::from([("resize".to_owned(), ms * 0.6), ("patchify".to_owned(), ms * 0.3)]),
        parity: if reference { ParityStatus::Reference } else { ParityStatus::Exact },
        failure: None,
    }
}

/// A run of `names` at `sizes`, on a CPU.
pub fn run(names: &[&str], sizes: &[usize]) -> Run {
    let batch = |&size: &usize| {
        let forward = 340.0 * size as f64;
        let rows = names.iter().enumerate();
        Batch {
            batch_size: size,
            decode_ms: samples(4.0 * size as f64),
            tokenize_ms: None,
            memory_limit_ms: None,
            forwards: vec![ForwardRow {
                name: "native".to_owned(),
                forward_ms: samples(forward),
                launch_ms: samples(forward * 0.999),
                back_to_back_images_per_s: None,
            }],
            processors: rows
                .map(|(i, name)| row(name, size, 24.0 * size as f64 / (i + 1) as f64, forward))
                .collect(),
        }
    };
    let versions = [("torch", "2.9.0"), ("transformers", "4.57.1"), ("torchvision", "0.24.0")];
    Run {
        schema_version: SCHEMA_VERSION,
        started_unix_s: 1_760_000_000,
        elapsed_s: 61.5,
        partial: false,
        notes: vec!["The decode is beside, never inside, preprocess.".to_owned()],
        environment: Environment {
            cpu: "AMD EPYC 9R14".to_owned(),
            cpu_capability: "AVX512".to_owned(),
            fused_level: "avx512".to_owned(),
            logical_cpus: 16,
            memory_bytes: 64 << 30,
            os: "Linux 6.1".to_owned(),
            gpus: Vec::new(),
            versions: versions.map(|(name, version)| (name.to_owned(), version.to_owned())).into(),
            commit: "0123abc+changes".to_owned(),
            command: "patchmark bench --processors hf,fused".to_owned(),
        },
        settings: Settings {
            device: "cpu".to_owned(),
            dtype: "f32".to_owned(),
            tower: "vision".to_owned(),
            model: "random-base".to_owned(),
            random_weights: true,
            workload: "12 photographs, mixed sizes".to_owned(),
            threads: 8,
            max_num_patches: 256,
            patch_size: 16,
            pipelined_decodes: false,
            ..Settings::default()
        },
        gpu: None,
        batches: sizes.iter().map(batch).collect(),
    }
}
