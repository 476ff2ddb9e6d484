//! What every page has in common: verdict and numbers first, then charts, then everything else.

use anyhow::Result;
use maud::{Markup, html};
use patchmark_results::text::clean;

use super::{figure::figure, head};
use crate::{charts::Chart, format::Format};

/// The largest number of notes on a page.
const MOST_NOTES: usize = 100;

/// One of the numbers that a page shows first.
pub(super) struct Number {
    /// What it is.
    pub name: String,
    /// The large text.
    pub shown: String,
    /// The saved number.
    pub value: f64,
    /// Its interval, or the total that it is a part of.
    pub detail: String,
}

/// A page, part by part.
pub(super) struct Sheet<'a> {
    /// The machine, the model or whatever else distinguishes this page from others.
    pub about: String,
    /// The verdict.
    pub headline: String,
    /// What a reader must know before the numbers.
    pub lead: Markup,
    pub numbers: Vec<Number>,
    pub charts: &'a [Chart],
    /// The formats of the chart files that lie beside the page.
    pub beside: &'a [Format],
    /// Tables, with their headings.
    pub tables: Vec<(&'static str, Markup)>,
    pub notes: &'a [String],
    /// What the numbers depend on.
    pub environment: Markup,
    /// How to reproduce it.
    pub again: Markup,
    /// The name of the saved file.
    pub file: &'static str,
}

impl Sheet<'_> {
    /// The complete document.
    pub(super) fn render(&self) -> Result<String> {
        let figures =
            self.charts.iter().map(|chart| figure(chart, chart.name())).collect::<Result<Vec<_>>>()?;
        let body = html! {
            header {
                div { p.brand { "Patchmark" } p.muted { (self.about) } }
                (head::switch())
            }
            main #main {
                h1 { (self.headline) }
                (self.lead)
                (numbers(&self.numbers))
                @for (chart, figure) in self.charts.iter().zip(&figures) {
                    section {
                        h2 { (chart.frame().title) }
                        (figure)
                        (files(chart, self.beside))
                    }
                }
                @for (heading, table) in &self.tables { section { h2 { (heading) } (table) } }
                @if !self.notes.is_empty() {
                    section { h2 { "Notes" } ul {
                        @for note in self.notes.iter().take(MOST_NOTES) { li { (clean(note)) } }
                    } }
                }
                section { h2 { "What the numbers depend on" } (self.environment) }
                section { (self.again) }
            }
            footer { "Drawn by patchmark " (env!("CARGO_PKG_VERSION")) " from " a href=(self.file) { (self.file) } "." }
        };
        Ok(head::document(&format!("Patchmark: {}", self.headline), &body))
    }
}

/// The numbers as cards.
pub(super) fn numbers(numbers: &[Number]) -> Markup {
    html! {
        @if !numbers.is_empty() {
            dl.numbers {
                @for number in numbers {
                    div data-value=(number.value) {
                        dt { (number.name) }
                        dd { (number.shown) small { (number.detail) } }
                    }
                }
            }
        }
    }
}

fn files(chart: &Chart, beside: &[Format]) -> Markup {
    html! {
        p.files { @for format in beside.iter().filter(|format| **format != Format::Html) {
            @let name = format!("{}.{}", chart.name(), format!("{format:?}").to_lowercase());
            a href=(name) { (name) } " "
        } }
    }
}
