//! The kernel compiles for the architectures that matter, without a device.

mod common;

use std::fs;

use patchmark_fused::Filter;
use patchmark_fused_cuda::{CodeCache, Compiled, Device, Element, Error, Planner, Program};

/// A100, H100, B200.
const CAPABILITIES: [(i32, i32); 3] = [(8, 0), (9, 0), (10, 0)];

#[test]
fn nvrtc_compiles_it_within_the_registers_of_five_blocks() {
    let Some(libraries) = common::libraries("nvrtc_compiles_it_within_the_registers_of_five_blocks") else {
        return;
    };
    for capability in CAPABILITIES {
        for (patch_size, element) in
            [(16, Element::F32), (16, Element::Bf16), (14, Element::F32), (7, Element::U8)]
        {
            let program = Program::new(capability, patch_size, element);
            let Compiled { code, log } = program.compile(&libraries).unwrap();
            assert!(code.starts_with(b"\x7fELF") && code.windows(10).any(|name| name == b"preprocess"));
            assert!(!log.contains("warning"), "{log}");
            let used = log.lines().filter(|line| line.contains("registers") || line.contains("spill"));
            let used: Vec<&str> = used.map(|line| line.trim_start_matches("ptxas").trim()).collect();
            println!("{} patches of {patch_size}, {element:?}: {}", program.architecture, used.join("; "));
            // Five blocks of 192 threads share 65,536 registers, which are allocated in units of eight.
            let number = |what: &str| -> u32 {
                log.split(what)
                    .next()
                    .and_then(|before| before.split_whitespace().last())
                    .unwrap()
                    .parse()
                    .unwrap()
            };
            assert!(number("registers") <= 65_536 / (5 * 192) / 8 * 8, "{log}");
            assert_eq!([number("bytes spill stores"), number("bytes spill loads")], [0; 2], "{log}");
        }
    }
}

#[test]
fn what_empties_the_cache_compiles() {
    let test = "what_empties_the_cache_compiles";
    let Some(libraries) = common::libraries(test) else { return };
    for capability in CAPABILITIES {
        let Compiled { code, log } = Program::sweep(capability).compile(&libraries).unwrap();
        assert!(code.starts_with(b"\x7fELF") && code.windows(5).any(|name| name == b"sweep"), "{log}");
    }
}

#[test]
fn an_architecture_that_is_none_is_refused_with_its_name() {
    let Some(libraries) = common::libraries("an_architecture_that_is_none_is_refused_with_its_name") else {
        return;
    };
    let error = Program::new((1, 7), 16, Element::F32).compile(&libraries).unwrap_err();
    assert!(matches!(&error, Error::Compile { architecture, .. } if architecture == "sm_17"), "{error}");
}

#[test]
fn machine_code_is_kept_and_mended() {
    let Some(libraries) = common::libraries("machine_code_is_kept_and_mended") else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::new(Some(folder.path().join("kernels")));
    let program = Program::new((9, 0), 16, Element::F32);
    let code = cache.get(&program, &libraries).unwrap();
    let file = cache.file(&program).unwrap();
    let kept = fs::read(&file).unwrap();
    assert!(kept.ends_with(&code));

    fs::write(&file, &kept[..kept.len() / 2]).unwrap();
    assert_eq!(cache.get(&program, &libraries).unwrap(), code);
    assert_eq!(fs::read(&file).unwrap(), kept, "a damaged file is replaced");

    // Without a usable folder, nothing is kept, and nothing fails.
    let nowhere = CodeCache::new(Some(file.join("below-a-file")));
    assert_eq!(nowhere.get(&program, &libraries).unwrap(), code);
}

#[test]
fn without_a_driver_the_device_is_refused_and_nothing_panics() {
    let sizing = common::sizing(16, 256, Filter::Bilinear);
    let planner = Planner::new(sizing, Element::F32, &common::table(0), 1);
    let nowhere = std::path::Path::new("no-such-folder");
    match Device::new(&planner, 1 << 20, nowhere, None) {
        Err(Error::NoDriver) => {}
        // The driver is installed, but there is no such device, or none at all.
        Err(Error::Driver { call, .. }) => assert!(call.starts_with("cu"), "{call}"),
        other => panic!("{other:?}"),
    }
}
