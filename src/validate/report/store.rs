//! A validation's folder: written beside and renamed, so that it is whole or not there.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{Report, junit};
use crate::{
    input_error,
    report::{export::Selection, saved::Saved},
};

/// The file that marks a folder as a validation's, which alone may be replaced.
const MARK: &str = "validate.json";

/// Checks that the folder may be written, and makes the one beside it that becomes it.
///
/// # Errors
/// An input error for a folder of other files, and where nothing can be written.
pub fn check_writable(folder: &Path) -> Result<TempDir> {
    let unwritable = |error: std::io::Error| input_error!("cannot write {}: {error}", folder.display());
    if folder.exists() {
        let mut entries = fs::read_dir(folder).map_err(unwritable)?;
        if entries.next().is_some() && !folder.join(MARK).is_file() {
            return Err(input_error!(
                "{} exists and holds no {MARK}, so it is left alone: name a new folder",
                folder.display()
            ));
        }
    }
    let parent = parent(folder);
    fs::create_dir_all(&parent).map_err(unwritable)?;
    let name = folder.file_name().unwrap_or(OsStr::new("validate")).to_string_lossy();
    let prefix = format!(".{name}.new-");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    // A temporary folder is private by default, and this one becomes what others read.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755));
    builder.tempdir_in(parent).map_err(unwritable)
}

/// Writes the report's files into `staging`, which holds the evidence, and puts it in place.
///
/// # Errors
/// If a file cannot be written or the folder not be replaced.
pub fn write(report: &Report, staging: TempDir, folder: &Path) -> Result<()> {
    let save = |name: &str, bytes: &[u8]| {
        fs::write(staging.path().join(name), bytes).with_context(|| format!("failed to write {name}"))
    };
    save(MARK, &report.json()?)?;
    save("summary.md", report.summary().as_bytes())?;
    for (name, bytes) in Selection::default().files(report)? {
        save(&name, &bytes)?;
    }
    save("junit.xml", junit::render(report).as_bytes())?;
    let mut aside = None;
    if folder.exists() {
        let older = tempfile::Builder::new().prefix(".old-").tempdir_in(parent(folder))?;
        let kept = older.path().join("run");
        fs::rename(folder, &kept).with_context(|| format!("failed to move {} aside", folder.display()))?;
        aside = Some((older, kept));
    }
    if let Err(error) = fs::rename(staging.path(), folder) {
        if let Some((older, kept)) = aside {
            let holder = older.keep();
            // Should the older one not go back, it stays beside rather than be deleted.
            if fs::rename(&kept, folder).is_ok() {
                let _ = fs::remove_dir(holder);
            }
        }
        return Err(error).with_context(|| format!("failed to put {} in place", folder.display()));
    }
    let _ = staging.keep();
    Ok(())
}

fn parent(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_other_files_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
        assert!(check_writable(folder.path()).unwrap_err().is::<crate::error::InputError>());
        assert!(check_writable(&folder.path().join("new")).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a probe leaves nothing behind");
    }
}
