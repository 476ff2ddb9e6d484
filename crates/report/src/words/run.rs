//! A run in words.

use patchmark_results::{
    Estimate, ParityStatus, ProcessorRow, Run, RunSettings,
    estimate::SAMPLES_OF_AN_INTERVAL,
    text::{clean, count, number, plural, times},
};

use super::{
    caveats::{caveats, unverified},
    figures::{self, factor},
    flows,
    machine::{allowance, machine},
    spread::{fewest_and_most, rounds_of},
};

/// What to take away in one line: first whatever made the command fail, then the figures. It never leads with a processor
/// whose outputs differ, and claims nothing that the intervals do not show.
pub fn headline(run: &Run) -> String {
    let mut sentences = caveats(run);
    sentences.push(claim(run));
    sentences.extend(flows::claim(run));
    sentences.extend(unverified(run));
    sentences.join(" ")
}

/// The figures in one sentence.
fn claim(run: &Run) -> String {
    let forward = run.first_forward();
    let Some(batch) = run.largest_batch() else { return "Nothing was measured.".to_owned() };
    let at = format!("At batch {}", batch.batch_size);
    let timed = || batch.processors.iter().filter_map(|row| Some((row, row.preprocess()?)));
    let best = leader(run).and_then(|row| Some((row, row.preprocess()?)));
    let reference = timed().find(|(row, _)| row.name == "hf");
    let Some(first) = reference.or_else(|| timed().next()) else {
        return format!("No processor finished a round at batch {}.", batch.batch_size);
    };
    let told: Vec<_> = [Some(first), best.filter(|_| reference.is_some())].into_iter().flatten().collect();
    let fewest = told.iter().map(|(row, _)| row.preprocess_ms.samples.len()).min().unwrap_or(0);
    if fewest < SAMPLES_OF_AN_INTERVAL {
        let took = |(row, ms): &(&ProcessorRow, Estimate)| format!("{} took {}", row.label(), range(ms));
        let took: Vec<_> = told.iter().map(took).collect();
        let rounds = plural(fewest as u64, "round");
        return format!("{at}, {} in {rounds}: too few for an interval or a claim.", took.join(" and "));
    }
    let share = |row: &ProcessorRow| {
        let ratio = forward.and_then(|name| row.ratio.get(name)).filter(|e| e.is_usable());
        ratio.map_or_else(String::new, |ratio| {
            let of = if ratio.median < 2.0 { " of" } else { "" };
            format!(", {}{of} the forward's time", figures::share(ratio))
        })
    };
    let of_both = best.zip(reference).and_then(|(best, hf)| Some((best, hf, best.0.speedup_over_hf?)));
    let Some(((row, ms), (hf, hf_ms), speedup)) = of_both else {
        let (row, ms) = first;
        return format!("{at}, {} preprocesses in {} ms{}.", row.label(), number(ms.median), share(row));
    };
    let (name, ms, hf_ms) = (row.label(), number(ms.median), number(hf_ms.median));
    if speedup.low > 1.0 {
        format!(
            "{at}, {name} preprocesses {} as fast as hf ({ms} ms instead of {hf_ms} ms) with outputs equal to the \
             reference's{}.",
            factor(&speedup),
            share(row)
        )
    } else if speedup.high < 1.0 {
        format!(
            "{at}, no processor with outputs equal to the reference's is faster than hf ({hf_ms} ms{}); the fastest of \
             them, {name}, is {} as fast.",
            share(hf),
            factor(&speedup)
        )
    } else {
        format!(
            "{at}, no processor with outputs equal to the reference's is surely faster than hf ({hf_ms} ms{}); the \
             fastest of them, {name}, is {} as fast.",
            share(hf),
            factor(&speedup)
        )
    }
}

/// A median time with the range of its samples; of one sample, that alone.
fn range(ms: &Estimate) -> String {
    if ms.low < ms.high {
        format!("{} ms ({} to {})", number(ms.median), number(ms.low), number(ms.high))
    } else {
        format!("{} ms", number(ms.median))
    }
}

/// The fastest processor at the largest batch whose outputs equal the reference's.
pub fn leader(run: &Run) -> Option<&ProcessorRow> {
    let rows = run.largest_batch()?.processors.iter();
    let rivals = rows.filter(|row| row.parity == ParityStatus::Exact && row.preprocess().is_some());
    let rivals = rivals.filter(|row| row.speedup_over_hf.is_some_and(|e| e.is_usable()));
    let speedup = |row: &ProcessorRow| row.speedup_over_hf.map_or(0.0, |estimate| estimate.median);
    rivals.max_by(|a, b| speedup(a).total_cmp(&speedup(b)))
}

/// A ratio: `4.6%`, or `12×` if a percentage would be hard to read.
pub fn share(ratio: f64) -> String {
    if ratio < 2.0 { format!("{}%", number(ratio * 100.0)) } else { times(ratio) }
}

/// What the numbers depend on: names and values.
pub fn facts(run: &Run) -> [(&'static str, String); 9] {
    let (environment, settings) = (&run.environment, &run.settings);
    let versions = environment.versions.iter().map(|(name, version)| format!("{name} {version}"));
    let gib = environment.memory_bytes as f64 / (1u64 << 30) as f64;
    [
        ("Machine", machine(environment, &settings.device)),
        (
            "CPU",
            format!(
                "{}, {}, {gib:.0} GiB memory{}",
                plural(environment.logical_cpus as u64, "logical CPU"),
                environment.cpu_capability,
                allowance(environment)
            ),
        ),
        ("System", environment.os.clone()),
        (
            "Model",
            format!(
                "{}, {} tower, {} on {}",
                model(settings),
                settings.tower,
                settings.dtype,
                settings.device
            ),
        ),
        (
            "Images",
            format!(
                "{}; {} patches of {} px",
                settings.workload, settings.max_num_patches, settings.patch_size
            ),
        ),
        (
            "Threads and seed",
            format!("{}, seed {}", plural(settings.threads as u64, "thread"), settings.seed),
        ),
        ("Versions", versions.collect::<Vec<_>>().join(", ")),
        ("Commit", environment.commit.clone()),
        ("Time", time(run)),
    ]
}

/// How long it took, and how that agrees with the budget.
fn time(run: &Run) -> String {
    let (taken, budget) = (number(run.elapsed_s), number(run.settings.budget_s));
    if run.elapsed_s <= run.settings.budget_s {
        return format!("{taken} s; the budget for rounds was {budget} s");
    }
    format!(
        "{taken} s; the budget of {budget} s is for rounds, of which every row gets at least 3 however long they take; \
         warm-up does not count"
    )
}

/// Parity, for a table cell.
pub fn parity(status: &ParityStatus) -> String {
    match status {
        ParityStatus::Reference => "reference".to_owned(),
        ParityStatus::Exact => "exact".to_owned(),
        ParityStatus::Differs { values, total, .. } => {
            format!("{} of {} values differ", count(*values), count(*total))
        }
        ParityStatus::NotVerified => "not verified".to_owned(),
    }
}

/// The model in one phrase.
pub fn model(settings: &RunSettings) -> String {
    let name = if settings.model.is_empty() { "unnamed model" } else { &settings.model };
    let weights = if settings.random_weights { " (random weights)" } else { "" };
    format!("{}{weights}", clean(name))
}

/// How many rounds the rows of a run have: `12 rounds`, or `5–12 rounds` if they differ.
pub fn rounds(run: &Run) -> String {
    match fewest_and_most(rounds_of(run)) {
        None => plural(0, "round"),
        Some((low, high)) if low == high => plural(high as u64, "round"),
        Some((low, high)) => format!("{low}–{high} rounds"),
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
