//! Benchmarks one image at each level and layout, on one thread and with a reused output, and the making of a
//! plan.

use std::{hint::black_box, sync::Arc};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use patchmark_fused::{
    Filter, Layout, Level, Normalization, PixelView, Plan, Scratch, Size, Stores, process_image, target_size,
};

const PATCH: usize = 16;
const PATCHES: usize = 256;

fn levels(criterion: &mut Criterion) {
    let normalization = Normalization::affine([127.5; 3], [127.5; 3]);
    for (width, height) in [(1024, 768), (640, 480)] {
        let input = Size { height, width };
        let target = target_size(height, width, PATCH, PATCHES);
        let output = Size { height: target.0, width: target.1 };
        let mut group = criterion.benchmark_group(format!("{width}x{height}"));
        group.throughput(Throughput::Elements(1)).sample_size(30);
        for level in Level::ALL.into_iter().filter(|level| level.available()) {
            for (layout, bytes) in [(Layout::Rgb, 3), (Layout::Rgbx, 4), (Layout::Planar, 3)] {
                let pixels: Vec<u8> = (0..width * height * bytes).map(|at| (at * 31 % 251) as u8).collect();
                let view = PixelView::new(&pixels, layout, height, width).expect("the slice is long enough");
                let plan = Arc::new(
                    Plan::new(input, output, layout, Filter::Bilinear, level)
                        .expect("the level is available"),
                );
                let mut patches = vec![0.0; PATCHES * PATCH * PATCH * 3];
                let mut scratch = Scratch::new();
                group.bench_function(BenchmarkId::new(level.to_string(), format!("{layout:?}")), |bencher| {
                    bencher.iter(|| {
                        process_image(
                            black_box(&view),
                            &plan,
                            &normalization,
                            PATCH,
                            &mut patches,
                            Stores::Cached,
                            &mut scratch,
                        )
                    });
                });
            }
        }
    }
}

fn plans(criterion: &mut Criterion) {
    let (input, output) = (Size { height: 768, width: 1024 }, Size { height: 224, width: 288 });
    criterion.bench_function("plan 1024x768", |bencher| {
        bencher.iter(|| Plan::new(black_box(input), output, Layout::Rgb, Filter::Bilinear, Level::detect()));
    });
}

criterion_group!(benches, plans, levels);
criterion_main!(benches);
