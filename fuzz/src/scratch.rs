//! Files for readers that take a path.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use tempfile::TempDir;

/// A folder of this process's own. It stays behind, since libFuzzer never returns: `make fuzz` makes a `TMPDIR` for it
/// and removes that.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| TempDir::new().expect("a folder for temporary files")).path()
}

/// Writes a file below [`folder`] and returns its path.
pub fn file(name: &str, data: &[u8]) -> PathBuf {
    let path = folder().join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("the folder of temporary files can be written to");
    }
    fs::write(&path, data).expect("the folder of temporary files can be written to");
    path
}
