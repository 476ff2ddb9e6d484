//! Releases of transformers as overlay folders, which come before the environment's packages, one per process.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use patchmark_results::input_error;

use crate::{cache_folder::cache_folder, console::tell, python};

/// The first release with SigLIP 2.
const FIRST: [u32; 2] = [4, 50];

/// Refuses anything but a plain version, because it becomes part of a path and of a command line.
///
/// # Errors
/// An input error that names the version.
pub fn check_version(version: &str) -> Result<()> {
    let parts: Vec<&str> = version.split('.').collect();
    let plain = (2..=4).contains(&parts.len())
        && parts.iter().all(|part| {
            part.starts_with(|c: char| c.is_ascii_digit()) && part.chars().all(|c| c.is_ascii_alphanumeric())
        });
    if !plain {
        return Err(input_error!("{version:?} is not a version of transformers such as 4.57.6"));
    }
    if key(version) < FIRST.to_vec() {
        return Err(input_error!("transformers {version} has no SigLIP 2; 4.50.0 is the first with it"));
    }
    Ok(())
}

/// The numbers of a version, for ordering.
pub fn key(version: &str) -> Vec<u32> {
    let number =
        |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    version.split('.').map(number).collect()
}

/// Where overlays are kept: `PATCHMARK_CACHE`, or `patchmark` in the user's cache folder.
///
/// # Errors
/// An input error if neither `PATCHMARK_CACHE` nor a home folder is set.
pub fn folder() -> Result<PathBuf> {
    let base = cache_folder()
        .ok_or_else(|| input_error!("HOME is not set; name a cache folder in PATCHMARK_CACHE"))?;
    Ok(base.join("envs"))
}

/// Installed versions, oldest first.
///
/// # Errors
/// As [`folder`].
pub fn installed() -> Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(folder()?) else { return Ok(Vec::new()) };
    let mut versions: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("transformers").is_dir())
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_prefix("transformers-")?.to_owned()))
        .filter(|version| check_version(version).is_ok())
        .collect();
    versions.sort_by_key(|version| key(version));
    Ok(versions)
}

/// The overlay of a version, fetched if it is not installed.
///
/// # Errors
/// An input error if uv or the network is missing, or there is no such release.
pub fn ensure(version: &str) -> Result<PathBuf> {
    check_version(version)?;
    let target = folder()?.join(format!("transformers-{version}"));
    if target.join("transformers").is_dir() {
        return Ok(target);
    }
    let parent = folder()?;
    fs::create_dir_all(&parent)
        .map_err(|error| input_error!("cannot make the cache folder {}: {error}", parent.display()))?;
    tell!("fetching transformers {version}");
    let staging = tempfile::Builder::new().prefix(".new-").tempdir_in(&parent)?;
    install(version, staging.path())?;
    // An overlay that contains torch would load two copies of libtorch into one process.
    if staging.path().join("torch").exists() {
        return Err(input_error!(
            "transformers {version} installs its own torch, so it cannot be an overlay"
        ));
    }
    match fs::rename(staging.path(), &target) {
        Ok(()) => drop(staging.keep()),
        // Another process may have been faster; its overlay is the same.
        Err(_) if target.join("transformers").is_dir() => {}
        Err(error) => return Err(error).with_context(|| format!("failed to keep {}", target.display())),
    }
    Ok(target)
}

/// Removes a version.
///
/// # Errors
/// An input error if it is not installed.
pub fn remove(version: &str) -> Result<()> {
    check_version(version)?;
    let target = folder()?.join(format!("transformers-{version}"));
    if !target.is_dir() {
        return Err(input_error!(
            "transformers {version} is not installed; `patchmark envs list` shows the installed releases"
        ));
    }
    fs::remove_dir_all(&target).with_context(|| format!("failed to remove {}", target.display()))
}

fn install(version: &str, target: &Path) -> Result<()> {
    let uv = uv().ok_or_else(|| {
        input_error!("transformers {version} is not installed, and there is no uv to fetch it; install uv (https://docs.astral.sh/uv)")
    })?;
    let output = Command::new(&uv)
        .args(["pip", "install", "--quiet", "--compile-bytecode", "--no-config", "--python"])
        .arg(python::interpreter())
        .arg("--target")
        .arg(target)
        .arg(format!("transformers=={version}"))
        .args(numpy().map(|version| format!("numpy=={version}")))
        .output()
        .with_context(|| format!("failed to run {}", uv.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let reason: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.is_empty()).take(4).collect();
    let cached = installed()?.join(", ");
    Err(input_error!(
        "transformers {version} could not be fetched: {}; {}",
        reason.join(" "),
        if cached.is_empty() { "no release is installed".into() } else { format!("installed: {cached}") }
    ))
}

/// The version of the environment's numpy, so that an overlay does not bring another.
fn numpy() -> Option<String> {
    let probe = "import importlib.metadata as m; print(m.version('numpy'))";
    let output = Command::new(python::interpreter()).args(["-c", probe]).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !version.is_empty()).then_some(version)
}

/// uv on the path, or the one that `make setup` installed next to the environment.
fn uv() -> Option<PathBuf> {
    let python = python::interpreter();
    let own = python.ancestors().nth(3).map(|root| root.join(".build/uv/bin/uv"));
    let beside = fs::canonicalize(python.parent()?.parent()?)
        .ok()
        .and_then(|environment| Some(environment.parent()?.join(".build/uv/bin/uv")));
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).map(|dir| dir.join("uv")).collect());
    let candidates: Vec<PathBuf> = on_path.unwrap_or_default();
    candidates.into_iter().chain(own).chain(beside).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_versions_from_the_first_with_siglip2_are_taken() {
        for version in ["4.50.0", "5.23.0", "5.0.0rc1", "4.57"] {
            assert!(check_version(version).is_ok(), "{version}");
        }
        for version in ["", "5", "../x", "4.49.0", "5.0 --index", "latest", "4..5", "1.2.3.4.5"] {
            assert!(check_version(version).is_err(), "{version}");
        }
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        assert!(key("4.57.6") < key("5.0.0") && key("5.4.0") < key("5.17.0"));
    }
}
