//! The file as it is written: its keys, and what is refused as soon as it is read.

use std::path::{Path, PathBuf};

use anyhow::Result;
use patchmark_results::{Percent, input_error, reading};
use serde::Deserialize;
use toml::Spanned;

use super::parity::AllowedParity;
use crate::figures::{Figure, FigureKind};

/// The kinds of device that a run can have used.
const DEVICES: [&str; 2] = ["cpu", "cuda"];

/// A file with its place, for errors and findings that name a line.
#[derive(Debug, Default)]
pub(super) struct Source {
    path: PathBuf,
    text: String,
    /// What it says.
    pub(super) file: File,
}

/// The contents of the file; every key is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) min_effect: Option<Percent>,
    pub(super) inconclusive: Option<Inconclusive>,
    #[serde(default)]
    pub(super) rows: Vec<Spanned<Entry>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Inconclusive {
    Fail,
    Pass,
}

/// A selection of rows and what is required of them; a later entry overrides an earlier one, key by key.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) processors: Option<Vec<Spanned<String>>>,
    pub(crate) batch_sizes: Option<Vec<Spanned<usize>>>,
    pub(crate) devices: Option<Vec<Spanned<String>>>,
    pub(crate) figures: Option<Vec<Spanned<FigureKind>>>,
    /// Whether the entry may find nothing to apply to.
    #[serde(default)]
    pub(crate) allow_empty: bool,
    pub(crate) counts: Option<bool>,
    pub(crate) min_effect: Option<Percent>,
    pub(crate) parity: Option<AllowedParity>,
    pub(crate) max_ratio: Option<Spanned<f64>>,
}

impl Entry {
    /// Whether the entry applies to a figure measured on `device`.
    pub(crate) fn applies(&self, figure: &Figure, device: &str) -> bool {
        self.figures.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| *kind.get_ref() == figure.kind))
            && self.selects(figure.processor.as_deref(), figure.batch_size, device)
    }

    /// Whether the entry selects a processor (none for a forward) at a batch size, whatever the figure.
    pub(super) fn selects(&self, processor: Option<&str>, batch_size: usize, device: &str) -> bool {
        let named = |names: &[Spanned<String>], own: Option<&str>| {
            names.iter().any(|name| Some(name.get_ref().as_str()) == own)
        };
        self.processors.as_ref().is_none_or(|names| named(names, processor))
            && self
                .batch_sizes
                .as_ref()
                .is_none_or(|sizes| sizes.iter().any(|size| *size.get_ref() == batch_size))
            && self.devices.as_ref().is_none_or(|devices| named(devices, Some(device_kind(device))))
    }
}

/// `cpu` or `cuda`, without the number of the device.
pub(crate) fn device_kind(device: &str) -> &str {
    device.split(':').next().unwrap_or_default()
}

impl Source {
    /// Reads and checks a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = reading::text(path)?;
        let file = toml::from_str(&text).map_err(|error| {
            input_error!("the policy {}: {}", path.display(), error.to_string().trim_end())
        })?;
        let source = Self { path: path.to_owned(), text, file };
        source.check()?;
        Ok(source)
    }

    /// The place of a byte of the file, such as `patchmark.toml, line 3`.
    pub(super) fn place(&self, at: usize) -> String {
        let line = self.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        format!("{}, line {line}", self.path.display())
    }

    /// The error for something wrong at a byte of the file.
    pub(super) fn wrong(&self, at: usize, why: &str) -> anyhow::Error {
        input_error!("the policy {}: {why}", self.place(at))
    }

    fn check(&self) -> Result<()> {
        for entry in &self.file.rows {
            let (start, entry) = (entry.span().start, entry.get_ref());
            let empty = [
                ("processors", entry.processors.as_ref().map(Vec::is_empty)),
                ("batch_sizes", entry.batch_sizes.as_ref().map(Vec::is_empty)),
                ("devices", entry.devices.as_ref().map(Vec::is_empty)),
                ("figures", entry.figures.as_ref().map(Vec::is_empty)),
            ];
            if let Some((key, _)) = empty.iter().find(|(_, empty)| *empty == Some(true)) {
                return Err(self.wrong(start, &format!("{key} is empty, so this entry selects nothing")));
            }
            let devices = entry.devices.iter().flatten();
            if let Some(device) =
                devices.into_iter().find(|device| !DEVICES.contains(&device.get_ref().as_str()))
            {
                let why = format!("devices has {:?}; choose from {}", device.get_ref(), DEVICES.join(" or "));
                return Err(self.wrong(device.span().start, &why));
            }
            let ratio = entry.max_ratio.as_ref();
            // NaN is not above zero.
            if let Some(ratio) =
                ratio.filter(|ratio| !(ratio.get_ref().is_finite() && *ratio.get_ref() > 0.0))
            {
                let why = format!("max_ratio = {} is not a number above zero", ratio.get_ref());
                return Err(self.wrong(ratio.span().start, &why));
            }
        }
        Ok(())
    }
}
