//! A decision as JUnit XML: one test case per row.

use std::time::Duration;

use anyhow::Result;
use patchmark_results::{Decision, DecisionRow, Finding, Verdict, text::clean};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::limit;
use crate::words::decision::{gap_word, sentence, word};

/// The decision as a JUnit document. A row that fails, or a gap, is a failure; one that does not count or is new is skipped.
///
/// # Errors
/// If it cannot be encoded.
pub fn render(decision: &Decision) -> Result<String> {
    let name = format!("patchmark {}", decision.kind.name());
    let mut suite = TestSuite::new(name.as_str());
    suite.set_time(Duration::try_from_secs_f64(decision.elapsed_s).unwrap_or_default());
    let mut cases: Vec<TestCase> = decision.rows.iter().map(|row| case(decision, row, &name)).collect();
    for gap in &decision.gaps {
        let text = limit::description(&clean(&gap.sentence()));
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(gap_word(gap)).set_message(limit::message(&text)).set_description(text);
        let place = if gap.place.is_empty() { gap_word(gap).to_owned() } else { clean(&gap.place) };
        let mut case = TestCase::new(limit::message(&place), status);
        case.set_classname(format!("{name}.{}", gap_word(gap)));
        cases.push(case);
    }
    if !decision.differences.is_empty() && !decision.allow_environment {
        let text = clean(&decision.differences.join("; "));
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status
            .set_type("environment")
            .set_message(limit::message(&text))
            .set_description(limit::description(&text));
        let mut case = TestCase::new("environment", status);
        case.set_classname(name.as_str());
        cases.push(case);
    }
    limit::add(&mut suite, cases);
    let mut report = Report::new(name);
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}

fn case(decision: &Decision, row: &DecisionRow, name: &str) -> TestCase {
    let text = sentence(row);
    let message = limit::message(&text);
    let status = if row.fails(decision.allow_inconclusive) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(word(row)).set_message(message).set_description(limit::description(&text));
        status
    } else if !row.counts || row.finding == Some(Finding::New) {
        let mut status = TestCaseStatus::skipped();
        status.set_message(message);
        status
    } else {
        TestCaseStatus::success()
    };
    let passed_undecided =
        row.verdict == Verdict::Inconclusive && matches!(status, TestCaseStatus::Success { .. });
    let mut case = TestCase::new(limit::message(&clean(&format!("{}, {}", row.subject, row.batch))), status);
    case.set_classname(limit::message(&format!("{name}.{}", clean(&row.figure))));
    if passed_undecided {
        case.set_system_out(limit::description(&text));
    }
    case
}
