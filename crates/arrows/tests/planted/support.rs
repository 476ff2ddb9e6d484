//! Makes workspaces in temporary folders.

use std::fs;

use patchmark_arrows::{AllUnreadable, Report, Rule, check};
use tempfile::TempDir;

/// The manifest of the main crate if a test gives none.
const MANIFEST: &str = "[package]\nname = \"patchmark\"\n";

/// Writes a workspace of these files, given by their paths from its root.
pub fn plant(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    let manifest = ("Cargo.toml", MANIFEST);
    for (path, text) in [manifest].iter().chain(files) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    }
    root
}

/// The result of checking these files under these rules.
pub fn checked(files: &[(&str, &str)], rules: &[Rule]) -> Result<Report, AllUnreadable> {
    check(plant(files).path(), rules)
}

/// The arrows of these files' circles, as lines `from -> to: names`.
pub fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let report = checked(files, &[]).expect("readable files");
    let arrows = report.circles.iter().flat_map(|circle| &circle.arrows);
    let name = |file: &str| file.trim_start_matches("src/").to_owned();
    arrows
        .map(|(from, to, names)| {
            let names: Vec<&str> = names.keys().map(String::as_str).collect();
            format!("{} -> {}: {}", name(from), name(to), names.join(", "))
        })
        .collect()
}
