//! The page of a result of `parity`.

use anyhow::Result;
use maud::{Markup, html};
use patchmark_results::{
    Kind, LEVEL, Parity, ParityRow,
    parity::size,
    text::{clean, count, number, plural},
};

use super::{
    facts,
    grid::{self, Cell},
    sheet::{Number, Sheet},
};
use crate::{
    charts::Chart,
    format::Format,
    words::{
        decoding::what,
        parity::{headline, notes, worst},
    },
};

const COLUMNS: [(&str, bool); 6] = [
    ("Processor", false),
    ("max_num_patches", true),
    ("Values", true),
    ("Differing", true),
    ("Images that differ", true),
    ("Worst", true),
];

/// The result as one HTML document; see [`super::of_run`].
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_parity(run: &Parity, charts: &[Chart], beside: &[Format]) -> Result<String> {
    let notes = notes(run);
    let mut environment = vec![
        ("Reference", run.reference.clone()),
        ("Device", run.device.clone()),
        ("Seed of the generated images", run.seed.to_string()),
    ];
    environment.extend(facts::of_environment(&run.environment));
    Sheet {
        about: format!(
            "{} compared with {}",
            plural(run.images.len() as u64, "image"),
            clean(&run.reference)
        ),
        headline: headline(run),
        lead: html! { @if run.partial {
            p.warning { strong { "Partial: " } "it was interrupted before the last image." }
        } },
        numbers: numbers(run),
        charts,
        beside,
        tables: [("All rows", table(run))].into_iter().chain(files(run)).collect(),
        notes: &notes,
        environment: facts::list(&environment),
        again: facts::again(&run.environment, "patchmark parity", run.elapsed_s),
        file: Kind::Parity.file(),
    }
    .render()
}

/// The number of images, the values that differ but must not, and the largest difference by design.
fn numbers(run: &Parity) -> Vec<Number> {
    let bound = || run.rows.iter().filter(|row| row.must_equal);
    // A damaged file may hold any counts.
    let total = |of: fn(&ParityRow) -> u64| bound().map(of).fold(0, u64::saturating_add);
    let (values, differing) = (total(|row| row.values), total(|row| row.differing));
    let mut numbers = vec![
        Number {
            name: "images".to_owned(),
            shown: count(run.images.len() as u64),
            value: run.images.len() as f64,
            detail: "photographs and generated images".to_owned(),
        },
        Number {
            name: "values that differ but must not".to_owned(),
            shown: count(differing),
            value: differing as f64,
            detail: format!("of {} in all three tensors", count(values)),
        },
    ];
    numbers.extend(run.decoding.as_ref().map(|decoding| Number {
        name: "files decoded to other pixels".to_owned(),
        shown: count(decoding.differing.len() as u64),
        value: decoding.differing.len() as f64,
        detail: format!("of {} held against transformers' own loader", count(decoding.files as u64)),
    }));
    let free = run.rows.iter().filter(|row| !row.must_equal && row.differing > 0);
    numbers.extend(free.max_by(|a, b| size(a.worst).total_cmp(&size(b.worst))).map(|row| Number {
        name: format!("{}, whose values differ by design", clean(&row.processor)),
        shown: row.worst.map_or_else(|| "∞".to_owned(), |worst| number(worst / LEVEL)),
        value: row.worst.unwrap_or(f64::MAX),
        detail: "uint8 levels at worst".to_owned(),
    }));
    numbers
}

/// The files whose pixels differ from those of their loader; none if there is none.
fn files(run: &Parity) -> Option<(&'static str, Markup)> {
    const COLUMNS: [(&str, bool); 4] =
        [("File", false), ("Values", true), ("Differing", true), ("Difference", false)];
    let differing = &run.decoding.as_ref()?.differing;
    let rows = differing.iter().map(|file| {
        vec![
            Cell::text(clean(&file.file)),
            Cell::number(Some(file.values as f64), |values| count(values as u64)),
            Cell::number(Some(file.differing as f64), |values| count(values as u64)),
            Cell::text(what(file)),
        ]
    });
    let caption = "The pixels that patchmark decodes, compared with those that transformers' loader reads from the same \
                   file. Click a heading to sort.";
    let table = || grid::table("Files decoded to other pixels", caption, &COLUMNS, differing.len(), rows);
    (!differing.is_empty()).then(|| ("Files decoded to other pixels", table()))
}

fn table(run: &Parity) -> Markup {
    let rows = run.rows.iter().map(|row| {
        let small = (row.differing > 0).then(|| clean(&row.detail));
        let bad = row.must_equal && row.differing > 0;
        vec![
            Cell { small, bad, ..Cell::text(clean(&row.processor)) },
            Cell::number(Some(row.max_num_patches as f64), |limit| count(limit as u64)),
            Cell::number(Some(row.values as f64), |values| count(values as u64)),
            Cell::number(Some(row.differing as f64), |values| count(values as u64)),
            Cell::number(Some(row.by_image.len() as f64), |images| count(images as u64)),
            Cell { text: worst(row), key: Some(row.worst.unwrap_or(f64::MAX)), ..Cell::default() },
        ]
    });
    let caption = "Every value of pixel_values, pixel_attention_mask and spatial_shapes, compared bit for bit. Click a heading to sort.";
    grid::table("All rows", caption, &COLUMNS, run.rows.len(), rows)
}
