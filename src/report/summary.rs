//! `summary.md`: a run as it reads in a pull request.

use std::fmt::Write;

use super::charts;
use super::format::{
    clean, first_forward, interval, is_range, label, largest_batch, machine, measured, model, number, parity,
    preprocess, rounds, times, usable,
};
use super::overlap;
use super::schema::{Batch, ParityStatus, ProcessorRow, Run};

/// The run as Markdown: a headline, a table a batch size (the largest open, the others folded), what it was measured
/// on, and notes.
pub fn render(run: &Run) -> String {
    let forward = first_forward(run);
    let mut out = format!("# SigLIP 2 preprocessing\n\n**{}**\n", escape(&headline(run)));
    if run.partial {
        out += "\n> **Partial run**: it was interrupted or its budget ended; rows may have few rounds or none.\n";
    }
    let largest = largest_batch(run);
    if let Some(batch) = largest {
        let _ = write!(out, "\n## Batch {}\n", batch.batch_size);
        batch_section(&mut out, run, batch, forward);
    }
    // The others are folded away: in a pull request the largest says what matters.
    let is_largest = |batch: &Batch| largest.is_some_and(|largest| std::ptr::eq(batch, largest));
    for batch in run.batches.iter().filter(|batch| !is_largest(batch)) {
        let _ = write!(out, "\n<details><summary>Batch {}</summary>\n", batch.batch_size);
        batch_section(&mut out, run, batch, forward);
        out += "\n</details>\n";
    }
    let against = forward.map_or_else(|| "forward".to_owned(), |name| format!("{} forward", escape(name)));
    // Writing to a String cannot fail, so the results of `write!` are dropped here and below.
    let _ = write!(
        out,
        "\nRatio is preprocess ÷ {against}, paired within a round; values are medians with {} over {}. Images/s is preprocess and forward one after the other.\n",
        if is_range(run) { "ranges" } else { "95% bootstrap intervals" },
        rounds(run)
    );
    environment(&mut out, run);
    if !run.notes.is_empty() {
        out += "\n## Notes\n\n";
        for note in &run.notes {
            let _ = writeln!(out, "- {}", escape(note));
        }
    }
    let charts = charts::OF_RUN.map(|name| format!("`{name}.svg`")).join(", ");
    let _ = writeln!(
        out,
        "\nCharts beside this file: {charts}, and all of it as a page, `report.html`; their points are in the CSV files \
         of the same names."
    );
    out
}

/// The one sentence to take away; a processor whose outputs differ never leads it.
pub(crate) fn headline(run: &Run) -> String {
    let forward = first_forward(run);
    let Some(batch) = largest_batch(run) else { return "Nothing was measured.".to_owned() };
    let size = batch.batch_size;
    let timed = || batch.processors.iter().filter_map(|row| Some((row, preprocess(row)?.median)));
    let share = |row: &ProcessorRow| {
        let ratio = forward.and_then(|name| row.ratio.get(name)).filter(|e| usable(e));
        ratio.map_or_else(String::new, |ratio| format!(", {} of the forward's time", portion(ratio.median)))
    };
    let speedup = |row: &ProcessorRow| row.speedup_over_hf.map_or(0.0, |estimate| estimate.median);
    let best = leader(run).and_then(|row| Some((row, preprocess(row)?.median)));
    let reference = timed().find(|(row, _)| row.name == "hf");
    match (best, reference) {
        (Some((row, ms)), Some((_, hf_ms))) if speedup(row) >= 0.995 => format!(
            "At batch {size}, {} preprocesses {} as fast as hf ({} ms against {} ms) with outputs equal to the \
             reference's{}.",
            label(row),
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
                format!("At batch {size}, {} preprocesses in {} ms{}.", label(row), number(ms), share(row))
            }
            None => format!("No processor finished a round at batch {size}."),
        },
    }
}

/// The fastest processor at the largest batch whose outputs equal the reference's.
pub(crate) fn leader(run: &Run) -> Option<&ProcessorRow> {
    let rows = largest_batch(run)?.processors.iter();
    let rivals = rows.filter(|row| row.parity == ParityStatus::Exact && preprocess(row).is_some());
    let rivals = rivals.filter(|row| row.speedup_over_hf.is_some_and(|e| usable(&e)));
    let speedup = |row: &ProcessorRow| row.speedup_over_hf.map_or(0.0, |estimate| estimate.median);
    rivals.max_by(|a, b| speedup(a).total_cmp(&speedup(b)))
}

fn portion(ratio: f64) -> String {
    if ratio < 2.0 { format!("{}%", number(ratio * 100.0)) } else { times(ratio) }
}

