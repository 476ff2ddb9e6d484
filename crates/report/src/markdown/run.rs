//! `summary.md` of a run, for a pull request.

use std::fmt::Write;

use patchmark_results::{
    Batch, Estimate, ParityStatus, Run,
    text::{clean, number, times},
};

use super::{escape::escape, flows::section};
use crate::{
    charts::names_of_run,
    words::{
        behind,
        caveats::partial,
        figures::{NONE, interval, median},
        flows, overlap,
        run::{facts, headline, parity, rounds},
        spread::Spread,
        warnings,
    },
};

/// The run as Markdown: a headline, one table per batch size (the largest open, the others collapsed), the environment and
/// notes.
pub fn render(run: &Run) -> String {
    let forward = run.first_forward();
    let mut out = format!("# SigLIP 2 preprocessing\n\n**{}**\n", escape(&headline(run)));
    // Writing to a String cannot fail, so the results of `write!` are dropped here and below.
    if let Some(why) = partial(run) {
        let _ = write!(out, "\n> **Partial run**: {why}.\n");
    }
    for warning in warnings::of_run(run) {
        let _ = write!(out, "\n> **Warning**: {}\n", escape(&warning));
    }
    let largest = run.largest_batch();
    if let Some(batch) = largest {
        let _ = write!(out, "\n## Batch {}\n", batch.batch_size);
        batch_section(&mut out, run, batch, forward);
    }
    // The others are collapsed, because the largest batch matters most in a pull request.
    let is_largest = |batch: &Batch| largest.is_some_and(|largest| std::ptr::eq(batch, largest));
    for batch in run.batches.iter().filter(|batch| !is_largest(batch)) {
        let _ = write!(out, "\n<details><summary>Batch {}</summary>\n", batch.batch_size);
        batch_section(&mut out, run, batch, forward);
        out += "\n</details>\n";
    }
    let against = forward.map_or_else(|| "forward".to_owned(), |name| format!("{} forward", escape(name)));
    let _ = write!(
        out,
        "\nRatio is preprocess ÷ {against}, paired within a round; values are medians with {} over {}. Images/s counts {} one after the other.\n",
        Spread::of(run).of_all(),
        rounds(run),
        overlap::steps(&run.settings)
    );
    if flows::batch(run).is_some() {
        let _ = write!(out, "\nFrom files: {}.\n", escape(flows::LEGEND));
    }
    environment(&mut out, run);
    if !run.notes.is_empty() {
        out += "\n## Notes\n\n";
        for note in &run.notes {
            let _ = writeln!(out, "- {}", escape(note));
        }
    }
    let charts: Vec<String> = names_of_run(run).iter().map(|name| format!("`{name}.svg`")).collect();
    let charts = charts.join(", ");
    let _ = writeln!(
        out,
        "\nCharts in this folder: {charts}, with their points in CSV files of the same names. `report.html` shows \
         everything on one page."
    );
    out
}

fn batch_section(out: &mut String, run: &Run, batch: &Batch, forward: Option<&str>) {
    out.push('\n');
    times_beside(out, batch);
    // Every forward has its own ratio; images/s is shown for the first forward only, as in the charts.
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
        let name = escape(&row.label());
        let none = || NONE.to_owned();
        let time = row.preprocess();
        let image = time.map_or_else(none, |e| number(e.median / batch.batch_size.max(1) as f64));
        let rate = forward.and_then(|name| row.images_per_s.get(name)).filter(|e| e.is_usable());
        let speedup = row.speedup_over_hf.filter(Estimate::is_usable).map_or_else(none, |e| times(e.median));
        let _ = write!(out, "| {name} | {} | {image} |", time.map_or_else(none, |e| interval(&e)));
        for forward in &forwards {
            let ratio = row.ratio.get(*forward).filter(|e| e.is_usable());
            let _ = write!(out, " {} |", ratio.map_or_else(none, interval));
        }
        let rate = median(rate.copied());
        let _ = writeln!(out, " {rate} | {speedup} | {} |", parity(&row.parity));
        if let ParityStatus::Differs { detail, .. } = &row.parity {
            remarks.push(format!("- {name} differs: {}", escape(detail)));
        }
        if let Some(reason) = &row.failure {
            remarks.push(format!("- {name} failed: {}", escape(reason)));
        }
    }
    for (lead, rates) in overlap::lines(batch, &run.settings).into_iter().chain(behind::line(batch)) {
        let _ = write!(out, "\n{} {}\n", escape(&lead), escape(&rates));
    }
    if !remarks.is_empty() {
        let _ = write!(out, "\n{}\n", remarks.join("\n"));
    }
    section(out, batch);
}

