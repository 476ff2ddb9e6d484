//! The matrix as files.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{Matrix, markdown};

/// Writes `validate.json` and `matrix.md` to the folder.
///
/// # Errors
/// If a file cannot be written.
pub fn save(matrix: &Matrix, staging: TempDir, folder: &Path) -> Result<()> {
    let mut json = serde_json::to_vec_pretty(matrix).context("failed to encode the matrix")?;
    json.push(b'\n');
    fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    for (name, bytes) in [("matrix.md", markdown(matrix).into_bytes()), ("validate.json", json)] {
        let written = staging.path().join(name);
        fs::write(&written, bytes)?;
        fs::rename(&written, folder.join(name)).with_context(|| format!("failed to save {name}"))?;
    }
    Ok(())
}
