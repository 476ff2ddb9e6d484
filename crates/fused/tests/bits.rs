//! Compares every level, layout, stride and thread count with the slow reference, bit for bit.

mod common;

use std::sync::{Arc, LazyLock};

use common::{Stored, levels, patches, resize};
use patchmark_fused::{
    Filter, Job, Layout, Normalization, Plan, Scratch, Size, Stores, Workspace, process_batch, process_image,
    process_image_bytes, target_size,
};
use proptest::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

static POOL: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPoolBuilder::new().num_threads(3).build().unwrap());

fn cases() -> u32 {
    std::env::var("PATCHMARK_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500)
}

/// A random case: an image and how it is processed.
#[derive(Debug, Clone)]
struct Case {
    size: Size,
    patch: usize,
    most: usize,
    gap: usize,
    extra: usize,
    misaligned: usize,
    filter: Filter,
    content: Content,
    seed: u64,
    table: u8,
    stores: Stores,
}

#[derive(Debug, Clone, Copy)]
enum Content {
    Noise,
    Extremes,
    Ramp,
}

impl Case {
    fn rgb(&self) -> Vec<u8> {
        let Size { height, width } = self.size;
        let mut state = self.seed | 1;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        };
        (0..height * width * 3)
            .map(|i| match self.content {
                Content::Noise => random(),
                Content::Extremes => {
                    if random() < 128 {
                        0
                    } else {
                        255
                    }
                }
                Content::Ramp => (i / 3 % width * 255 / width) as u8,
            })
            .collect()
    }

    fn normalization(&self) -> Normalization {
        match self.table {
            0 => Normalization::affine([127.5; 3], [127.5; 3]),
            1 => Normalization::affine([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
            _ => {
                Normalization::new(std::array::from_fn(|c| std::array::from_fn(|x| ((x + c) as f32).sqrt())))
            }
        }
    }
}

fn sizes() -> impl Strategy<Value = Size> {
    prop_oneof![
        8 => (1usize..200, 1usize..200),
        2 => (1usize..24, 1usize..24),
        1 => (1usize..4000, 1usize..4),
        1 => (1usize..4, 1usize..4000),
        1 => (200usize..700, 200usize..700),
    ]
    .prop_map(|(height, width)| Size { height, width })
}

fn case() -> impl Strategy<Value = Case> {
    let patch = prop_oneof![4 => Just(16usize), 1 => Just(14), 1 => Just(32), 2 => 1usize..20];
    let most = prop_oneof![1 => 1usize..64, 1 => Just(256usize), 1 => 1usize..1024];
    let filter = prop_oneof![4 => Just(Filter::Bilinear), 1 => Just(Filter::Bicubic)];
    let content = prop_oneof![Just(Content::Noise), Just(Content::Extremes), Just(Content::Ramp)];
    let stores = prop_oneof![Just(Stores::Cached), Just(Stores::Streaming)];
    let gap = prop_oneof![1 => Just(0usize), 1 => 0usize..70];
    (sizes(), patch, most, gap, 0usize..3, 0usize..16, filter, content, any::<u64>(), 0u8..3, stores)
        .prop_map(|(size, patch, most, gap, extra, misaligned, filter, content, seed, table, stores)| {
            // A limit on the time that the slow reference takes per case.
            let most = most.min(200_000 / (patch * patch)).max(1);
            Case { size, patch, most, gap, extra, misaligned, filter, content, seed, table, stores }
        })
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn first_difference<T: PartialEq>(got: &[T], expected: &[T]) -> Option<usize> {
    assert_eq!(got.len(), expected.len());
    got.iter().zip(expected).position(|(a, b)| a != b)
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let Case { size, patch, most, .. } = *case;
    let (height, width) = target_size(size.height, size.width, patch, most);
    let target = Size { height, width };
    let rgb = case.rgb();
    let resized = resize(&rgb, size, target, case.filter);
    let patch_samples = patch * patch * 3;
    let length = (height * width * 3).max((most + case.extra) * patch_samples);
    let normalization = case.normalization();
    let expected =
        bits(&patches(&resized, target, patch, length, 0.0, |c, x| normalization.tables()[c][x as usize]));
    let expected_bytes = patches(&resized, target, patch, length, 0, |_, x| x);
    let mut scratch = Scratch::new();
    for level in levels() {
        for layout in [Layout::Rgb, Layout::Rgbx, Layout::Planar] {
            let stored = Stored::new(&rgb, size, layout, case.gap);
            let view = stored.view();
            let plan = Arc::new(Plan::new(size, target, layout, case.filter, level).unwrap());
            let mut buffer = vec![f32::NAN; length + 16];
            let output = &mut buffer[case.misaligned..][..length];
            process_image(&view, &plan, &normalization, patch, output, case.stores, &mut scratch).unwrap();
            let wrong = first_difference(&bits(output), &expected);
            prop_assert_eq!(wrong, None, "{} {:?}", level, layout);

            let mut bytes = vec![1; length];
            process_image_bytes(&view, &plan, patch, &mut bytes, &mut scratch).unwrap();
            prop_assert_eq!(first_difference(&bytes, &expected_bytes), None, "{} {:?} bytes", level, layout);

            let mut output = vec![f32::NAN; 2 * length];
            let jobs = vec![Job { view, plan: Arc::clone(&plan) }; 2];
            let mut workspace = Workspace::default();
            process_batch(&jobs, &normalization, patch, &mut output, &mut workspace, Some(&POOL)).unwrap();
            for part in output.chunks_exact(length) {
                prop_assert_eq!(
                    first_difference(&bits(part), &expected),
                    None,
                    "{} {:?} batch",
                    level,
                    layout
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_level_gives_the_recipe_s_bits(case in case()) {
        check(&case)?;
    }
}

#[test]
fn an_image_of_the_target_s_size_is_unchanged() {
    let size = Size { height: 48, width: 80 };
    let rgb: Vec<u8> = (0..48 * 80 * 3).map(|i| (i * 31 % 251) as u8).collect();
    let expected = patches(&rgb, size, 16, 20 * 768, 0, |_, x| x);
    for level in levels() {
        for layout in [Layout::Rgb, Layout::Rgbx, Layout::Planar] {
            let stored = Stored::new(&rgb, size, layout, 5);
            let plan = Plan::new(size, size, layout, Filter::Bilinear, level).unwrap();
            let mut output = vec![1; 20 * 768];
            process_image_bytes(&stored.view(), &plan, 16, &mut output, &mut Scratch::new()).unwrap();
            assert_eq!(output, expected, "{level} {layout:?}");
        }
    }
}
