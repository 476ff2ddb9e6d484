//! Golden packs: the committed one is what the reference gives, and what is wrong with a program's tensors is found.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use patchmark::{
    processor::{self, FedBatch, NAMES, Parameters, REFERENCE, StageClock, must_equal_reference},
    workload::FileDecoder,
};
use patchmark_results::golden::{CaseVerdict, GoldenCheck, Pack};
use serde_json::Value;
use tch::{Device, Kind, Tensor};
use tempfile::tempdir;

use crate::support::{patchmark, refuses};

type Tensors = BTreeMap<String, Tensor>;

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden/naflex")
}

/// What a user's program does: every case of a pack through one processor, in tensors named `CASE/KEY`.
fn processed(pack: &Path, name: &str) -> Tensors {
    let (read, folder) = Pack::read(pack).unwrap();
    let scratch = tempdir().unwrap();
    let decoder = FileDecoder::native();
    let mut tensors = Tensors::new();
    for case in &read.cases {
        let config = scratch.path().join("preprocessor_config.json");
        fs::write(&config, serde_json::to_vec(&case.parameters).unwrap()).unwrap();
        let parameters = Parameters::read(&config).unwrap();
        let images: Vec<_> =
            case.images.iter().map(|file| decoder.decode_file(&folder.join(file)).unwrap().into()).collect();
        let processor = processor::create(name, &parameters, Device::Cpu, 2).unwrap();
        let batch = FedBatch::new(processor.feed(), &images).unwrap();
        let inputs = processor.process(&batch, &mut StageClock::disabled()).unwrap();
        tensors.extend(inputs.named().map(|(key, tensor)| (case.tensor_name(key), tensor.shallow_clone())));
    }
    tensors
}

fn write(tensors: &Tensors, file: &Path) {
    let list: Vec<(&String, &Tensor)> = tensors.iter().collect();
    Tensor::write_safetensors(&list, file).unwrap();
}

