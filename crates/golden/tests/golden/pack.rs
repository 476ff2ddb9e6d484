//! Packs that are written, and what is found when a program's tensors are compared with them.

use std::fs;

use patchmark_golden::{Dtype, Output};
use patchmark_results::{
    InputError, ParityClass,
    golden::{CaseVerdict, Pack},
};

use crate::support::{PATCH, Scene, float, floats};

/// What a change of the outputs leads to: the exit code and parts of the first failed tensor's findings.
#[track_caller]
fn found(change: impl FnOnce(&mut Vec<(String, Output)>), code: u8, named: &[&str]) {
    let scene = Scene::new(1 << 20);
    let check = scene.check_changed(change, ParityClass::Exact);
    assert_eq!(check.exit_code, code, "{check:#?}");
    let findings: Vec<String> =
        check.cases.iter().flat_map(|case| &case.tensors).flat_map(|one| one.findings.clone()).collect();
    for part in named {
        assert!(findings.iter().any(|finding| finding.contains(part)), "{part:?} in {findings:#?}");
    }
}

/// The tensor of a name.
fn one<'a>(outputs: &'a mut [(String, Output)], name: &str) -> &'a mut Output {
    &mut outputs.iter_mut().find(|(known, _)| known == name).expect("the scene has it").1
}

#[test]
fn the_same_tensors_pass_whole_and_as_digests() {
    for full_under in [1 << 20, 100, 0] {
        let scene = Scene::new(full_under);
        for allow in [ParityClass::Exact, ParityClass::OneLevel] {
            let check = scene.check_changed(|_| {}, allow);
            assert_eq!(check.exit_code, 0, "{full_under}: {check:#?}");
            assert!(check.cases.iter().all(|case| case.verdict == CaseVerdict::Passed));
            assert!(check.extra.is_empty());
        }
        let whole = scene.pack.join(Pack::TENSORS).exists();
        assert_eq!(whole, full_under > 0);
    }
}

#[test]
fn one_unit_in_the_last_place_is_found_where_it_is() {
    // The second image of the batch has 2×1 patches of 2×2 pixels; value 3 of its patch 1 is red of the pixel at (0, 1).
    let change = |outputs: &mut Vec<(String, Output)>| {
        let values = one(outputs, "batch/pixel_values");
        let at = (4 * PATCH + PATCH + 3) * 4;
        let bits = u32::from_le_bytes(values.bytes[at..at + 4].try_into().unwrap()) + 1;
        values.bytes[at..at + 4].copy_from_slice(&bits.to_le_bytes());
    };
    found(
        change,
        4,
        &[
            "pixel_values last-place: 1 of 72 values",
            "1 unit in the last place",
            "most in image 1 (images/b.png), patch 1 (row 1, column 0), pixel at row 0, column 1 of the patch, red: ",
        ],
    );
    let scene = Scene::new(1 << 20);
    assert_eq!(scene.check_changed(change, ParityClass::LastPlace).exit_code, 0);
}

#[test]
fn a_level_depends_on_the_parameters_of_the_case() {
    // The case `one` neither normalises nor rescales, so a level is 1; that of `batch` is 2/255.
    let by = |name: &'static str, step: f32| {
        move |outputs: &mut Vec<(String, Output)>| {
            let values = one(outputs, name);
            let next = float(&values.bytes[..4]) + step;
            values.bytes[..4].copy_from_slice(&next.to_le_bytes());
        }
    };
    let scene = Scene::new(1 << 20);
    for (name, step, code) in [
        ("one/pixel_values", 1.0, 0),
        ("one/pixel_values", 2.0, 4),
        ("batch/pixel_values", 2.0 / 255.0, 0),
        ("batch/pixel_values", 4.0 / 255.0, 4),
    ] {
        let check = scene.check_changed(by(name, step), ParityClass::OneLevel);
        assert_eq!(check.exit_code, code, "{name} by {step}");
        assert_eq!(scene.check_changed(by(name, step), ParityClass::LastPlace).exit_code, 4);
    }
}

#[test]
fn a_broken_contract_is_told_by_key() {
    found(
        |outputs| {
            let shapes = one(outputs, "batch/spatial_shapes");
            shapes.dtype = Dtype::I32;
            shapes.bytes = [2_i32, 2, 2, 1].iter().flat_map(|side| side.to_le_bytes()).collect();
        },
        4,
        &["spatial_shapes is I32 instead of I64"],
    );
    found(
        |outputs| {
            let values = one(outputs, "one/pixel_values");
            values.dtype = Dtype::F16;
            values.bytes.truncate(values.bytes.len() / 2);
        },
        4,
        &["pixel_values is F16 instead of F32"],
    );
    found(
        |outputs| one(outputs, "one/pixel_attention_mask").shape = vec![4, 1],
        4,
        &["pixel_attention_mask has shape [4, 1] instead of [1, 4]"],
    );
    found(
        |outputs| outputs.retain(|(name, _)| name != "one/spatial_shapes"),
        4,
        &["spatial_shapes is missing"],
    );
    found(
        |outputs| {
            for (name, _) in outputs.iter_mut().filter(|(name, _)| name == "one/pixel_attention_mask") {
                *name = "one/attention_mask".to_owned();
            }
        },
        4,
        &["pixel_attention_mask is missing (there is \"one/attention_mask\")"],
    );
}

