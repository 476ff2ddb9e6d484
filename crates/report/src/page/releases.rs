//! The page of a matrix of releases.

use anyhow::Result;
use maud::{Markup, html};
use patchmark_results::{
    Kind, Releases, SkippedFile,
    releases::{Backend, failing},
    text::{clean, count},
};

use super::{
    facts,
    grid::{self, Cell},
    sheet::{Number, Sheet},
};
use crate::{
    charts::Chart,
    format::Format,
    words::releases::{headline, parity as parity_in_words},
};

const COLUMNS: [(&str, bool); 6] = [
    ("Release", false),
    ("Class", false),
    ("Parity", false),
    ("Calls that differ", true),
    ("Answers that differ", true),
    ("Other failed checks", false),
];

/// The matrix as one HTML document; see [`super::of_run`].
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_releases(matrix: &Releases, charts: &[Chart], beside: &[Format]) -> Result<String> {
    let mut environment: Vec<(&str, String)> = vec![("Reference", matrix.reference.clone())];
    environment.extend(matrix.environment.iter().map(|(name, version)| (name.as_str(), version.clone())));
    environment.push(("Vector level", matrix.cpu_capability.clone()));
    environment.push(("Commit", matrix.commit.clone()));
    let notes: Vec<String> = SkippedFile::sentence(&matrix.skipped_files).into_iter().collect();
    Sheet {
        about: format!("compared with {}", clean(&matrix.reference)),
        headline: headline(matrix),
        lead: html! {},
        numbers: numbers(matrix),
        charts,
        beside,
        tables: vec![("All releases", table(matrix)), ("Failed checks", findings(matrix))],
        notes: &notes,
        environment: facts::list(&environment),
        again: html! {
            h2 id="again" { "Reproduce it" }
            pre tabindex="0" { code {
                "patchmark envs add"
                @for release in &matrix.releases { " " (clean(&release.version)) }
                "\npatchmark validate --all-releases"
            } }
        },
        file: Kind::Releases.file(),
    }
    .render()
}

/// The number of releases, and how many of them have the reference's bits with each class.
fn numbers(matrix: &Releases) -> Vec<Number> {
    let all = matrix.releases.len();
    let mut numbers = vec![Number {
        name: "releases".to_owned(),
        shown: count(all as u64),
        value: all as f64,
        detail: "each with two classes".to_owned(),
    }];
    for (title, backends) in matrix.classes() {
        let exact = backends.iter().filter(|(_, backend)| backend.exact()).count();
        numbers.push(Number {
            name: format!("releases with the reference’s bits, {title} class"),
            shown: count(exact as u64),
            value: exact as f64,
            detail: format!("of {}", count(all as u64)),
        });
    }
    numbers
}

fn table(matrix: &Releases) -> Markup {
    let classes = matrix.classes();
    let rows = classes.iter().flat_map(|(title, backends)| {
        backends.iter().map(move |(version, backend)| line(title, version, backend))
    });
    let all = classes.iter().map(|(_, backends)| backends.len()).sum();
    let caption = "Each release's two classes. Click a heading to sort.";
    grid::table("All releases", caption, &COLUMNS, all, rows)
}

fn line(title: &str, version: &str, backend: &Backend) -> Vec<Cell> {
    let parity = backend.parity.as_ref();
    let unlike = backend.probes.iter().filter(|probe| !probe.agrees).count();
    let failed = failing(&[(version, backend)]);
    vec![
        Cell { small: Some(title.to_owned()), ..Cell::text(clean(version)) },
        Cell::text(clean(backend.class.rsplit('.').next().unwrap_or_default())),
        Cell::text(parity.map_or_else(|| "not compared".to_owned(), parity_in_words)),
        Cell::number(parity.map(|parity| parity.differing as f64), |calls| count(calls as u64)),
        Cell::number(Some(unlike as f64), |answers| count(answers as u64)),
        Cell::text(if failed.is_empty() { "none".to_owned() } else { clean(&failed.join(", ")) }),
    ]
}

/// The first finding of each failed check.
fn findings(matrix: &Releases) -> Markup {
    html! {
        @for (title, backends) in matrix.classes() {
            h3 { "The " (title) " class" }
            ul { @for (version, backend) in &backends { @for failed in &backend.failed {
                li { (clean(version)) ", " (clean(&failed.check)) ": " (clean(&failed.finding)) }
            } } }
        }
    }
}
