//! A decision's folder: `compare.json` or `gate.json`, `summary.md`, `report.html`, the chart and `junit.xml`, all or nothing.

use std::path::Path;

use anyhow::Result;

use super::junit::junit;
use crate::{
    gate::{Decision, decision::Kind},
    report::{folder::Folder, store},
};

/// The file that makes a folder a decision's.
pub(crate) fn file(kind: Kind) -> &'static str {
    match kind {
        Kind::Compare => "compare.json",
        Kind::Gate => "gate.json",
    }
}

/// Checks, before anything is measured, that [`write()`] will be able to write `dir`.
///
/// # Errors
/// An input error for a folder that cannot be written or holds something else.
pub fn check_writable(dir: &Path, kind: Kind) -> Result<()> {
    Folder::find(dir, file(kind))?.probe()
}

/// Writes the decision as the folder `dir`, which is complete or not there.
///
/// # Errors
/// As for [`check_writable`].
pub fn write(dir: &Path, decision: &Decision) -> Result<()> {
    let staging = Folder::find(dir, file(decision.kind))?.staging()?;
    store::save(&staging, decision)?;
    staging.save("junit.xml", junit(decision).as_bytes())?;
    staging.replace()
}
