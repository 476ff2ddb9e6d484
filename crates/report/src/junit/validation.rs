//! A validation as JUnit XML: one test case per check, and one for speed.

use std::{fmt::Write, time::Duration};

use anyhow::Result;
use patchmark_results::{CheckRow, CheckVerdict, Validation, text::clean, validation::Conclusion};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::words::validation::{headline, speed_lines};

/// The validation as a JUnit document. A check that was not decided is an error; one that does not apply is skipped.
///
/// # Errors
/// If it cannot be encoded.
pub fn render(validation: &Validation) -> Result<String> {
    let name = format!("patchmark validate {}", clean(&validation.candidate));
    let mut suite = TestSuite::new(name.as_str());
    suite.set_time(Duration::try_from_secs_f64(validation.elapsed_s).unwrap_or_default());
    suite.add_test_cases(validation.found.checks.iter().map(|row| case(&clean(&row.name), status(row))));
    if !validation.found.speed.is_empty() {
        let mut status = TestCaseStatus::success();
        if validation.verdict == Conclusion::Slower {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_message("slower than the reference")
                .set_description(speed_lines(validation).join("\n"));
        }
        suite.add_test_case(case("speed", status));
    }
    if validation.found.identical {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("identical inputs").set_message(headline(validation));
        suite.add_test_case(case("identical inputs", status));
    }
    let mut report = Report::new(name);
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}

fn case(name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname("patchmark.validate");
    case
}

fn status(row: &CheckRow) -> TestCaseStatus {
    let mut status = match row.verdict {
        CheckVerdict::Passed => return TestCaseStatus::success(),
        CheckVerdict::NotApplicable => TestCaseStatus::skipped(),
        CheckVerdict::NotRun => TestCaseStatus::non_success(NonSuccessKind::Error),
        CheckVerdict::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    match row.verdict {
        CheckVerdict::NotApplicable => status.set_message(clean(&row.reason)),
        CheckVerdict::NotRun => status.set_message(format!("not decided: {}", clean(&row.reason))),
        _ => {
            let first = row.findings.first().map_or("", |finding| &finding.detail);
            status.set_message(clean(first)).set_description(description(row))
        }
    };
    status
}

/// Every finding with its trace, and the command that reproduces it.
fn description(row: &CheckRow) -> String {
    let mut text = String::new();
    for finding in &row.findings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}\n{}", finding.detail, finding.trace);
    }
    text + &row.replay
}