/// The exit code of `golden check`, and what it prints, without the ends of lines that depend on the width.
fn check(folder: &Path, pack: &Path, options: &[&str]) -> (Option<i32>, String, String) {
    let pack = pack.to_str().unwrap();
    let output = patchmark(folder, &[&["golden", "check", pack, "mine.safetensors"], options].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let told = text(output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code(), told, text(output.stderr))
}

#[test]
fn the_committed_pack_is_what_golden_make_gives() {
    let folder = tempdir().unwrap();
    let output = patchmark(folder.path(), &["golden", "make", "pack"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let (made, committed) = (folder.path().join("pack"), committed());
    let mut bytes = 0;
    let mut compare = |name: &str| {
        let file = fs::read(committed.join(name)).unwrap();
        bytes += file.len();
        assert!(fs::read(made.join(name)).unwrap() == file, "{name} differs: run make golden");
    };
    [Pack::TENSORS, "README.txt"].into_iter().for_each(&mut compare);
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&made), names(&committed));
    let images = names(&committed.join(Pack::IMAGES));
    assert_eq!(names(&made.join(Pack::IMAGES)), images);
    images.iter().for_each(|name| compare(&format!("{}/{name}", Pack::IMAGES)));
    let json = |folder: &Path| {
        let text = fs::read(folder.join(Pack::FILE)).unwrap();
        let mut json: Value = serde_json::from_slice(&text).unwrap();
        // What depends on the machine and its Python, but must not change a bit.
        let origin = json["origin"].as_object_mut().unwrap();
        origin.remove("cpu_capability").unwrap();
        for package in ["numpy", "python"] {
            origin["versions"].as_object_mut().unwrap().remove(package).unwrap();
        }
        (text.len(), json)
    };
    let ((length, kept), (_, json)) = (json(&committed), json(&made));
    assert_eq!(kept, json, "run make golden");
    assert!(bytes + length < 2_000_000, "{bytes} bytes and {length} of pack.json");
}

#[test]
fn patchmarks_own_processors_pass_the_committed_pack() {
    let folder = tempdir().unwrap();
    for name in NAMES.into_iter().filter(|name| *name != REFERENCE && must_equal_reference(name)) {
        write(&processed(&committed(), name), &folder.path().join("mine.safetensors"));
        let (code, stdout, stderr) = check(folder.path(), &committed(), &[]);
        assert_eq!(code, Some(0), "{name}: {stdout}{stderr}");
        assert!(stdout.contains("bit for bit: 4"), "{name}: {stdout}");
    }
}

#[test]
fn whatever_is_wrong_is_found() {
    let folder = tempdir().unwrap();
    let right = processed(&committed(), "fused");
    let changed = |name: &str, change: &dyn Fn(&Tensor) -> Tensor| {
        let mut tensors: Tensors = right.iter().map(|(name, tensor)| (name.clone(), tensor.copy())).collect();
        let tensor = change(tensors.get(name).unwrap_or(&right["black/pixel_values"]));
        tensors.insert(name.to_owned(), tensor);
        tensors
    };
    let set = |at: [i64; 3], value: f64| {
        move |tensor: &Tensor| {
            let _ = tensor.get(at[0]).get(at[1]).get(at[2]).fill_(value);
            tensor.copy()
        }
    };
    let add = |at: [i64; 3], value: f64| {
        move |tensor: &Tensor| {
            let old = tensor.get(at[0]).get(at[1]).double_value(&[at[2]]);
            let _ = tensor.get(at[0]).get(at[1]).get(at[2]).fill_(old + value);
            tensor.copy()
        }
    };
    let without = |part: &str| {
        let kept = right.iter().filter(|(name, _)| !name.contains(part));
        kept.map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect::<Tensors>()
    };
    let renamed = {
        let mut tensors = without("black/pixel_values");
        tensors.insert("black/pixel_value".into(), right["black/pixel_values"].shallow_clone());
        tensors
    };
    let photograph = "photograph/pixel_values";
    let turned = |tensor: &Tensor| tensor.roll([1], [1]);
    let cases: [(&str, Tensors, i32, &[&str]); 14] = [
        (
            "int32 shapes",
            changed("white/spatial_shapes", &|t| t.to_kind(Kind::Int)),
            4,
            &["✗ white (1 image)", "spatial_shapes is I32 instead of I64"],
        ),
        (
            "half precision",
            changed("black/pixel_values", &|t| t.to_kind(Kind::Half)),
            4,
            &["pixel_values is F16 instead of F32"],
        ),
        (
            "one level",
            changed(photograph, &add([0, 5, 100], 2.0 / 255.0)),
            4,
            &[
                "pixel_values one-level: 1 of",
                "patch 5 (row ",
                "pixel at row 2, column 1 of the patch, green",
            ],
        ),
        ("patches in another order", changed(photograph, &turned), 4, &["pixel_values different:"]),
        (
            "negative zero in padding",
            changed(photograph, &set([0, 15, 767], -0.0)),
            4,
            &["1 value other than 0 in the padding"],
        ),
        (
            "a number that is none",
            changed(photograph, &set([0, 0, 0], f64::NAN)),
            4,
            &["1 NaN or infinite value, the first in image 0"],
        ),
        (
            "no mask",
            changed("wide/pixel_attention_mask", &|t| t.zeros_like()),
            4,
            &["pixel_attention_mask[0, 0] is 0 instead of 1"],
        ),
        (
            "rows and columns exchanged",
            changed("wide/spatial_shapes", &|t| t.flip([1])),
            4,
            &["rows and columns are swapped"],
        ),
        (
            "no batch dimension",
            changed("black/pixel_values", &|t| t.squeeze_dim(0)),
            4,
            &["pixel_values has shape [16, 768] instead of [1, 16, 768]"],
        ),
        ("a missing case", without("black/"), 5, &["1 case missing", "? 1 missing: black"]),
        ("a missing key", without("black/spatial_shapes"), 4, &["spatial_shapes is missing"]),
        ("another name", renamed, 4, &["pixel_values is missing (there is \"black/pixel_value\")"]),
        (
            "a large tensor",
            changed("batch-limit-64/pixel_values", &add([3, 0, 0], 1e-3)),
            4,
            &["pixel_values differs in image 3 (images/", "only a digest is kept"],
        ),
        (
            "one tensor more",
            changed("black/extra", &|_| Tensor::zeros([1], (Kind::Float, Device::Cpu))),
            0,
            &["1 tensor is not of the pack: \"black/extra\""],
        ),
    ];
    for (what, tensors, wanted, named) in cases {
        write(&tensors, &folder.path().join("mine.safetensors"));
        let (code, stdout, stderr) = check(folder.path(), &committed(), &[]);
        assert_eq!(code, Some(wanted), "{what}: {stdout}{stderr}");
        for part in named {
            assert!(stdout.contains(part), "{what}: {part:?} is not in {stdout}");
        }
    }
}

#[test]
fn one_unit_in_the_last_place_may_be_allowed_where_it_can_be_measured() {
    let folder = tempdir().unwrap();
    let mut tensors = processed(&committed(), "naive");
    let values = &tensors["photograph/pixel_values"];
    let bits = values.view_dtype(Kind::Int);
    let _ = bits.get(0).get(2).get(9).g_add_scalar_(1);
    write(&tensors, &folder.path().join("mine.safetensors"));
    let (code, stdout, _) = check(folder.path(), &committed(), &[]);
    assert_eq!(code, Some(4));
    assert!(stdout.contains("last-place: 1 of") && stdout.contains("1 unit in the last place"), "{stdout}");
    let (code, stdout, _) = check(folder.path(), &committed(), &["--allow", "last-place"]);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("1 case passed with differences that are allowed: photograph"), "{stdout}");

    // Of a large tensor there is only a digest, which cannot say whether a difference is allowed.
    let large = tensors["defaults/pixel_values"].copy();
    let _ = large.view_dtype(Kind::Int).get(0).get(2).get(9).g_add_scalar_(1);
    tensors.insert("defaults/pixel_values".into(), large);
    write(&tensors, &folder.path().join("mine.safetensors"));
    let (code, stdout, _) = check(folder.path(), &committed(), &["--allow", "last-place", "--json"]);
    assert_eq!(code, Some(5));
    let found: GoldenCheck = serde_json::from_str(&stdout).unwrap();
    assert_eq!(found.exit_code, 5);
    let undecided: Vec<_> = found.with(CaseVerdict::NotVerified).map(|case| case.name.as_str()).collect();
    assert_eq!(undecided, ["defaults"]);
}