fn batch_section(out: &mut String, run: &Run, batch: &Batch, forward: Option<&str>) {
    out.push('\n');
    for row in &batch.forwards {
        let name = escape(&row.name);
        let _ = match (measured(&row.forward_ms), measured(&row.launch_ms)) {
            (Some(time), Some(launch)) => writeln!(
                out,
                "- {name} forward: {} ms synchronised; {} ms until the call returned",
                interval(&time),
                number(launch.median)
            ),
            _ => writeln!(out, "- {name} forward: not measured"),
        };
    }
    if usable(&batch.decode_ms.estimate) {
        let _ = writeln!(out, "- decode: {} ms, not part of preprocess", interval(&batch.decode_ms.estimate));
    }
    if let Some(tokens) = batch.tokenize_ms.as_ref().filter(|samples| usable(&samples.estimate)) {
        let _ = writeln!(out, "- tokenise: {} ms", interval(&tokens.estimate));
    }
    // Every forward has its own ratio; images/s is against the first alone, as in the charts.
    let mut forwards: Vec<&str> = batch.forwards.iter().map(|row| row.name.as_str()).collect();
    if forwards.is_empty() {
        forwards.extend(forward);
    }
    let ratios: String = forwards.iter().map(|name| format!(" ratio ({}) |", escape(name))).collect();
    let dashes = " ---: |".repeat(forwards.len());
    let _ = write!(
        out,
        "\n| processor (fed) | ms/batch | ms/image |{ratios} images/s | vs hf | parity |\n\
         | :--- | ---: | ---: |{dashes} ---: | ---: | :--- |\n"
    );
    let mut remarks = Vec::new();
    for row in &batch.processors {
        let name = escape(&label(row));
        let none = || "—".to_owned();
        let time = preprocess(row);
        let image = time.map_or_else(none, |e| number(e.median / batch.batch_size.max(1) as f64));
        let rate = forward.and_then(|name| row.images_per_s.get(name)).filter(|e| usable(e));
        let speedup = row.speedup_over_hf.filter(usable).map_or_else(none, |e| times(e.median));
        let _ = write!(out, "| {name} | {} | {image} |", time.map_or_else(none, |e| interval(&e)));
        for forward in &forwards {
            let ratio = row.ratio.get(*forward).filter(|e| usable(e));
            let _ = write!(out, " {} |", ratio.map_or_else(none, interval));
        }
        let rate = rate.map_or_else(none, |e| number(e.median));
        let _ = writeln!(out, " {rate} | {speedup} | {} |", parity(&row.parity));
        if let ParityStatus::Differs { detail, .. } = &row.parity {
            remarks.push(format!("- {name} differs: {}", escape(detail)));
        }
        if let Some(reason) = &row.failure {
            remarks.push(format!("- {name} failed: {}", escape(reason)));
        }
    }
    for (lead, rates) in overlap::lines(batch, &run.settings) {
        let _ = write!(out, "\n{} {}\n", escape(&lead), escape(&rates));
    }
    if !remarks.is_empty() {
        let _ = write!(out, "\n{}\n", remarks.join("\n"));
    }
}

/// What the numbers depend on: name and value.
pub(crate) fn facts(run: &Run) -> [(&'static str, String); 9] {
    let (environment, settings) = (&run.environment, &run.settings);
    let versions = environment.versions.iter().map(|(name, version)| format!("{name} {version}"));
    let gib = environment.memory_bytes as f64 / (1u64 << 30) as f64;
    [
        ("Machine", machine(environment, settings)),
        (
            "CPU",
            format!(
                "{} logical, {}, {gib:.0} GiB memory",
                environment.logical_cpus, environment.cpu_capability
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
        ("Threads and seed", format!("{} threads, seed {}", settings.threads, settings.seed)),
        ("Versions", versions.collect::<Vec<_>>().join(", ")),
        ("Commit", environment.commit.clone()),
        ("Time", format!("{} s of a budget of {} s", number(run.elapsed_s), number(settings.budget_s))),
    ]
}

fn environment(out: &mut String, run: &Run) {
    *out += "\n## Environment\n\n| | |\n| :--- | :--- |\n";
    for (name, value) in facts(run) {
        let _ = writeln!(out, "| {name} | {} |", escape(&value));
    }
    let command = clean(&run.environment.command);
    // A fence must be longer than any run of backticks inside it.
    let longest = command.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = write!(out, "\n{fence}sh\n{command}\n{fence}\n");
}

/// Text from outside as itself: neither a table's border nor markup, a link or HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        if "\\`*_{}[]<>#|~&!".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn the_headline_leads_with_an_exact_processor() {
        let mut run = samples::run(&["hf", "fused", "quick"], &[1, 8]);
        for batch in &mut run.batches {
            batch.processors[2].speedup_over_hf = Some(samples::estimate(50.0));
            batch.processors[2].parity =
                ParityStatus::Differs { values: 12, total: 3_145_728, detail: "worst at [0]".to_owned() };
        }
        let text = render(&run);
        assert!(text.contains("**At batch 8, fused (CHW) preprocesses 3.2× as fast as hf ("), "{text}");
        assert!(text.contains("12 of 3,145,728 values differ |"), "{text}");
        assert!(text.contains("```sh\npatchmark bench --processors hf,fused\n```"), "{text}");
    }

    #[test]
    fn the_largest_batch_is_open_and_the_others_are_folded() {
        let text = render(&samples::run(&["hf", "fused"], &[1, 8, 4]));
        let open = text.find("## Batch 8").expect("the largest");
        for size in [1, 4] {
            let folded = text.find(&format!("<details><summary>Batch {size}</summary>\n\n- native forward"));
            assert!(folded.is_some_and(|at| at > open), "{text}");
        }
        assert_eq!(text.matches("<details>").count(), text.matches("\n\n</details>\n").count(), "{text}");
        assert_eq!(text.matches("| hf (PIL) |").count(), 3);
    }

    #[test]
    fn names_cannot_break_the_table() {
        let mut run = samples::run(&["hf", "a|b<script>\n| x"], &[1]);
        run.environment.command = "patchmark ```; x".to_owned();
        let text = render(&run);
        assert!(text.contains("| a\\|b\\<script\\> \\| x (CHW) |"), "{text}");
        assert!(text.contains("\n````sh\n"), "{text}");
    }

    #[test]
    fn runs_without_results_have_a_headline() {
        let mut run = samples::run(&[], &[4]);
        assert!(render(&run).contains("No processor finished a round at batch 4."));
        run.batches.clear();
        assert!(render(&run).contains("Nothing was measured."));
    }
}
