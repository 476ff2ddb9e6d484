//! Releases of transformers as `validate --all-releases` prints them.

use patchmark_results::{
    Releases,
    releases::{Backend, failing, given},
    text::clean,
};

use super::layout::{Align, Table, joined, wrap};
use crate::words::releases::{answer, headline, parity};

/// For each class, one table of parity and one of answers.
pub fn render(releases: &Releases) -> String {
    let mut lines = wrap("", 0, &headline(releases));
    for (title, backends) in releases.classes() {
        lines.push(String::new());
        lines.push(format!("The {title} class"));
        lines.extend(overview(&backends));
        lines.push(String::new());
        lines.extend(answers(&backends));
    }
    joined(lines)
}

fn overview(backends: &[(&str, &Backend)]) -> Vec<String> {
    let mut table = Table::new(&[("release", Align::Left), ("parity", Align::Left)]);
    for (version, backend) in backends {
        let parity = backend.parity.as_ref().map_or_else(|| "not compared".to_owned(), parity);
        let failed = failing(&[(*version, *backend)]);
        let below = if failed.is_empty() {
            Vec::new()
        } else {
            wrap("  └ other failed checks:", 4, &clean(&failed.join(", ")))
        };
        table.row([clean(version), parity], below);
    }
    table.lines(&[])
}

/// Each release's answer to each question; an answer that consecutive releases share is printed once.
fn answers(backends: &[(&str, &Backend)]) -> Vec<String> {
    let mut table = Table::new(&[("given", Align::Left), ("releases", Align::Left), ("answer", Align::Left)]);
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
    table.lines(&[2, 0])
}
