//! Whether the disk has room.

use std::path::Path;

use anyhow::{Context, Result};
use patchmark_results::input_error;

/// Checks that `needed` bytes fit on the disk of the folder `place`.
///
/// # Errors
/// An input error if they do not.
pub(super) fn check_room(place: &Path, needed: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(place).with_context(|| {
        format!("failed to ask how much room there is on the disk of {}", place.display())
    })?;
    check(place, needed, disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn check(place: &Path, needed: u64, free: u64) -> Result<()> {
    if needed <= free {
        return Ok(());
    }
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    Err(input_error!(
        "the output needs {}, and the disk of {} has {} left; choose another disk with --out, process fewer images, or make \
         --max-num-patches smaller",
        gigabytes(needed),
        place.display(),
        gigabytes(free)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchmark_results::InputError;

    #[test]
    fn what_does_not_fit_is_refused_with_both_sizes() {
        assert!(check(Path::new("out"), 5, 5).is_ok());
        let error = check(Path::new("out"), 17_300_000_000, 5_000_000_000).unwrap_err();
        assert!(error.is::<InputError>());
        let error = error.to_string();
        assert!(error.contains("needs 17.3 GB") && error.contains("has 5.0 GB left"), "{error}");
    }

    #[test]
    fn the_disk_of_a_folder_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_room(folder.path(), 1).is_ok());
        assert!(check_room(folder.path(), u64::MAX).unwrap_err().is::<InputError>());
    }
}
