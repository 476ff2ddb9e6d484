//! Where patchmark keeps files that it can recreate.

use std::{env, path::PathBuf};

/// `PATCHMARK_CACHE`, or `patchmark` in the user's cache folder; `None` without a home folder.
pub fn cache_folder() -> Option<PathBuf> {
    let given = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    given("PATCHMARK_CACHE")
        .or_else(|| given("XDG_CACHE_HOME").map(|cache| cache.join("patchmark")))
        .or_else(|| given("HOME").map(|home| home.join(".cache/patchmark")))
}
