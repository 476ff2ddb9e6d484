//! Compares the kernel on the host with the CPU implementation in patchmark-fused, bit for bit.

mod common;

use common::{Case, ELEMENTS, check, sizing, table};
use patchmark_fused::{Filter, Size, Sizing};
use patchmark_fused_cuda::{Element, emulator::Emulator};
use proptest::{prelude::*, test_runner::TestRunner};

fn emulator() -> Emulator {
    Emulator::new(&[]).unwrap()
}

fn cases() -> u32 {
    std::env::var("PATCHMARK_CASES").map_or(150, |cases| cases.parse().expect("PATCHMARK_CASES is a number"))
}

/// A random batch and its parameters.
#[derive(Debug, Clone)]
struct Drawn {
    cases: Vec<Case>,
    sizing: Sizing,
    element: Element,
    table: u8,
}

fn case() -> impl Strategy<Value = Case> {
    let sizes = prop_oneof![
        8 => (1usize..200, 1usize..200),
        3 => (1usize..24, 1usize..24),
        1 => (1usize..4000, 1usize..4),
        1 => (1usize..4, 1usize..4000),
        1 => (200usize..500, 200usize..500),
    ];
    let gap = prop_oneof![1 => Just(0usize), 1 => 0usize..70];
    (sizes, gap, 0u64..16, any::<u64>(), 0u8..3).prop_map(|((height, width), gap, offset, seed, content)| {
        Case { size: Size { height, width }, gap, offset, seed, content }
    })
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let patch = prop_oneof![4 => Just(16usize), 1 => Just(14), 1 => Just(32), 2 => 1usize..20];
    let most = prop_oneof![1 => 1usize..64, 1 => Just(256usize), 1 => 1usize..1024];
    let filter = prop_oneof![2 => Just(Filter::Bilinear), 1 => Just(Filter::Bicubic)];
    let batch = prop::collection::vec(case(), 1..5);
    (batch, patch, most, filter, prop::sample::select(&ELEMENTS[..]), 0u8..3).prop_map(
        |(cases, patch, most, filter, element, table)| {
            let most = most.min(200_000 / (patch * patch)).max(1);
            Drawn { cases, sizing: sizing(patch, most, filter), element, table }
        },
    )
}

#[test]
fn whatever_is_drawn_has_the_bits_of_the_one_pass() {
    let emulator = emulator();
    let config = ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&drawn(), |Drawn { cases, sizing, element, table: number }| {
            let most = sizing.max_num_patches;
            // Images of extreme sizes may get more patches than the limit.
            let patches = cases.iter().map(|case| {
                let output = sizing.output(case.size).unwrap();
                output.height / sizing.patch_size * (output.width / sizing.patch_size)
            });
            let length = patches.max().unwrap_or(0).max(most);
            check(&emulator, sizing, element, &table(number), &cases, length).map_err(TestCaseError::fail)
        })
        .unwrap();
}

#[test]
fn mixed_batches_of_photographs_and_extremes() {
    let emulator = emulator();
    let batch: Vec<Case> = [
        (768, 1024),
        (1, 1),
        (480, 640),
        (2000, 1),
        (1, 4000),
        (7, 700),
        (224, 288),
        (333, 217),
        (1080, 1920),
        (3000, 16),
    ]
    .map(|(height, width)| Case::new(height, width))
    .into();
    for (most, element, filter) in [
        (256, Element::F32, Filter::Bilinear),
        (64, Element::Bf16, Filter::Bilinear),
        (1024, Element::F16, Filter::Bilinear),
        (576, Element::F32, Filter::Bicubic),
    ] {
        check(&emulator, sizing(16, most, filter), element, &table(0), &batch, most).unwrap();
    }
}

#[test]
fn the_largest_images_at_several_limits() {
    let emulator = emulator();
    // Down to a single patch, where tiles have one row and source rows are read from global memory.
    for (most, patch) in [(256, 16), (1024, 14), (4, 16), (1, 16), (1, 3)] {
        for (height, width) in [(3000, 4000), (4000, 3000)] {
            let case = Case { gap: 5, offset: 3, ..Case::new(height, width) };
            check(&emulator, sizing(patch, most, Filter::Bilinear), Element::F32, &table(1), &[case], most)
                .unwrap();
        }
    }
    let case = [Case::new(3000, 4000)];
    check(&emulator, sizing(16, 9, Filter::Bicubic), Element::Bf16, &table(0), &case, 9).unwrap();
}

#[test]
fn an_output_pixel_may_span_more_rows_than_are_kept() {
    let emulator = emulator();
    for (height, width) in [(60_000, 2), (2, 60_000), (20_000, 30)] {
        let batch = [Case::new(height, width), Case { content: 1, ..Case::new(height, width) }];
        for filter in [Filter::Bilinear, Filter::Bicubic] {
            check(&emulator, sizing(1, 1, filter), Element::F32, &table(0), &batch, 1).unwrap();
        }
    }
}

#[test]
fn without_a_resize_bytes_are_only_looked_up() {
    let emulator = emulator();
    let batch: Vec<Case> = [(64, 32), (16, 160), (128, 112)].map(|(h, w)| Case::new(h, w)).into();
    for element in ELEMENTS {
        let sizing = Sizing { resize: false, ..sizing(16, 64, Filter::Bilinear) };
        check(&emulator, sizing, element, &table(2), &batch, 64).unwrap();
        // With more patches than the limit, the output is longer than the mask.
        let large = [Case::new(160, 160), Case::new(320, 80)];
        check(&emulator, sizing, element, &table(2), &large, 100).unwrap();
    }
}

#[test]
fn every_place_in_memory_and_patch_size() {
    let emulator = emulator();
    let mut batch = Vec::new();
    for offset in 0..16 {
        for gap in [0, 1, 7, 16] {
            batch.push(Case { offset, gap, ..Case::new(37, 61) });
        }
    }
    for (patch, most) in [(16, 16), (14, 9), (7, 20), (1, 300)] {
        check(&emulator, sizing(patch, most, Filter::Bilinear), Element::F32, &table(1), &batch, most)
            .unwrap();
    }
    for patch in 1..=33 {
        let sizing = sizing(patch, 6, Filter::Bilinear);
        for element in ELEMENTS {
            check(&emulator, sizing, element, &table(2), &batch[..2], 6).unwrap();
        }
    }
}
