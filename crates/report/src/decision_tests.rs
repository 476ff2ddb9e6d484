//! A decision in every format.

use patchmark_results::{
    Decision, Finding, Pairs, Verdict,
    fixtures::decision::{decision, row},
};

use crate::{annotations, junit, markdown, page, terminal};

fn mixed() -> Decision {
    decision(vec![
        row("fused (HWC)", Verdict::Regressed, None),
        row("a-processor-with-a-very-long-name-that-goes-on (HWC)", Verdict::Equivalent, None),
        row("quick", Verdict::Inconclusive, Some(Finding::Missing)),
        row("new", Verdict::Inconclusive, Some(Finding::New)),
    ])
}

#[test]
fn exit_codes_rank_parity_speed_missing_environment_doubt() {
    let code = |decision: &Decision| decision.outcome().code();
    let equivalent = || row("a", Verdict::Equivalent, None);
    assert_eq!(code(&decision(vec![equivalent()])), 0);
    assert_eq!(code(&decision(vec![])), 5, "nothing decided is not a pass");
    assert_eq!(code(&decision(vec![equivalent(), row("b", Verdict::Inconclusive, None)])), 5);
    assert_eq!(code(&decision(vec![equivalent(), row("b", Verdict::Inconclusive, Some(Finding::New))])), 0);
    assert_eq!(code(&decision(vec![row("b", Verdict::Inconclusive, Some(Finding::New))])), 5);
    assert_eq!(code(&mixed()), 3);
    let mut parity = mixed();
    parity.rows.push(row("p", Verdict::Regressed, Some(Finding::Parity)));
    assert_eq!(code(&parity.concluded()), 4);
    let mut elsewhere = decision(vec![equivalent()]);
    elsewhere.differences.push("2 threads, not 4".into());
    assert_eq!(code(&elsewhere), 6);
    elsewhere.allow_environment = true;
    assert_eq!(code(&elsewhere), 0);
    elsewhere.partial = true;
    assert_eq!(code(&elsewhere), 130);
}

#[test]
fn the_terminal_is_narrow_and_ends_with_the_verdict() {
    let text = terminal::decision::render(&mixed(), 100);
    for line in text.lines() {
        assert!(line.chars().count() <= 100 && !line.chars().any(char::is_control), "{line:?}");
    }
    assert!(text.ends_with("regressed: 1 of 3 rows regressed (exit code 3)\n"), "{text}");
    assert!(text.contains("+12.0% [+8.0% … +17.0%]") && text.contains("missing"), "{text}");
}

#[test]
fn what_disturbed_a_comparison_is_told_wherever_it_is_read() {
    let mut disturbed = mixed();
    let steady = vec![[1.0, 1.01]; 20];
    let drifting = (0..20).map(|round| [1.0 + f64::from(round) / 20.0; 2]).collect();
    disturbed.rows[0].pairs = Some(Pairs { base: steady, candidate: drifting, ..Pairs::default() });
    let page = page::of_decision(&disturbed, &[], &[]).unwrap();
    let told = [markdown::decision::render(&disturbed), terminal::decision::render(&disturbed, 400), page];
    for text in told {
        assert!(
            text.contains("drift: the times of 1 of 2 rows, most of all the candidate, fused (HWC)"),
            "{text}"
        );
    }
    let calm = terminal::decision::render(&mixed(), 400);
    assert!(!calm.contains("warning"), "{calm}");
}

#[test]
fn junit_counts_what_fails_and_is_well_formed() {
    let xml = junit::decision::render(&mixed()).unwrap();
    assert!(xml.contains("tests=\"4\" skipped=\"1\" errors=\"0\" failures=\"2\""), "{xml}");
    // A parser reads the names back unchanged, except for what XML cannot represent.
    let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    let cases = &report.test_suites[0].test_cases;
    assert_eq!(cases.len(), 4);
    let quick_junit::TestCaseStatus::NonSuccess { message: Some(quick), .. } = &cases[2].status else {
        panic!("{:?}", cases[2].status)
    };
    assert!(
        quick.as_str().contains("processor \"quick\" | is [31m unknown <here> & there, 100%"),
        "{quick:?}"
    );
}

#[test]
fn annotations_are_one_line_each_and_escaped() {
    let text = annotations::render(&mixed());
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
    assert!(
        text.starts_with("::error title=patchmark compare::1 of 3 rows regressed (exit code 3)\n"),
        "{text}"
    );
    assert!(text.contains("\n::error title=patchmark compare::fused (HWC), mixed, batch 8: preprocess ms:"));
    assert!(text.contains("+12.0%25") && text.contains("::warning title=patchmark compare::new,"), "{text}");
}

#[test]
fn a_row_that_is_not_slower_passes_in_every_format() {
    let rows = [Verdict::NotSlower, Verdict::NotSlower, Verdict::Improved, Verdict::Equivalent];
    let decision = decision(rows.map(|verdict| row("fused", verdict, None)).into());
    let told =
        "not slower: nothing regressed: 1 row improved, 1 row equivalent, 2 rows not slower (exit code 0)";
    let text = terminal::decision::render(&decision, 100);
    assert!(text.ends_with(&format!("{told}\n")) && text.matches("  not slower\n").count() == 2, "{text}");
    let xml = junit::decision::render(&decision).unwrap();
    assert!(xml.contains("tests=\"4\" skipped=\"0\" errors=\"0\" failures=\"0\""), "{xml}");
    let annotated = annotations::render(&decision);
    assert!(annotated.lines().count() == 1 && annotated.starts_with("::notice "), "{annotated}");
    let markdown = markdown::decision::render(&decision);
    assert!(markdown.starts_with("# Patchmark compare: not slower\n"), "{markdown}");
    assert_eq!(markdown.matches("| **not slower** |").count(), 2, "{markdown}");
    assert!(serde_json::to_string(&decision).unwrap().contains("\"verdict\":\"not_slower\""));
}

#[test]
fn markdown_cannot_be_broken_by_a_name() {
    let text = markdown::decision::render(&mixed());
    assert!(text.starts_with("# Patchmark compare: regressed\n"), "{text}");
    assert!(text.contains("\\<here\\> \\& there") && text.contains("<details>"), "{text}");
    assert!(text.lines().filter(|line| line.starts_with('|')).all(|line| line.ends_with(" |")), "{text}");
}
