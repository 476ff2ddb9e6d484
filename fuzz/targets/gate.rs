//! A `run.json` as the run and as the baseline of a gate, and beside another run on one page.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark_fuzz::{drawing::draw, mutate_json, samples, scratch};
use patchmark_gate::{Policy, decide, load, runs::Allowed};
use patchmark_report::{annotations, page};

fuzz_target!(|data: &[u8]| {
    let Ok(run) = load::read(&scratch::file("run.json", data)) else { return };
    let policy = Policy::default();
    for (candidate, baseline) in [(&run, &*samples::RUN), (&*samples::RUN, &run), (&run, &run)] {
        for environment in [false, true] {
            let allowed = Allowed { environment, identical: environment };
            let Ok(decision) = decide(candidate, baseline, &policy, allowed) else { continue };
            annotations::render(&decision);
            draw(&decision);
        }
    }
    let runs = [("one".to_owned(), run), ("other".to_owned(), samples::RUN.clone())];
    page::of_runs(&runs).expect("a page of any two runs");
});
mutate_json!();
