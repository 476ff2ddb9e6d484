//! Tables of runs with long names, with failures and with nothing measured.

use patchmark_results::fixtures::run as fixtures;

use super::*;

fn crowded() -> Run {
    let names: Vec<String> = (0..7).map(|i| format!("a-very-long-processor-name-{i}-of-many")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.insert(0, "hf");
    let mut run = fixtures::run(&names, &[1, 512]);
    for batch in &mut run.batches {
        let mut second = batch.forwards[0].clone();
        second.name = "hf".to_owned();
        batch.forwards.push(second);
        for row in &mut batch.processors {
            row.ratio.insert("hf".to_owned(), fixtures::estimate(0.000_071_5));
        }
        let row = &mut batch.processors[3];
        row.parity =
            ParityStatus::Differs { values: 12, total: 3_145_728, detail: "worst at [0, 1, 2] ".repeat(9) };
        batch.processors[4].failure = Some("RuntimeError: \u{1b}[31mout of memory\n  in stack ".repeat(6));
        batch.processors[5].preprocess_ms.samples.clear();
    }
    run.partial = true;
    run
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    let text = render(&crowded(), 100);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    for wanted in
        ["12 of 3,145,728 values differ", "failed: RuntimeError", "ratio to the hf forward", "PARTIAL RUN"]
    {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
}

#[test]
fn the_trace_names_both_readings() {
    let mut run = fixtures::run(&["hf", "fused"], &[1, 8]);
    let text = render(&run, 100);
    assert!(
        text.starts_with("hf, batch 8:\n  synchronised      preprocess 192 ms, forward   2,720 ms   true\n"),
        "{text}"
    );
    assert!(text.contains("same: CPU calls are synchronous\n"), "{text}");
    run.settings.device = "cuda:0".to_owned();
    assert!(render(&run, 100).contains("classic mistake"));
}

#[test]
fn few_rounds_and_outliers_are_warned_about() {
    let mut run = fixtures::run(&["hf", "fused"], &[8]);
    assert!(!render(&run, 100).contains("warning:"));
    run.batches[0].processors[0].preprocess_ms.samples[1] *= 5.0;
    let text = render(&run, 100);
    assert!(text.contains("\nwarning: outliers: ") && text.contains("hf (PIL) at batch 8"), "{text}");
    let text = render(&fixtures::with_three_rounds(run), 100);
    assert!(text.contains("\nwarning: few rounds: ") && text.contains("median [range, as there"), "{text}");
}

#[test]
fn an_empty_run_is_said_to_be_empty() {
    let mut run = fixtures::run(&[], &[4]);
    assert!(render(&run, 100).starts_with("No processor finished a round at batch 4."));
    run.batches.clear();
    assert!(render(&run, 100).starts_with("Nothing was measured."));
}
