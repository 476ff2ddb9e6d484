//! Pixels are those that transformers reads, or none are given. Files and digests come from Python: see `corpus`.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use patchmark_decode::{Loader, Native, SIMD, decode, stored_size};
use sha2::{Digest, Sha256};
use tempfile::tempdir;

/// Files with faults; `make mutated-images` sets more.
fn mutations() -> String {
    env::var("PATCHMARK_MUTATIONS").unwrap_or_else(|_| "200".into())
}

/// Runs a script of `tests/corpus` and returns what it prints.
fn python(script: &str, arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let environment = env::var_os("VIRTUAL_ENV").map_or_else(|| root.join("../../.venv"), PathBuf::from);
    let output = Command::new(environment.join("bin/python"))
        .arg(root.join("tests/corpus").join(script))
        .args(arguments)
        .output()
        .expect("the interpreter of `make setup`");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// How many files were decoded natively, and how many were left to each loader.
#[derive(Default)]
struct Tally {
    native: usize,
    undecided: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} decoded, {} left to the loader", self.native, self.undecided)
    }
}

/// Checks every file of a folder against both loaders.
fn agree(folder: &Path, damaged: &[&str]) -> Tally {
    let mut tally = Tally::default();
    let digests = python("reference.py", &[&[folder.to_str().unwrap()], damaged].concat());
    for line in digests.lines() {
        let [name, pillow, torchvision, _] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}: not four fields")
        };
        let bytes = fs::read(folder.join(name)).unwrap();
        for (loader, right) in [(Loader::Pillow, pillow), (Loader::Torchvision, torchvision)] {
            match decode(&bytes, loader, vec![7; 100]) {
                Ok(Native::Pixels(pixels)) => {
                    let digest = Sha256::digest(&pixels.rgb);
                    let found = format!("{}x{}:{digest:x}", pixels.width, pixels.height);
                    assert_eq!(found, right, "{name} as {loader:?}");
                    let stored = stored_size(&bytes).unwrap();
                    assert_eq!(stored.0 as usize * stored.1 as usize * 3, pixels.rgb.len(), "{name}");
                    tally.native += 1;
                }
                Ok(Native::Undecided(_)) | Err(_) => tally.undecided += 1,
            }
        }
    }
    tally
}

#[test]
fn every_pixel_is_the_loaders() {
    let folder = tempdir().unwrap();
    let (jpeg, others) = (folder.path().join("jpeg"), folder.path().join("others"));
    python("jpeg.py", &[env!("PATCHMARK_CJPEG"), jpeg.to_str().unwrap()]);
    let tally = agree(&jpeg, &[]);
    eprintln!("JPEG: {tally}");
    // Arithmetic coding, CMYK, half-height components under torchvision, damage and odd metadata; no other kind of file.
    assert!(!SIMD || tally.native >= 1900 && tally.undecided <= 650, "{tally}");

    python("others.py", &[others.to_str().unwrap()]);
    let tally = agree(&others, &[]);
    eprintln!("other formats: {tally}");
    assert!(tally.native >= 80, "{tally}");

    let mutated = folder.path().join("mutated");
    for (source, seed) in [(&jpeg, "1"), (&others, "2")] {
        let _ = fs::remove_dir_all(&mutated);
        let [from, to] = [source, &mutated].map(|path| path.to_str().unwrap());
        python("mutate.py", &[from, to, &mutations(), seed]);
        let tally = agree(&mutated, &["damaged"]);
        eprintln!("mutated: {tally}");
    }
    let peak = fs::read_to_string("/proc/self/status").unwrap();
    let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")).unwrap();
    // Headers of mutated files claim any size.
    assert!(peak.parse::<u64>().unwrap() < 2 << 20, "{peak} kB at most");
}
