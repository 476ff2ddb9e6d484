//! Tests of packs as documents.

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::{InputError, Outcome, fixtures::golden::check};

fn document() -> Value {
    let digest = "0123456789abcdef".repeat(4);
    json!({
        "pack_version": PACK_VERSION,
        "family": "naflex",
        "origin": {
            "patchmark": "0.1.0", "class": "Siglip2ImageProcessor", "backend": "torchvision",
            "versions": {"torch": "2"}, "cpu_capability": "AVX2",
        },
        "full_under": 65536,
        "images": [{"file": "images/a.png", "width": 2, "height": 1, "mode": "RGB", "pixels_sha256": digest}],
        "cases": [{
            "name": "one",
            "images": ["images/a.png", "images/a.png"],
            "parameters": {
                "patch_size": 16, "max_num_patches": 4, "do_resize": true, "resample": 2, "do_rescale": true,
                "rescale_factor": 0.5, "do_normalize": true, "image_mean": [0.5, 0.5, 0.5],
                "image_std": [0.5, 0.25, -1.0],
            },
            "tensors": {"spatial_shapes": {"dtype": "I64", "shape": [2, 2], "whole": true, "sha256": [digest, digest]}},
        }],
    })
}

/// Why a changed document is refused.
fn refusal(pointer: &str, value: Value) -> String {
    let mut document = document();
    *document.pointer_mut(pointer).expect("the field is there") = value;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(Pack::FILE), document.to_string()).unwrap();
    let error = Pack::read(folder.path()).expect_err("it was read");
    assert!(error.is::<InputError>(), "{error:?}");
    let error = error.to_string();
    assert!(error.contains("pack.json"), "{error}");
    error
}

#[test]
fn a_pack_is_read_from_its_folder_and_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(Pack::FILE);
    fs::write(&file, document().to_string()).unwrap();
    for path in [folder.path(), &file] {
        let (pack, found) = Pack::read(path).unwrap();
        assert_eq!(found, folder.path());
        assert_eq!(pack.cases[0].tensor_name("spatial_shapes"), "one/spatial_shapes");
        let levels = Naflex::of(&pack.cases[0].parameters).unwrap().levels();
        assert_eq!(levels, [1.0, 2.0, 0.5]);
    }
}

#[test]
fn what_is_no_pack_is_refused_by_file_and_field() {
    for (pointer, value, named) in [
        ("/pack_version", json!(2), "use a newer patchmark"),
        ("/pack_version", json!("1"), "no pack_version"),
        ("/family", json!("fixres"), "fixres"),
        ("/images/0/file", json!("images/../a.png"), "images[0]: file \"images/../a.png\""),
        ("/images/0/file", json!("/images/a.png"), "images[0]: file"),
        ("/images/0/width", json!(-1), "-1"),
        ("/images/0/height", json!(0), "a side is 0"),
        ("/images/0/mode", json!("L"), "mode is \"L\""),
        ("/images/0/pixels_sha256", json!("0123"), "pixels_sha256"),
        ("/cases", json!([]), "no cases"),
        ("/cases/0/name", json!("a/b"), "\"a/b\" cannot be the name"),
        ("/cases/0/name", json!("a\u{1b}[31m"), "cannot be the name"),
        ("/cases/0/images/1", json!("images/b.png"), "case one: \"images/b.png\" is not among"),
        ("/cases/0/parameters/patch_size", json!(0), "case one: parameters: patch_size is 0"),
        ("/cases/0/parameters/image_std", json!([0.5, 0.5]), "case one: parameters: invalid length 2"),
        ("/cases/0/parameters", json!({}), "case one: parameters: missing field `patch_size`"),
        ("/cases/0/tensors/spatial_shapes/dtype", json!("F16"), "case one: spatial_shapes: dtype \"F16\""),
        ("/cases/0/tensors/spatial_shapes/shape", json!([1, 2]), "does not fit 2 images"),
        ("/cases/0/tensors/spatial_shapes/shape", json!([2, u64::MAX]), "does not fit 2 images"),
        ("/cases/0/tensors/spatial_shapes/sha256", json!([]), "one SHA-256 per image"),
        ("/cases/0/tensors/spatial_shapes/whole", json!(1), "line 1 column"),
    ] {
        let error = refusal(pointer, value);
        assert!(error.contains(named), "{pointer}: {error}");
    }
    let empty = tempfile::tempdir().unwrap();
    let error = Pack::read(empty.path()).unwrap_err().to_string();
    assert!(error.contains("it has no pack.json"), "{error}");
}

#[test]
fn a_failed_case_outweighs_a_missing_one() {
    use CaseVerdict::{Failed, Missing, NotVerified, Passed};
    assert_eq!(check(&[Passed]).exit_code, 0);
    assert_eq!(check(&[Passed, Missing]).exit_code, 5);
    assert_eq!(check(&[NotVerified, Passed]).outcome(), Outcome::Inconclusive);
    assert_eq!(check(&[Failed, Missing]).exit_code, 4);
}
