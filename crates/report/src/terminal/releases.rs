//! Releases of transformers as `validate --all-releases` prints them.

use patchmark_results::{
    Releases, SkippedFile,
    releases::{Backend, failing, given},
    text::clean,
};

use super::layout::{Column, Paragraph, Table, Text};
use crate::words::releases::{answer, headline, parity};

/// For each class, one table of parity and one of answers, in at most `columns` columns.
pub fn render(releases: &Releases, columns: usize) -> String {
    let mut text = Text::new(columns);
    text.paragraph("", 0, &headline(releases));
    if let Some(skipped) = SkippedFile::sentence(&releases.skipped_files) {
        text.paragraph("", 0, &skipped);
    }
    for (title, backends) in releases.classes() {
        text.blank();
        text.line(&format!("The {title} class"));
        text.table(&overview(&backends));
        text.blank();
        text.table(&answers(&backends));
    }
    text.finish()
}

fn overview(backends: &[(&str, &Backend)]) -> Table {
    let mut table = Table::new(vec![Column::words("release"), Column::words("parity")]);
    for (version, backend) in backends {
        let parity = backend.parity.as_ref().map_or_else(|| "not compared".to_owned(), parity);
        let failed = failing(&[(*version, *backend)]);
        let below = if failed.is_empty() {
            Vec::new()
        } else {
            vec![Paragraph::new("  └ other failed checks:", 4, &clean(&failed.join(", ")))]
        };
        table.row([clean(version), parity], below);
    }
    table
}

/// Each release's answer to each question; an answer that consecutive releases share is printed once.
fn answers(backends: &[(&str, &Backend)]) -> Table {
    let mut table =
        Table::new(vec![Column::words("given"), Column::words("releases"), Column::words("answer")]);
    for question in given(backends) {
        let mut spans: Vec<(&str, &str, String)> = Vec::new();
        for (version, backend) in backends {
            let probe = backend.probes.iter().find(|probe| probe.given == question);
            let told = probe.map_or_else(|| "not asked".to_owned(), |probe| clean(&answer(&probe.answer)));
            match spans.last_mut() {
                Some((_, last, same)) if *same == told => *last = version,
                _ => spans.push((version, version, told)),
            }
        }
        for (index, (first, last, told)) in spans.into_iter().enumerate() {
            let range = if first == last { clean(first) } else { clean(&format!("{first} to {last}")) };
            let name = if index == 0 { clean(question) } else { String::new() };
            table.row([name, range, told], Vec::new());
        }
    }
    table
}
