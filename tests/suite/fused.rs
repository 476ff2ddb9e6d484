//! Compares the fused processor with torch's kernel and transformers' class, at every instruction level of this
//! machine. (`crates/fused` has its own tests, against a slow implementation and with guarded memory.)

use std::sync::{Arc, LazyLock};

use patchmark::{
    parity::{self, bits},
    processor::{self, FedBatch, Feed, Fused, Parameters, Processor, REFERENCE, Resample, StageClock},
    workload::{DecodedImage, generated},
};
use patchmark_fused::{
    Filter, Job, Layout, Level, Normalization, PixelView, Plan, Size, Workspace, process_batch,
};
use proptest::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tch::{Device, Tensor};

fn levels() -> Vec<Level> {
    Level::ALL.into_iter().filter(|level| level.available()).collect()
}

fn run(processor: &dyn Processor, images: &[Arc<DecodedImage>]) -> patchmark::inputs::ModelInputs {
    let fed = FedBatch::new(processor.feed(), images).unwrap();
    processor.process(&fed, &mut StageClock::disabled()).unwrap()
}

#[test]
fn every_level_layout_and_thread_count_gives_transformers_bits_over_the_corpus() {
    let images: Vec<_> = generated(0).iter().map(|spec| Arc::new(spec.render())).collect();
    assert!(images.len() >= 300 && levels().contains(&Level::Portable));
    for limit in [64, 256, 576, 1024] {
        let parameters = Parameters { max_num_patches: limit, ..Parameters::default() };
        let reference = processor::create(REFERENCE, &parameters, Device::Cpu, 1).unwrap();
        let mut candidates = Vec::new();
        for level in levels() {
            // All at NaFlex's limit; two elsewhere, which still have every level and thread count.
            let all = [(Feed::Hwc, 1), (Feed::Chw, 3), (Feed::Chw, 1), (Feed::Pil, 1), (Feed::Hwc, 3)];
            for &(feed, threads) in &all[..if limit == 256 { 5 } else { 2 }] {
                let fused = Fused::at_level("fused", feed, &parameters, Device::Cpu, threads, level).unwrap();
                candidates.push((format!("{level}, {feed}, {threads} threads"), fused));
            }
        }
        for images in images.chunks(24) {
            let expected = run(reference.as_ref(), images);
            for (label, fused) in &candidates {
                let actual = run(fused, images);
                let equal = expected
                    .named()
                    .iter()
                    .zip(actual.named())
                    .all(|((_, expected), (_, actual))| bits::equal(expected, actual).unwrap());
                if !equal {
                    let found = parity::compare(&expected, &actual).unwrap();
                    panic!("{label} at {limit} patches: {} differ, {}", found.differing, found.detail);
                }
            }
        }
    }
}

#[test]
fn an_unknown_or_missing_level_is_refused() {
    let error = "sse9".parse::<Level>().unwrap_err().to_string();
    assert!(error.contains("sse9") && error.contains("portable"), "{error}");
}

static POOL: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPoolBuilder::new().num_threads(3).build().unwrap());

/// The number of cases of the property test: 500, or what `make test-long` sets.
fn cases() -> u32 {
    std::env::var("PATCHMARK_CASES").map_or(500, |cases| cases.parse().expect("PATCHMARK_CASES is a number"))
}

/// A random case: an image, its layout in memory, and how it is processed.
#[derive(Debug, Clone)]
struct Case {
    size: Size,
    patch: usize,
    limit: usize,
    layout: Layout,
    level: Level,
    gap: usize,
    resample: Resample,
    content: u8,
    seed: u64,
    threads: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let side = || prop_oneof![6 => 1usize..300, 2 => 1usize..24, 1 => 300usize..2000];
    let patch = prop_oneof![4 => Just(16usize), 1 => Just(14), 1 => Just(32), 2 => 1usize..24];
    let limit = prop_oneof![1 => 1usize..64, 2 => Just(256usize), 1 => 1usize..1025];
    let layout = prop_oneof![Just(Layout::Rgb), Just(Layout::Rgbx), Just(Layout::Planar)];
    let gap = prop_oneof![1 => Just(0usize), 1 => 0usize..70];
    let resample = prop_oneof![3 => Just(Resample::Bilinear), 1 => Just(Resample::Bicubic)];
    let level = prop::sample::select(levels());
    (side(), side(), patch, limit, layout, level, gap, resample, 0u8..4, any::<u64>(), any::<bool>())
        .prop_map(|(height, width, patch, limit, layout, level, gap, resample, content, seed, threads)| {
            let size = Size { height, width };
            Case { size, patch, limit, layout, level, gap, resample, content, seed, threads }
        })
}

