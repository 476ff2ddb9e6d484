//! The size search, each processor at batch 1, 8 and 32, the native forward, and the harness itself.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use patchmark::{
    bench::{ForwardKind, build_forwards},
    measure::{Quiet, time},
    model::{Config, LoadedModel, Tower, Weights},
    processor::{self, FedBatch, NAMES, Parameters, StageClock},
    workload::{DecodedImage, ImageSource, Sizes, Workload},
};
use patchmark_fused::target_size;
use tch::{Device, Kind};

fn photographs(sizes: &str) -> Workload {
    let sizes: Sizes = sizes.parse().expect("a literal size");
    Workload::load_all(&ImageSource::BuiltIn, &sizes).expect("the built-in photographs decode").remove(0)
}

fn size_search(criterion: &mut Criterion) {
    criterion.bench_function("size search 1024x768", |bencher| {
        bencher.iter(|| target_size(black_box(768), black_box(1024), 16, 256));
    });
}

/// The time of an empty call: the harness's share of every measured time.
fn harness(criterion: &mut Criterion) {
    criterion.bench_function("harness", |bencher| {
        bencher.iter(|| time(Device::Cpu, || Ok(black_box(StageClock::disabled()))));
    });
}

/// Each processor, once what was benched before has left the CPU.
fn processors(criterion: &mut Criterion) {
    let quiet = Quiet::default();
    for sizes in ["1024x768", "640x480", "mixed"] {
        let workload = photographs(sizes);
        let mut group = criterion.benchmark_group(sizes);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1));
        for count in [1, 8, 32] {
            let images: Vec<Arc<DecodedImage>> = workload.batch(count).expect("the batch fits in memory");
            group.throughput(Throughput::Elements(count as u64));
            for name in NAMES {
                let processor = processor::create(name, &Parameters::default(), Device::Cpu, 1)
                    .expect("the default parameters are served");
                let fed = FedBatch::new(processor.feed(), &images).expect("the batch is fed");
                group.bench_function(BenchmarkId::new(name, count), |bencher| {
                    // Criterion calls this once per sample.
                    quiet.before(name);
                    bencher.iter_with_large_drop(|| {
                        processor
                            .process(&fed, &mut StageClock::disabled())
                            .expect("photographs are processed")
                    });
                });
            }
        }
    }
    quiet.notes().iter().for_each(|note| eprintln!("{note}"));
}

fn forward(criterion: &mut Criterion) {
    let quiet = Quiet::default();
    let config = Config::tiny();
    let weights = Weights::random(&config, 0, Device::Cpu, Kind::Float).expect("tiny weights");
    let model = LoadedModel { config, weights, random: true, folder: None };
    let forwards = build_forwards(&[ForwardKind::Native], &model, Tower::Vision, Device::Cpu)
        .expect("the weights fit their own config");
    let batched = processor::create("batched", &Parameters::default(), Device::Cpu, 1).expect("defaults");
    let mut group = criterion.benchmark_group("native forward, random-tiny, vision");
    group.sample_size(20).measurement_time(Duration::from_secs(2));
    for count in [1, 8] {
        let batch = FedBatch::new(
            batched.feed(),
            &photographs("mixed").batch(count).expect("the batch fits in memory"),
        )
        .expect("the batch is fed");
        let inputs = batched.process(&batch, &mut StageClock::disabled()).expect("photographs are processed");
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            quiet.before("the forward");
            bencher.iter(|| forwards[0].forward(&inputs, None).expect("the forward runs"));
        });
    }
}

fn one_thread(criterion: &mut Criterion) {
    tch::set_num_threads(1);
    size_search(criterion);
    harness(criterion);
    forward(criterion);
    processors(criterion);
}

criterion_group!(benches, one_thread);
criterion_main!(benches);
