//! Plants faults in the kernel's source, and checks that the comparison or the emulator notices each of them on a few
//! small images. Also checks that the compiler's sanitizers find nothing in the original source.

mod common;

use std::thread;

use common::{Case, check, sizing, table};
use patchmark_fused::Filter;
use patchmark_fused_cuda::{Element, Error, emulator::Emulator};

/// The name of a fault, the text that is replaced, its replacement, and a part of the expected message.
const FAULTS: [(&str, &str, &str, &str); 21] = [
    ("no rounding", "return 1 << shift >> 1;", "return 0 * shift;", "differ"),
    ("a rounding off by one", "return 1 << shift >> 1;", "return (1 << shift >> 1) - 1;", "differ"),
    ("no clamp at the top", "least(sum >> shift, 255)", "(sum >> shift)", "differ"),
    ("channels swapped", "permute(b, c, 0x6352)", "permute(b, c, 0x5263)", "differ"),
    ("a row of weights late", "group - first), load", "to - 1 - group), load", "differ"),
    ("a channel's table for another", "sample % 3 * (256", "sample % 2 * (256", "differ"),
    ("rows anywhere taken for aligned ones", "image.mode == ALIGNED", "image.mode != DIRECT", "misaligned"),
    ("one weight for another", "column.weights[step], load", "column.weights[0], load", "differ"),
    ("bits of the shift", "begin % 4 * 8;", "begin % 2 * 8;", "differ"),
    ("one stage for two", "tile.stage - buffer, t", "buffer, t", "a race"),
    ("no wait for copies", "EACH_THREAD(t) { wait_for_copies(t); }", "", "nobody waited"),
    ("no barrier before the stage", "BARRIER(); // this stage", "// this stage", "a race"),
    ("no barrier before rows", "BARRIER(); // all groups", "// all groups", "a race"),
    ("a copy longer than its row", "(int)tile.bytes - skip", "(int)tile.bytes - skip + 16", "a race"),
    (
        "a row beyond the image",
        "share.row < image.height",
        "share.row < image.height + 1",
        "beyond global memory",
    ),
    (
        "shared memory too small",
        "* sizeof(Sample);\n    tile.stage =",
        "* sizeof(Sample) + 4096;\n    tile.stage =",
        "beyond shared memory",
    ),
    ("padding left out", "* launch.fill;\n", "* launch.fill + 16;\n", "differ"),
    (
        "padding over the last patch",
        "(start + patches) * samples",
        "(start + patches - 1) * samples",
        "stored before",
    ),
    ("partial sums forgotten", "kept == tile.group)", "kept >= tile.group)", "differ"),
    ("a pixel beyond the row", "first + i < 3 *", "first + i < 30 + 3 *", "beyond global memory"),
    ("the mask of one patch more", "(i32)(i < patches)", "(i32)(i <= patches)", "mask"),
];

fn small() -> Vec<Case> {
    let mut images = vec![Case::new(150, 100), Case::new(33, 47), Case::new(9, 120)];
    images[0].content = 1;
    images[2].gap = 5;
    images[2].offset = 1;
    images
}

fn run(emulator: &Emulator) -> Result<(), String> {
    // Bicubic weights overshoot, and the sums need a clamp.
    for filter in [Filter::Bilinear, Filter::Bicubic] {
        check(emulator, sizing(4, 150, filter), Element::F32, &table(2), &small(), 150)?;
    }
    // Down to one pixel, where resized rows are kept in chunks and source rows are read from global memory.
    for case in [Case::new(6001, 3), Case::new(3, 6001)] {
        check(emulator, sizing(1, 1, Filter::Bilinear), Element::F32, &table(2), &[case], 1)?;
    }
    Ok(())
}

#[test]
fn every_planted_fault_is_noticed() {
    let source = Emulator::source();
    let missed = |faults: &[(&str, &str, &str, &str)]| -> Vec<String> {
        let noticed = |(name, right, wrong, how): &(&str, &str, &str, &str)| {
            assert!(source.contains(right), "{name}: the kernel has no {right:?}");
            let emulator = match Emulator::with_source(&["-Wno-error", "-O1"], &source.replace(right, wrong))
            {
                Ok(emulator) => emulator,
                Err(error) => return Some(format!("{name}: {error}")),
            };
            match run(&emulator) {
                Ok(()) => Some(format!("{name}: not noticed")),
                Err(message) if message.contains(how) => None,
                Err(message) => Some(format!("{name}: {message:?} does not contain {how:?}")),
            }
        };
        faults.iter().filter_map(noticed).collect()
    };
    let missed: Vec<String> = thread::scope(|scope| {
        let halves: Vec<_> = FAULTS.chunks(10).map(|half| scope.spawn(move || missed(half))).collect();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn sanitizers_find_nothing() {
    let flags = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let emulator = match Emulator::new(&flags) {
        Err(Error::Emulator(message)) if message.contains("sanitize") || message.contains("asan") => {
            common::not_run(
                "sanitizers_find_nothing",
                &format!("this compiler has no sanitizers ({message})"),
            );
            return;
        }
        other => other.unwrap(),
    };
    run(&emulator).unwrap();
    let batch = [Case::new(1, 1), Case::new(300, 20), Case { gap: 3, offset: 7, ..Case::new(61, 257) }];
    for element in common::ELEMENTS {
        for patch in [16, 14, 5] {
            check(&emulator, sizing(patch, 20, Filter::Bicubic), element, &table(1), &batch, 20).unwrap();
        }
    }
}
