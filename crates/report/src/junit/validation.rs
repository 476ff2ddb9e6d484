//! A validation as JUnit XML: one test case per check, and one for speed.

use std::{fmt::Write, time::Duration};

use anyhow::Result;
use patchmark_results::{CheckRow, CheckVerdict, Validation, Verdict, text::clean};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::limit;
use crate::words::validation::{headline, speed_lines};

/// The validation as a JUnit document. A check that was not decided is an error; one that does not apply is skipped.
///
/// # Errors
/// If it cannot be encoded.
pub fn render(validation: &Validation) -> Result<String> {
    let name = limit::message(&format!("patchmark validate {}", clean(&validation.candidate)));
    let mut suite = TestSuite::new(name.as_str());
    suite.set_time(Duration::try_from_secs_f64(validation.elapsed_s).unwrap_or_default());
    let rows = validation.found.checks.iter();
    let mut cases: Vec<TestCase> = rows.map(|row| case(&clean(&row.name), status(row))).collect();
    cases.extend(speed(validation).map(|status| case("speed", status)));
    if validation.found.identical {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("identical inputs").set_message(limit::message(&headline(validation)));
        cases.push(case("identical inputs", status));
    }
    limit::add(&mut suite, cases);
    let mut report = Report::new(name);
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}

fn case(name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(limit::message(name), status);
    case.set_classname("patchmark.validate");
    case
}

/// How timing ended; none if it was not asked for.
fn speed(validation: &Validation) -> Option<TestCaseStatus> {
    let found = &validation.found;
    let not_decided = |why: &str| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(limit::message(&format!("not decided: {}", clean(why))));
        status
    };
    let mut status = match (&found.speed_missing, found.speed_verdict()) {
        (Some(why), _) => return Some(not_decided(why)),
        (None, None) => return None,
        (None, Some(Verdict::Regressed)) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message("slower than the reference");
            status
        }
        (None, Some(Verdict::Inconclusive)) => not_decided("the times do not say whether it is slower"),
        (None, Some(_)) => return Some(TestCaseStatus::success()),
    };
    status.set_description(limit::description(&speed_lines(validation).join("\n")));
    Some(status)
}

fn status(row: &CheckRow) -> TestCaseStatus {
    let mut status = match row.verdict {
        CheckVerdict::Passed => return TestCaseStatus::success(),
        CheckVerdict::NotApplicable => TestCaseStatus::skipped(),
        CheckVerdict::NotRun => TestCaseStatus::non_success(NonSuccessKind::Error),
        CheckVerdict::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    match row.verdict {
        CheckVerdict::NotApplicable => status.set_message(limit::message(&clean(&row.reason))),
        CheckVerdict::NotRun => {
            status.set_message(limit::message(&format!("not decided: {}", clean(&row.reason))))
        }
        _ => {
            let first = row.findings.first().map_or("", |finding| &finding.detail);
            status.set_message(limit::message(&clean(first))).set_description(description(row))
        }
    };
    status
}

/// Every finding with its trace, and the command that reproduces it.
fn description(row: &CheckRow) -> String {
    let mut text = String::new();
    for finding in &row.findings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}\n{}{}", finding.detail, finding.code, finding.trace);
    }
    limit::description(&text) + &limit::description(&row.replay)
}
