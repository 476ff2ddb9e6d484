//! File systems for tests of what the system tells.

use std::fs;

use tempfile::TempDir;

/// A root folder with these files, given by path and content.
pub(super) fn system(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let file = root.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    root
}
