//! The map of the repository: `docs/architecture.md` says what lives in each place.

use std::{fmt, fs, path::Path};

/// The file with the map.
pub const MAP: &str = "docs/architecture.md";

/// What is wrong with the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It cannot be read.
    NoMap(String),
    /// A place without a line.
    Unmapped(String),
    /// A line for a place that does not exist.
    Gone {
        /// The place.
        place: String,
        /// The line, counted from one.
        line: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMap(error) => {
                write!(out, "{MAP}: cannot be read ({error}); write it, with a line for every place")
            }
            Self::Unmapped(place) => {
                write!(out, "{MAP}: has no line for {place}; add one that begins with `{place}`")
            }
            Self::Gone { place, line } => {
                write!(out, "{MAP}:{line}: {place} is not there; correct or remove the line")
            }
        }
    }
}

/// Compares the map with the folders and files of `src` and the folders of `crates`.
pub fn faults(root: &Path) -> Vec<Fault> {
    let text = match fs::read_to_string(root.join(MAP)) {
        Ok(text) => text,
        Err(error) => return vec![Fault::NoMap(error.to_string())],
    };
    let named: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .flat_map(|(number, line)| places_named(line).into_iter().map(move |place| (number + 1, place)))
        .collect();
    let unmapped = places(root).into_iter().filter(|place| !named.iter().any(|(_, name)| name == place));
    let gone = named.iter().filter(|(_, place)| !root.join(place).exists());
    let gone = gone.map(|&(line, place)| Fault::Gone { place: place.to_owned(), line });
    unmapped.map(Fault::Unmapped).chain(gone).collect()
}

/// The places that must have a line.
fn places(root: &Path) -> Vec<String> {
    let mut places = Vec::new();
    for folder in ["src", "crates"] {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_folder = entry.path().is_dir();
            let is_root = folder == "src" && (name == "lib.rs" || name == "main.rs");
            if !name.starts_with('.') && (is_folder || folder == "src") && !is_root {
                places.push(format!("{folder}/{name}"));
            }
        }
    }
    places.sort();
    places
}

/// The places in backticks at the beginning of a table row's first cell or of a list item.
fn places_named(line: &str) -> Vec<&str> {
    let line = line.trim();
    let bullets = ["- ", "* ", "+ "];
    let names = if let Some(row) = line.strip_prefix('|') {
        spans(row.split('|').next().unwrap_or(row))
    } else if let Some(text) = bullets.iter().find_map(|bullet| line.strip_prefix(bullet)) {
        spans(text)
    } else {
        Vec::new()
    };
    let names = names.into_iter().map(|name| name.trim_end_matches('/'));
    names.filter(|name| name.starts_with("src/") || name.starts_with("crates/")).collect()
}

/// Spans in backticks at the beginning of a text, with nothing but commas and "and" between them.
fn spans(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some((span, behind)) = rest.strip_prefix('`').and_then(|inner| inner.split_once('`')) {
        found.push(span);
        let behind = behind.trim_start();
        let behind = behind.strip_prefix(',').unwrap_or(behind).trim_start();
        rest = behind.strip_prefix("and ").unwrap_or(behind).trim_start();
    }
    found
}
