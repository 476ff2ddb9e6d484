//! A decision for a pull request's comment or a job's summary.

use std::fmt::Write;

use patchmark_results::{Decision, DecisionRow, text::plural};

use super::escape::escape;
use crate::words::{
    decision::{change_of, conclusion, gap_word, headline, legend, min_effect_of, word},
    figures::figure,
    machine::whole_machine,
    warnings,
};

/// The decision as Markdown: the verdict, the rows that fail, and all rows in a collapsed section.
pub fn render(decision: &Decision) -> String {
    let mut out = format!(
        "# Patchmark {}: {}\n\n**{}**\n\n",
        decision.kind.name(),
        conclusion(decision),
        escape(&headline(decision))
    );
    // Writing to a String cannot fail, so the results of `write!` are dropped here and below.
    let _ = writeln!(out, "- base: {}\n- candidate: {}", escape(&decision.base), escape(&decision.candidate));
    for gap in &decision.gaps {
        let _ = writeln!(out, "- **{}**: {}", gap_word(gap), escape(&gap.sentence()));
    }
    for difference in &decision.differences {
        let _ = writeln!(out, "- differs: {}", escape(difference));
    }
    for warning in warnings::of_decision(decision) {
        let _ = writeln!(out, "- **warning**: {}", escape(&warning));
    }
    let fails = |row: &&DecisionRow| row.fails(decision.allow_inconclusive);
    let failing: Vec<_> = decision.rows.iter().filter(fails).collect();
    if !failing.is_empty() {
        out.push('\n');
        table(&mut out, failing.iter().copied());
    }
    if decision.rows.len() > failing.len() {
        let _ = write!(out, "\n<details><summary>All rows ({})</summary>\n\n", decision.rows.len());
        table(&mut out, decision.rows.iter());
        out += "\n</details>\n";
    }
    out.push('\n');
    for note in legend(decision).iter().chain(&decision.notes) {
        let _ = writeln!(out, "- {}", escape(note));
    }
    let environment = &decision.environment;
    let _ = writeln!(
        out,
        "- {}, {}, {}; commit {}; {:.0} s",
        escape(&whole_machine(environment)),
        plural(environment.logical_cpus as u64, "logical CPU"),
        escape(&environment.os),
        escape(&environment.commit),
        decision.elapsed_s
    );
    out
}

fn table<'a>(out: &mut String, rows: impl Iterator<Item = &'a DecisionRow>) {
    *out += "| subject | images | figure | base | candidate | change | ±min | verdict |\n";
    *out += "| :--- | :--- | :--- | ---: | ---: | ---: | ---: | :--- |\n";
    for row in rows {
        let min = min_effect_of(row);
        let reason = row.reason.as_ref().map_or_else(String::new, |reason| format!(": {}", escape(reason)));
        let counted = if row.counts { "" } else { " (not counted)" };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {min} | **{}**{counted}{reason} |",
            escape(&row.subject),
            escape(&row.batch),
            escape(&row.figure),
            figure(row.base),
            figure(row.candidate),
            change_of(row),
            word(row),
        );
    }
}