/// What a batch takes beside its preprocessing.
fn times_beside(out: &mut String, batch: &Batch) {
    for row in &batch.forwards {
        let name = escape(&row.name);
        let _ = match (row.forward_ms.measured(), row.launch_ms.measured()) {
            (Some(time), Some(launch)) => writeln!(
                out,
                "- {name} forward: {} ms synchronised; {} ms until the call returned",
                interval(&time),
                number(launch.median)
            ),
            _ => writeln!(out, "- {name} forward: not measured"),
        };
    }
    if let Some(decode) = batch.decode_ms.measured() {
        let _ = writeln!(out, "- decode: {} ms, not part of preprocess", interval(&decode));
    }
    if let Some(tokens) = batch.tokenize_ms.as_ref().and_then(|samples| samples.measured()) {
        let _ = writeln!(out, "- tokenise: {} ms", interval(&tokens));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use patchmark_results::fixtures::run as fixtures;

    #[test]
    fn the_headline_leads_with_an_exact_processor() {
        let mut run = fixtures::run(&["hf", "fused", "quick"], &[1, 8]);
        for batch in &mut run.batches {
            batch.processors[2].speedup_over_hf = Some(fixtures::estimate(50.0));
            // Its differences are by design, so they do not fail the run.
            batch.processors[2].must_equal = false;
            batch.processors[2].parity =
                ParityStatus::Differs { values: 12, total: 3_145_728, detail: "worst at [0]".to_owned() };
        }
        let text = render(&run);
        assert!(
            text.contains("**At batch 8, fused (CHW) preprocesses 3.20× (3.04 to 3.39) as fast as hf ("),
            "{text}"
        );
        assert!(text.contains("12 of 3,145,728 values differ |"), "{text}");
        assert!(text.contains("```sh\npatchmark bench --processors hf,fused\n```"), "{text}");
    }

    #[test]
    fn the_largest_batch_is_open_and_the_others_are_folded() {
        let text = render(&fixtures::run(&["hf", "fused"], &[1, 8, 4]));
        let open = text.find("## Batch 8").expect("the largest");
        for size in [1, 4] {
            let folded = text.find(&format!("<details><summary>Batch {size}</summary>\n\n- native forward"));
            assert!(folded.is_some_and(|at| at > open), "{text}");
        }
        assert_eq!(text.matches("<details>").count(), text.matches("\n\n</details>\n").count(), "{text}");
        assert_eq!(text.matches("| hf (PIL) |").count(), 3);
    }

    #[test]
    fn few_rounds_are_warned_about_and_make_no_claim() {
        let text = render(&fixtures::with_three_rounds(fixtures::run(&["hf", "fused"], &[1])));
        assert!(text.contains("\n> **Warning**: few rounds: a 95% interval needs at least 6,"), "{text}");
        assert!(
            text.contains("medians with ranges, as there are too few rounds for intervals, over 3 rounds"),
            "{text}"
        );
        assert!(!text.contains("as fast as") && !text.contains("the forward's time"), "{text}");
        let whole = render(&fixtures::run(&["hf", "fused"], &[1]));
        assert!(
            !whole.contains("**Warning**")
                && whole.contains("medians with 95% bootstrap intervals over 7 rounds")
        );
    }

    #[test]
    fn names_cannot_break_the_table() {
        let mut run = fixtures::run(&["hf", "a|b<script>\n| x"], &[1]);
        run.environment.command = "patchmark ```; x".to_owned();
        let text = render(&run);
        assert!(text.contains("| a\\|b\\<script\\> \\| x (CHW) |"), "{text}");
        assert!(text.contains("\n````sh\n"), "{text}");
    }

    #[test]
    fn runs_without_results_have_a_headline() {
        let mut run = fixtures::run(&[], &[4]);
        assert!(render(&run).contains("No processor finished a round at batch 4."));
        run.batches.clear();
        assert!(render(&run).contains("Nothing was measured."));
    }
}
