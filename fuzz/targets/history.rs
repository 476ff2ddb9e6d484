//! A `run.json` among others in the history of a folder, and in its index.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark_fuzz::{mutate_json, samples, scratch};
use patchmark_gate::{FigureKind, history};
use patchmark_report::{charts::trend, index, page, terminal};
use patchmark_results::Document;

fuzz_target!(
    init: {
        let run = samples::RUN.json().expect("a sample run can be saved");
        for place in ["history/1/run.json", "history/3/run.json"] {
            scratch::file(place, &run);
        }
    },
    |data: &[u8]| {
        scratch::file("history/2/run.json", data);
        let found = index::find(&scratch::folder().join("history")).expect("the two others can be read");
        page::of_index(&found.entries, &found.unreadable);
        for figure in [FigureKind::Ratio, FigureKind::Speedup, FigureKind::Time] {
            let Ok(history) = history::read(&scratch::folder().join("history"), figure) else { continue };
            terminal::history::render(&history, 80);
            trend::csv(&history);
            trend::svg(&history).expect("a chart of any history");
        }
    }
);
mutate_json!();
