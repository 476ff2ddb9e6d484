//! What CI systems can show of a JUnit document: not too many cases, not too long texts, and only characters of XML.

use patchmark_results::text::plural;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

/// The cases of one document.
const CASES: usize = 1000;
/// The characters of a message, which CI systems show on one line.
const MESSAGE: usize = 1000;
/// The characters of a description.
const DESCRIPTION: usize = 20_000;

/// A message or a name.
pub(super) fn message(text: &str) -> String {
    within(MESSAGE, text)
}

/// A longer text.
pub(super) fn description(text: &str) -> String {
    within(DESCRIPTION, text)
}

/// `text` in characters that XML has, with a count of what was left out if it is longer than `most` characters.
fn within(most: usize, text: &str) -> String {
    // quick-junit removes the control characters, but not these two.
    let mut shown = text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    if let Some((end, _)) = shown.char_indices().nth(most) {
        let more = shown[end..].chars().count();
        shown.truncate(end);
        shown += &format!("… ({} left out)", plural(more as u64, "more character"));
    }
    shown
}

/// Adds the cases to a suite. If there are too many, those that fail come first, and a last case counts the others; it fails
/// if one of them does.
pub(super) fn add(suite: &mut TestSuite, mut cases: Vec<TestCase>) {
    let fails = |case: &TestCase| matches!(case.status, TestCaseStatus::NonSuccess { .. });
    let mut rest = Vec::new();
    if cases.len() > CASES {
        cases.sort_by_key(|case| !fails(case));
        rest = cases.split_off(CASES - 1);
    }
    let class = cases.first().and_then(|case| case.classname.clone());
    suite.add_test_cases(cases);
    if rest.is_empty() {
        return;
    }
    let failing = rest.iter().filter(|case| fails(case)).count();
    let mut status = match failing {
        0 => TestCaseStatus::skipped(),
        _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    status.set_message(format!(
        "{} left out here, {failing} of which failed; summary.md in the result's folder has more",
        plural(rest.len() as u64, "case")
    ));
    let mut case = TestCase::new(plural(rest.len() as u64, "more case"), status);
    if let Some(class) = class {
        case.set_classname(class);
    }
    suite.add_test_case(case);
}

#[cfg(test)]
mod tests {
    use patchmark_results::{
        Verdict,
        fixtures::{decision, validation},
    };
    use quick_junit::Report;

    use crate::junit;

    #[test]
    fn thousands_of_rows_are_capped_with_a_count_and_failures_come_first() {
        for (failing, failures, skipped) in [(10, 10, 1), (1500, 1000, 0)] {
            let verdict = |i| if i >= 3000 - failing { Verdict::Regressed } else { Verdict::Equivalent };
            let rows = (0..3000).map(|i| decision::row(&format!("row {i}"), verdict(i), None)).collect();
            let xml = junit::decision::render(&decision::decision(rows)).unwrap();
            let counts = format!("tests=\"1000\" skipped=\"{skipped}\" errors=\"0\" failures=\"{failures}\"");
            assert!(xml.contains(&counts), "{counts} is not in {}", &xml[..400]);
            let lost = failing - failures.min(failing).min(999);
            assert!(xml.contains(&format!("2,001 cases left out here, {lost} of which failed")), "{failing}");
        }
    }

    #[test]
    fn long_texts_are_capped_with_a_count() {
        let long = "long ".repeat(100_000);
        let mut row = decision::row("a", Verdict::Regressed, None);
        row.reason = Some(long.clone());
        let xml = junit::decision::render(&decision::decision(vec![row])).unwrap();
        assert!(xml.len() < 30_000 && xml.contains("more characters left out)"), "{}", xml.len());
        let xml = junit::validation::render(&validation::validation(&long)).unwrap();
        assert!(xml.len() < 100_000 && xml.contains("more characters left out)"), "{}", xml.len());
    }

    #[test]
    fn characters_that_xml_lacks_do_not_break_the_document() {
        let hostile = "\u{0}\u{8}\u{b}\u{1b}[31m\u{7f}\u{fffe}\u{ffff}<]]>&\"'";
        let rows = vec![decision::row(hostile, Verdict::Regressed, None)];
        for xml in [
            junit::decision::render(&decision::decision(rows)).unwrap(),
            junit::validation::render(&validation::validation(hostile)).unwrap(),
        ] {
            let allowed = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            assert!(xml.chars().all(allowed), "{xml}");
            Report::deserialize_from_str(&xml).unwrap();
        }
    }
}
