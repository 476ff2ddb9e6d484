//! Writes the commit into the binary and, with the feature `harness`, the paths it needs at run time, so that it runs
//! from any folder without exported variables: torch's `lib` folder, libpython's folder, and the interpreter to embed.

use std::{env, process::Command};

/// What a binary is built from. Other files of the tree, such as saved results, do not affect it.
const SOURCES: [&str; 6] = ["build.rs", "Cargo.toml", "Cargo.lock", "src", "crates", "fixtures"];

/// Prints what must be known about the interpreter, as `key=value` lines.
const PROBE: &str = r#"
import sys, sysconfig, pathlib
import torch
print("executable=" + sys.executable)
print("torch_lib=" + str(pathlib.Path(torch.__file__).parent / "lib"))
print("libpython=" + (sysconfig.get_config_var("LIBDIR") or ""))
print("shared=" + str(sysconfig.get_config_var("Py_ENABLE_SHARED") or 0))
"#;

fn main() {
    // All of them: a change that does not rerun this script would be missing from the commit below.
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    for variable in ["PYO3_PYTHON", "VIRTUAL_ENV", "PATCHMARK_COMMIT"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/refs/heads");

    println!("cargo:rustc-env=PATCHMARK_BUILD_COMMIT={}", commit());
    // A binary that only decides and draws needs neither torch nor Python.
    if env::var_os("CARGO_FEATURE_HARNESS").is_some() {
        find_python();
    }
}

/// Finds the interpreter to embed, which must have torch.
fn find_python() {
    let python = env::var("PYO3_PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(&python).args(["-c", PROBE]).output().unwrap_or_else(|error| {
        panic!("cannot run {python}: {error}; run `make build`, which sets up .venv")
    });
    assert!(
        output.status.success(),
        "{python} cannot import torch; run `make build`, which installs requirements.txt into .venv\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let value = |key: &str| {
        text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default().to_owned()
    };
    // The wheel is loaded elsewhere, by an interpreter that has torch: this machine's paths are of no use there.
    if env::var_os("CARGO_FEATURE_EXTENSION_MODULE").is_some() {
        return;
    }
    assert!(
        value("shared") == "1",
        "{python} has no shared libpython, so it cannot be embedded; use a Python built with --enable-shared \
         (Debian: apt-get install python3-dev; pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared)"
    );
    for directory in [value("torch_lib"), value("libpython")] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{directory}");
    }
    println!("cargo:rustc-env=PATCHMARK_BUILD_PYTHON={}", value("executable"));
}

/// The commit this binary is built from, followed by `+changes` if its sources differ from it.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "--short=12", "HEAD"]) {
        None => "unknown".into(),
        Some(hash) => match git(&[&["status", "--porcelain", "--"], &SOURCES[..]].concat()) {
            Some(changes) if changes.is_empty() => hash,
            _ => format!("{hash}+changes"),
        },
    }
}
