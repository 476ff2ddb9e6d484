//! The page that lists results.

use maud::html;
use patchmark_results::text::{clean, plural};

use super::{
    grid::{self, Cell},
    head,
};
use crate::entry::Entry;

const COLUMNS: [(&str, bool); 6] = [
    ("Folder", false),
    ("Found", false),
    ("Command", false),
    ("Machine", false),
    ("Subject", false),
    ("Commit", false),
];

/// The index as one HTML document, with the results that could not be read.
pub fn of_index(entries: &[Entry], unreadable: &[String]) -> String {
    let rows = entries.iter().map(|entry| {
        let Entry { folder, headline, origin, page } = entry;
        vec![
            Cell { link: page.then(|| format!("{folder}/{}", super::FILE)), ..Cell::text(folder.as_str()) },
            Cell::text(headline.as_str()),
            Cell::text(origin.command),
            Cell::text(origin.machine.as_str()),
            Cell::text(origin.subject.as_str()),
            Cell::text(origin.commit.as_str()),
        ]
    });
    let caption = "Differences between machines do not come from the code. Click a heading to sort.";
    let body = html! {
        header { div { p.brand { "Patchmark" } p.muted { (plural(entries.len() as u64, "result")) } } (head::switch()) }
        main #main {
            h1 { "Saved results" }
            @for reason in unreadable { p.warning { strong { "Left out: " } (clean(reason)) } }
            div.index { (grid::table("Saved results", caption, &COLUMNS, entries.len(), rows)) }
        }
        footer { "Drawn by patchmark " (env!("CARGO_PKG_VERSION")) "." }
    };
    head::document("Patchmark: saved results", &body)
}
