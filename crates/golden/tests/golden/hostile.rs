//! Files that lie are refused by name, and nothing panics.

use std::fs;

use patchmark_golden::{TensorFile, check};
use patchmark_results::{InputError, ParityClass};

use crate::support::Scene;

/// A safetensors file of that header and data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn malformed_files_are_refused_by_name() {
    let scene = Scene::new(1 << 20);
    scene.write_changed(|_| {});
    let whole = fs::read(&scene.tensors).unwrap();
    let tensor = |from: u64, to: u64| {
        format!(r#"{{"dtype":"U8","shape":[{}],"data_offsets":[{from},{to}]}}"#, to.wrapping_sub(from))
    };
    let cases = [
        ("empty", Vec::new(), "shorter than the length"),
        ("cut in its length", whole[..5].to_vec(), "shorter than the length"),
        ("cut in its header", whole[..50].to_vec(), "is cut short at 42"),
        ("cut in its data", whole[..whole.len() - 1].to_vec(), "bytes of tensors, but"),
        ("with more behind it", [whole.as_slice(), &[0]].concat(), "bytes of tensors, but"),
        ("with a giant header", u64::MAX.to_le_bytes().to_vec(), "longer than the format allows"),
        ("with a header beyond the file", 99_999_999_u64.to_le_bytes().to_vec(), "is cut short at 0"),
        ("no JSON", file("{]", &[]), "line 1"),
        ("not UTF-8", [&2_u64.to_le_bytes()[..], &[0xff, 0xfe]].concat(), "line 1"),
        (
            "overlapping",
            file(&format!(r#"{{"a":{},"b":{}}}"#, tensor(0, 4), tensor(2, 6)), &[0; 6]),
            "invalid offset",
        ),
        (
            "with a hole",
            file(&format!(r#"{{"a":{},"b":{}}}"#, tensor(0, 2), tensor(4, 6)), &[0; 6]),
            "invalid offset",
        ),
        (
            "backwards",
            file(r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}"#, &[0; 4]),
            "invalid offset",
        ),
        (
            "of another size",
            file(r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,4]}}"#, &[0; 4]),
            "invalid shape",
        ),
        (
            "of overflowing sides",
            file(
                &format!(r#"{{"a":{{"dtype":"F32","shape":[{0},{0},4],"data_offsets":[0,0]}}}}"#, u64::MAX),
                &[],
            ),
            "overflow",
        ),
        (
            "of no known dtype",
            file(r#"{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#, &[0; 4]),
            "F31",
        ),
        (
            "of negative offsets",
            file(r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}"#, &[0; 1]),
            "-1",
        ),
    ];
    for (what, bytes, named) in cases {
        fs::write(&scene.tensors, bytes).unwrap();
        let error = check(&scene.pack, &scene.tensors, ParityClass::Exact).unwrap_err();
        assert!(error.is::<InputError>(), "{what}: {error:?}");
        let error = error.to_string();
        assert!(error.contains("mine.safetensors") && error.contains(named), "{what}: {error}");
    }
    for path in [scene.pack.clone(), scene.pack.join("none.safetensors")] {
        let error = check(&scene.pack, &path, ParityClass::Exact).unwrap_err();
        assert!(
            error.is::<InputError>() && error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
    }
}

#[test]
fn reads_beyond_a_tensor_are_errors() {
    let scene = Scene::new(0);
    scene.write_changed(|_| {});
    let mut file = TensorFile::open(&scene.tensors).unwrap();
    assert!(file.read("one/spatial_shapes", 0, &mut [0; 16]).is_ok());
    for (name, offset, length) in
        [("one/spatial_shapes", 1, 16), ("one/spatial_shapes", u64::MAX, 1), ("two/spatial_shapes", 0, 0)]
    {
        assert!(file.read(name, offset, &mut vec![0; length]).is_err(), "{name} {offset} {length}");
    }
}

#[test]
fn every_cut_and_every_flipped_byte_is_survived() {
    let scene = Scene::new(1 << 20);
    scene.write_changed(|_| {});
    let whole = fs::read(&scene.tensors).unwrap();
    for length in 0..whole.len() {
        fs::write(&scene.tensors, &whole[..length]).unwrap();
        assert!(check(&scene.pack, &scene.tensors, ParityClass::Exact).is_err(), "cut at {length}");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&scene.tensors, bytes).unwrap();
        if let Ok(found) = check(&scene.pack, &scene.tensors, ParityClass::Exact) {
            // Blanks at the end of the header and names that the pack does not know may change.
            assert!(found.exit_code != 0 || at < 1024, "byte {at} changed nothing");
        }
    }
}
