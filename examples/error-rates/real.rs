//! Compares a built patchmark with itself on this machine.

use std::{
    collections::BTreeMap,
    fmt::Write,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

use anyhow::{Context, Result};
use patchmark_results::{
    Decision, Verdict,
    error_rates::{ERROR_RATES_VERSION, RealComparison, RealErrorRates},
};

/// One way to compare.
struct Way {
    name: &'static str,
    budget: &'static str,
    /// Comparisons of a build with itself.
    alike: usize,
    /// Comparisons with each of the injected slow-downs.
    slowed: usize,
}

/// Both ways together: 40 comparisons of a build with itself and 20 of each slow-down. Two builds take longer, as three
/// processes are started for each sample of what a process keeps for its life.
const WAYS: [Way; 2] = [
    Way { name: "one process", budget: "6s", alike: 26, slowed: 14 },
    Way { name: "two builds", budget: "20s", alike: 14, slowed: 6 },
];
/// A slow-down that must be found, in percent.
const LARGE: u32 = 10;
/// A slow-down just beyond the minimum effect of 1%, in percent: it may be left undecided, but must never be called
/// equivalent, improved or not slower.
const SMALL: u32 = 2;

pub fn study(binary: &Path, out: &Path) -> Result<()> {
    let mut rows: BTreeMap<(&str, u32, bool), BTreeMap<String, usize>> = BTreeMap::new();
    let mut comparisons = Vec::new();
    let started = Instant::now();
    for repetition in 0..WAYS.iter().map(|way| way.alike).max().unwrap_or(0) {
        // Alternately, so that other work on the machine affects all of them equally.
        let loaded = repetition % 2 == 1;
        for Way { name: way, budget, alike, slowed } in WAYS {
            for (slower, wanted) in [(0, alike), (LARGE, slowed), (SMALL, slowed)] {
                if repetition >= wanted {
                    continue;
                }
                let decision = with_load(loaded, || compare(binary, way, budget, slower))?;
                let verdict = decision.verdict.word().to_owned();
                eprintln!("{way}, +{slower}%, load {loaded}: {verdict}");
                *rows.entry((way, slower, loaded)).or_default().entry(verdict).or_default() += 1;
                let row = decision.rows.first().context("a decision without a row")?;
                comparisons.push(RealComparison {
                    way: way.into(),
                    slower_percent: slower,
                    loaded,
                    verdict: decision.verdict,
                    change: row.judgement.map(|judged| judged.change),
                    min_effect: row.judgement.map(|judged| judged.min_effect),
                    rounds: row.rounds,
                    elapsed_s: decision.elapsed_s,
                });
                write(&rows, &comparisons, started.elapsed().as_secs_f64(), out)?;
            }
        }
    }
    Ok(())
}

/// Saves the results, after every comparison because all of them take a while.
fn write(
    rows: &BTreeMap<(&str, u32, bool), BTreeMap<String, usize>>,
    comparisons: &[RealComparison],
    elapsed_s: f64,
    out: &Path,
) -> Result<()> {
    let total = |slower: u32, verdict: &str| -> (usize, usize) {
        let of = rows.iter().filter(|((_, s, _), _)| *s == slower);
        of.fold((0, 0), |(hits, all), (_, counts)| {
            (hits + counts.get(verdict).unwrap_or(&0), all + counts.values().sum::<usize>())
        })
    };
    let ((alarms, alike), (caught, slowed)) = (total(0, "regressed"), total(LARGE, "regressed"));
    let passed = |slower: u32| {
        let beyond = |row: &&RealComparison| {
            let least = row.min_effect.unwrap_or(f64::INFINITY);
            row.slower_percent == slower && f64::from(slower) / 100.0 > least
        };
        let passes = |row: &&RealComparison| {
            matches!(row.verdict, Verdict::Equivalent | Verdict::NotSlower | Verdict::Improved)
        };
        let rows: Vec<_> = comparisons.iter().filter(beyond).collect();
        (rows.iter().copied().filter(|row| passes(row)).count(), rows.len())
    };
    let ((wrong, beyond), (wrong_small, beyond_small)) = (passed(LARGE), passed(SMALL));
    let mut text = format!(
        "# Error rates on this machine\n\nBy `make error-rates`, in {:.0} minutes: {alarms} false alarms in {alike} \
         comparisons of a build with itself; {caught} of {slowed} injected slow-downs of {LARGE}% caught. Slow-downs \
         beyond the minimum effect that was applied and called equivalent, not slower or improved: {wrong} of {beyond} \
         at {LARGE}%, {wrong_small} of {beyond_small} at {SMALL}%. `fused` at batch 4 and one thread, in one process and as two builds; in half of them another \
         process loads a core.\n\n| way | true change | loaded | regressed | improved | equivalent | not slower | \
         inconclusive |\n| :--- | ---: | :--- | ---: | ---: | ---: | ---: | ---: |\n",
        elapsed_s / 60.0
    );
    for ((way, slower, loaded), counts) in rows {
        let cells = ["regressed", "improved", "equivalent", "not slower", "inconclusive"];
        let cells = cells.map(|verdict| counts.get(verdict).unwrap_or(&0).to_string()).join(" | ");
        writeln!(text, "| {way} | +{slower}% | {} | {cells} |", if *loaded { "yes" } else { "no" })?;
    }
    let study =
        RealErrorRates { schema_version: ERROR_RATES_VERSION, elapsed_s, comparisons: comparisons.to_vec() };
    crate::save(out, "real", &study, &text)
}

fn compare(binary: &Path, way: &str, budget: &str, slower: u32) -> Result<Decision> {
    let out = tempfile::tempdir()?;
    let mut command = Command::new(binary);
    command.arg("compare").arg("fused");
    if way == "two builds" {
        command.arg("--base-binary").arg(binary);
    } else {
        command.arg("fused");
    }
    let slower = format!("{slower}%");
    command.args([
        "--batch-sizes=4",
        "--threads=1",
        "--json",
        // A build compared with itself is what is studied.
        "--allow-identical",
        "--slow-candidate",
        &slower,
        "--budget",
        budget,
    ]);
    let output = command.arg("--out").arg(out.path().join("run")).output()?;
    serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Runs `call`; if `loaded`, another thread keeps one core busy at the same time.
fn with_load<T>(loaded: bool, call: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(!loaded);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let result = call();
        stop.store(true, Ordering::Relaxed);
        result
    })
}
