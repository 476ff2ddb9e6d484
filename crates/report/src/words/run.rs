//! A run in words.

use patchmark_results::{
    ParityStatus, PartialBecause, ProcessorRow, Run, RunSettings,
    text::{clean, count, number, plural, times},
};

use super::machine::machine;

/// The one sentence to take away; it never leads with a processor whose outputs differ.
pub fn headline(run: &Run) -> String {
    let forward = run.first_forward();
    let Some(batch) = run.largest_batch() else { return "Nothing was measured.".to_owned() };
    let size = batch.batch_size;
    let timed = || batch.processors.iter().filter_map(|row| Some((row, row.preprocess()?.median)));
    let share = |row: &ProcessorRow| {
        let ratio = forward.and_then(|name| row.ratio.get(name)).filter(|e| e.is_usable());
        ratio.map_or_else(String::new, |ratio| {
            let of = if ratio.median < 2.0 { " of" } else { "" };
            format!(", {}{of} the forward's time", share(ratio.median))
        })
    };
    let speedup = |row: &ProcessorRow| row.speedup_over_hf.map_or(0.0, |estimate| estimate.median);
    let best = leader(run).and_then(|row| Some((row, row.preprocess()?.median)));
    let reference = timed().find(|(row, _)| row.name == "hf");
    match (best, reference) {
        (Some((row, ms)), Some((_, hf_ms))) if speedup(row) >= 0.995 => format!(
            "At batch {size}, {} preprocesses {} as fast as hf ({} ms instead of {} ms) with outputs equal to the \
             reference's{}.",
            row.label(),
            times(speedup(row)),
            number(ms),
            number(hf_ms),
            share(row)
        ),
        (Some(_), Some((row, ms))) => format!(
            "At batch {size}, no processor with outputs equal to the reference's is faster than hf ({} ms{}).",
            number(ms),
            share(row)
        ),
        _ => match reference.or_else(|| timed().next()) {
            Some((row, ms)) => {
                format!("At batch {size}, {} preprocesses in {} ms{}.", row.label(), number(ms), share(row))
            }
            None => format!("No processor finished a round at batch {size}."),
        },
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
                "{}, {}, {gib:.0} GiB memory",
                plural(environment.logical_cpus as u64, "logical CPU"),
                environment.cpu_capability
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
        ("Time", format!("{} s of a budget of {} s", number(run.elapsed_s), number(settings.budget_s))),
    ]
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

/// Why a run is partial, and what that means for its rows; none if it is complete.
pub fn partial(run: &Run) -> Option<String> {
    let why = match run.partial_because {
        _ if !run.partial => return None,
        Some(PartialBecause::Interrupted) => "it was interrupted",
        Some(PartialBecause::DeviceLost) => "the GPU was lost",
        Some(PartialBecause::Unreached) => "measuring ended before every batch size was reached",
        None => "it ended early",
    };
    Some(format!("{why}; rows may have few rounds or none"))
}

/// How many rounds the rows of a run have: `12 rounds`, or `5–12 rounds` if they differ.
pub fn rounds(run: &Run) -> String {
    match fewest_and_most_rounds(run) {
        None => plural(0, "round"),
        Some((low, high)) if low == high => plural(high as u64, "round"),
        Some((low, high)) => format!("{low}–{high} rounds"),
    }
}

fn fewest_and_most_rounds(run: &Run) -> Option<(usize, usize)> {
    let lengths = run.batches.iter().flat_map(|b| &b.processors).map(|row| row.preprocess_ms.samples.len());
    lengths.filter(|n| *n > 0).fold(None, |found, n| {
        let (low, high) = found.unwrap_or((n, n));
        Some((low.min(n), high.max(n)))
    })
}

/// With fewer rounds than this, a bootstrap interval is the range of the samples and must be called a range: of five
/// samples, more than one resample in forty has the smallest one as its median.
const ROUNDS_OF_AN_INTERVAL: usize = 6;

/// Whether some row has too few rounds for an interval, so that a range is shown beside its median.
pub fn is_range(run: &Run) -> bool {
    fewest_and_most_rounds(run).is_some_and(|(low, _)| low < ROUNDS_OF_AN_INTERVAL)
}

/// What the bands and whiskers around medians are.
pub fn spread(run: &Run) -> &'static str {
    if is_range(run) { "ranges of the samples" } else { "95% intervals of the median" }
}

#[cfg(test)]
mod tests {
    use patchmark_results::fixtures;

    use super::*;

    #[test]
    fn few_rounds_have_a_range_and_no_interval() {
        let mut run = fixtures::run::run(&["hf", "fused"], &[1]);
        let rows = |run: &mut Run, counts: [usize; 2]| {
            for (row, count) in run.batches[0].processors.iter_mut().zip(counts) {
                row.preprocess_ms.samples = vec![1.0; count];
            }
        };
        for (counts, range, told) in [
            ([5, 9], true, "5–9 rounds"),
            ([6, 9], false, "6–9 rounds"),
            // A row that failed at once says nothing about the others.
            ([0, 6], false, "6 rounds"),
            ([0, 0], false, "0 rounds"),
            ([1, 1], true, "1 round"),
        ] {
            rows(&mut run, counts);
            assert_eq!((is_range(&run), rounds_of(&run).as_str()), (range, told), "{counts:?}");
        }
    }

    fn rounds_of(run: &Run) -> String {
        super::rounds(run)
    }

    #[test]
    fn a_partial_run_says_why_and_a_whole_one_nothing() {
        let mut run = fixtures::run::run(&["hf"], &[1]);
        assert_eq!(partial(&run), None);
        run.partial = true;
        assert!(partial(&run).unwrap().starts_with("it ended early"));
        run.partial_because = Some(PartialBecause::DeviceLost);
        assert!(partial(&run).unwrap().starts_with("the GPU was lost"));
    }
}