#[test]
fn own_images_make_a_pack_that_keeps_what_it_is_told_to() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("photos")).unwrap();
    let photographs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
    for name in ["chelsea.png", "rocket.jpg"] {
        fs::copy(photographs.join(name), folder.path().join("photos").join(name)).unwrap();
    }
    let asked =
        ["golden", "make", "pack", "--images", "photos", "--max-num-patches", "64", "--full-under", "1MiB"];
    let output = patchmark(folder.path(), &asked);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, "3 cases of 2 images, 9 tensors: 9 whole, 0 as digests\n");
    let pack = folder.path().join("pack");
    write(&processed(&pack, "fused"), &folder.path().join("mine.safetensors"));
    let (code, stdout, stderr) = check(folder.path(), &pack, &[]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("3 passed: 0001-chelsea, 0002-rocket, batch"), "{stdout}");
}

#[test]
fn what_is_no_pack_and_no_tensors_is_refused() {
    let folder = tempdir().unwrap();
    let pack = committed();
    let pack = pack.to_str().unwrap();
    fs::write(folder.path().join("cut.safetensors"), [9, 0, 0, 0, 0, 0, 0, 0, b'{']).unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/thesis.txt"), "years of work").unwrap();
    refuses(folder.path(), &["golden", "check", pack, "cut.safetensors"], "cut.safetensors");
    refuses(folder.path(), &["golden", "check", pack, "none.safetensors"], "none.safetensors");
    refuses(folder.path(), &["golden", "check", "mine", "cut.safetensors"], "pack.json");
    refuses(folder.path(), &["golden", "check", "none", "cut.safetensors"], "none");
    refuses(folder.path(), &["golden", "make", "mine"], "pack.json");
    refuses(folder.path(), &["golden", "make", "new", "--patch-size", "14"], "--images");
    refuses(folder.path(), &["golden", "make", "new", "--images", "mine"], "mine");
    refuses(folder.path(), &["golden", "make", "new", "--full-under", "much"], "--full-under");
}