impl Case {
    fn image(&self) -> Arc<DecodedImage> {
        let Size { height, width } = self.size;
        let mut state = self.seed | 1;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        };
        let rgb = (0..height * width * 3)
            .map(|at| match self.content {
                0 => random(),
                1 => {
                    if random() < 128 {
                        0
                    } else {
                        255
                    }
                }
                2 => (at / 3 % width * 255 / width) as u8,
                _ => self.seed as u8,
            })
            .collect();
        Arc::new(DecodedImage::new("drawn", width, height, rgb).unwrap())
    }

    /// The image in the layout of the case, with arbitrary bytes between its rows: the bytes, the row stride and the
    /// plane stride.
    fn stored(&self, rgb: &[u8]) -> (Vec<u8>, usize, usize) {
        let Size { height, width } = self.size;
        let (pitch, planes) = match self.layout {
            Layout::Rgb => (3, 1),
            Layout::Rgbx => (4, 1),
            Layout::Planar => (1, 3),
        };
        let row = width * pitch + self.gap;
        let plane = row * height + self.gap;
        let length = (planes - 1) * plane + (height - 1) * row + width * pitch;
        let mut bytes: Vec<u8> = (0..length).map(|at| (at * 7 + 13) as u8).collect();
        for (at, &value) in rgb.iter().enumerate() {
            let (y, x, channel) = (at / 3 / width, at / 3 % width, at % 3);
            bytes[if self.layout == Layout::Planar {
                channel * plane + y * row + x
            } else {
                y * row + x * pitch + channel
            }] = value;
        }
        (bytes, row, plane)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_drawn_has_the_bits_of_torchs_kernel(case in case()) {
        let Size { height, width } = case.size;
        let target = patchmark_fused::target_size(height, width, case.patch, case.limit);
        // What becomes one pixel is refused by torch's own kernel, and so by transformers.
        prop_assume!(target != (1, 1));
        let image = case.image();
        let parameters = Parameters {
            patch_size: case.patch,
            max_num_patches: case.limit,
            resample: case.resample,
            ..Parameters::default()
        };
        let naive = processor::create("naive", &parameters, Device::Cpu, 1).unwrap();
        let expected = run(naive.as_ref(), &[Arc::clone(&image)]).pixel_values;

        let (bytes, row_stride, plane_stride) = case.stored(&image.rgb);
        let view = PixelView::strided(&bytes, case.layout, height, width, row_stride, plane_stride).unwrap();
        let target = Size { height: target.0, width: target.1 };
        let filter = match case.resample {
            Resample::Bilinear => Filter::Bilinear,
            Resample::Bicubic => Filter::Bicubic,
        };
        let plan = Arc::new(Plan::new(case.size, target, case.layout, filter, case.level).unwrap());
        let normalization = Normalization::affine([127.5; 3], [127.5; 3]);
        let mut output = vec![f32::NAN; expected.numel()];
        let pool = case.threads.then_some(&*POOL);
        let jobs = [Job { view, plan }];
        process_batch(&jobs, &normalization, case.patch, &mut output, &mut Workspace::default(), pool).unwrap();
        let actual = Tensor::from_slice(&output).view_as(&expected);
        let differing = actual.ne_tensor(&expected).sum(tch::Kind::Int64).int64_value(&[]);
        prop_assert_eq!(differing, 0);
    }
}