#[test]
fn values_that_break_the_contract_are_told_apart() {
    found(
        |outputs| one(outputs, "batch/pixel_values").bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes()),
        4,
        &[
            "1 NaN or infinite value, the first in image 0 (images/a.png), patch 0 (row 0, column 0)",
            "NaN instead of",
        ],
    );
    let negative_zero = |outputs: &mut Vec<(String, Output)>| {
        let values = one(outputs, "batch/pixel_values");
        let end = values.bytes.len();
        values.bytes[end - 4..].copy_from_slice(&(-0.0_f32).to_le_bytes());
    };
    found(
        negative_zero,
        4,
        &[
            "1 value other than 0 in the padding, the first in patch 3 of image 1 (images/b.png), which has 2 patches: -0 instead of 0",
        ],
    );
    let scene = Scene::new(1 << 20);
    let allowed = scene.check_changed(negative_zero, ParityClass::LastPlace);
    assert_eq!(allowed.exit_code, 0, "as for validate");
    let classes = allowed.cases[1].tensors.iter().map(|one| one.class);
    assert_eq!(classes.max(), Some(Some(ParityClass::LastPlace)), "it is not called equal");
    found(
        |outputs| one(outputs, "batch/pixel_attention_mask").bytes[4..8].copy_from_slice(&[0; 4]),
        4,
        &[
            "pixel_attention_mask differs in 1 of 8 values, first in image 0 (images/a.png): pixel_attention_mask[0, 1] is 0 instead of 1",
        ],
    );
    found(
        |outputs| {
            let bytes = &mut one(outputs, "batch/spatial_shapes").bytes;
            *bytes = bytes.chunks_exact(16).flat_map(|pair| [&pair[8..], &pair[..8]].concat()).collect();
        },
        4,
        &["spatial_shapes[1, 0] is 1 instead of 2: rows and columns are swapped"],
    );
}

#[test]
fn exchanged_rows_are_found_in_their_patches() {
    found(
        |outputs| {
            // Rows 0 and 1 of the first patch: six values each.
            let (upper, lower) = one(outputs, "one/pixel_values").bytes[..48].split_at_mut(24);
            upper.swap_with_slice(lower);
        },
        4,
        &["different: 12 of 48 values", "patch 0 (row 0, column 0)"],
    );
}

#[test]
fn a_digest_locates_the_image_and_proves_nothing_else() {
    let change = |outputs: &mut Vec<(String, Output)>| {
        let values = one(outputs, "batch/pixel_values");
        let at = 4 * PATCH * 4;
        let next = float(&values.bytes[at..at + 4]) + f32::EPSILON;
        values.bytes[at..at + 4].copy_from_slice(&next.to_le_bytes());
    };
    let scene = Scene::new(0);
    let check = scene.check_changed(change, ParityClass::Exact);
    assert_eq!(check.exit_code, 4);
    let check = scene.check_changed(change, ParityClass::LastPlace);
    assert_eq!(check.exit_code, 5, "it may be within the tolerance or not");
    let batch = check.cases.iter().find(|case| case.name == "batch").unwrap();
    assert_eq!(batch.verdict, CaseVerdict::NotVerified);
    let finding = batch.tensors.iter().flat_map(|one| &one.findings).next().unwrap();
    assert!(
        finding.starts_with("pixel_values differs in image 1 (images/b.png); only a digest"),
        "{finding}"
    );
    assert!(finding.contains("--full-under 1KiB"), "{finding}");
}

#[test]
fn missing_cases_and_extra_tensors_are_named() {
    let scene = Scene::new(1 << 20);
    let check = scene
        .check_changed(|outputs| outputs.retain(|(name, _)| !name.starts_with("one/")), ParityClass::Exact);
    assert_eq!(check.exit_code, 5);
    assert_eq!(check.with(CaseVerdict::Missing).map(|case| case.name.as_str()).collect::<Vec<_>>(), ["one"]);
    let check = scene.check_changed(
        |outputs| {
            let again = outputs[0].1.clone();
            outputs.push(("other/pixel_values".to_owned(), again));
        },
        ParityClass::Exact,
    );
    assert_eq!((check.exit_code, check.extra.as_slice()), (0, ["other/pixel_values".to_owned()].as_slice()));
    let check = scene.check_changed(
        |outputs| outputs.iter_mut().for_each(|(name, _)| *name = name.replace('/', ".")),
        ParityClass::Exact,
    );
    assert_eq!((check.exit_code, check.with(CaseVerdict::Missing).count()), (5, 2));
}

#[test]
fn a_pack_whose_tensors_were_changed_is_refused() {
    let scene = Scene::new(1 << 20);
    scene.write_changed(|_| {});
    let file = scene.pack.join(Pack::TENSORS);
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, bytes).unwrap();
    let error = patchmark_golden::check(&scene.pack, &scene.tensors, ParityClass::Exact).unwrap_err();
    assert!(error.is::<InputError>() && error.to_string().contains("expected.safetensors"), "{error}");
    fs::remove_file(&file).unwrap();
    let error = patchmark_golden::check(&scene.pack, &scene.tensors, ParityClass::Exact).unwrap_err();
    assert!(error.is::<InputError>() && error.to_string().contains("expected.safetensors"), "{error}");
}

#[test]
fn writing_again_gives_the_same_bytes_and_replaces_only_packs() {
    let (one, other) = (Scene::new(100), Scene::new(100));
    for name in [Pack::FILE, Pack::TENSORS, "README.txt", "images/a.png"] {
        assert_eq!(
            fs::read(one.pack.join(name)).unwrap(),
            fs::read(other.pack.join(name)).unwrap(),
            "{name}"
        );
    }
    // Replaced by a pack without whole tensors, nothing of the old one is left.
    one.make(0).unwrap();
    assert!(!one.pack.join(Pack::TENSORS).exists());
    assert_eq!(floats(&one.outputs()[0].1.bytes).len(), 48);
    fs::remove_file(one.pack.join(Pack::FILE)).unwrap();
    let error = one.make(0).unwrap_err();
    assert!(error.is::<InputError>() && error.to_string().contains("no pack.json"), "{error}");
}
