//! What a reader needs to judge the numbers, at the foot of every chart.

use patchmark_results::{
    Environment, Parity, Run,
    text::{clean, count, plural},
};

use super::rows::{batches, subjects};
use crate::words::{
    machine::machine,
    run::{model, rounds},
};

/// The machine, the model, the versions and the rounds of a run, then anything unusual about it, then `more`.
pub(super) fn of_run(run: &Run, more: &[String]) -> Vec<String> {
    let (environment, settings) = (&run.environment, &run.settings);
    let device = if settings.device.is_empty() { "unknown device" } else { &settings.device };
    let dtype = if settings.dtype.is_empty() { "unknown dtype" } else { &settings.dtype };
    let weights = if settings.random_weights { "" } else { " (checkpoint)" };
    let mut lines = vec![
        format!(
            "{} · {} on {} · {}{weights} · {} tower",
            machine(environment, &settings.device),
            clean(dtype),
            clean(device),
            model(settings),
            clean(if settings.tower.is_empty() { "unknown" } else { &settings.tower })
        ),
        format!("{} · n = {}", versions(environment), rounds(run)),
    ];
    let mut remarks = Vec::new();
    if run.partial {
        remarks.push("partial run".to_owned());
    }
    let ((drawn, all), (sizes, all_sizes)) = (subjects(run), batches(run));
    if drawn.iter().any(|subject| subject.label.ends_with(" ≠")) {
        remarks.push("≠: outputs differ from the reference's".to_owned());
    }
    if drawn.len() < all {
        remarks.push(format!(
            "{} of {} processors drawn; all are in the CSV",
            drawn.len(),
            count(all as u64)
        ));
    }
    if sizes.len() < all_sizes {
        remarks.push(format!("{} of {} batch sizes drawn", sizes.len(), count(all_sizes as u64)));
    }
    remarks.extend_from_slice(more);
    if !remarks.is_empty() {
        lines.push(remarks.join(" · "));
    }
    lines
}

/// The machine, the versions and the images of a parity result, then `more`.
pub(super) fn of_parity(run: &Parity, more: &[String]) -> Vec<String> {
    let environment = &run.environment;
    let known = |text: &str| if text.is_empty() { "unknown".to_owned() } else { clean(text) };
    let mut remarks = Vec::new();
    if run.partial {
        remarks.push("partial run".to_owned());
    }
    remarks.push("one level is 2/255 in pixel_values".to_owned());
    remarks.extend_from_slice(more);
    vec![
        format!(
            "{} · outputs on {} · vector level {} · reference {}",
            machine(environment, &run.device),
            known(&run.device),
            known(&environment.cpu_capability),
            known(&run.reference)
        ),
        format!("{} · n = {}", versions(environment), plural(run.images.len() as u64, "image")),
        remarks.join(" · "),
    ]
}

/// The versions that numbers depend on, and the commit.
pub(super) fn versions(environment: &Environment) -> String {
    let version = |name: &str| clean(environment.versions.get(name).map_or("unknown", String::as_str));
    let commit = if environment.commit.is_empty() { "unknown" } else { &environment.commit };
    format!(
        "torch {} · transformers {} · commit {}",
        version("torch"),
        version("transformers"),
        clean(commit)
    )
}

/// `no result: a, b`, if there are any labels.
pub(super) fn left_out(labels: &[String]) -> Option<String> {
    (!labels.is_empty()).then(|| format!("no result: {}", labels.join(", ")))
}
