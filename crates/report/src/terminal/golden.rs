//! What `golden check` found, as it is printed: failures first.

use std::collections::BTreeMap;

use patchmark_results::{
    ParityClass,
    golden::{CaseCheck, CaseVerdict, GoldenCheck},
    text::{clean, plural},
};

use super::layout::Text;

/// Cases that are told in full; of the others only names are listed.
const CASES: usize = 6;
/// Names that a note lists.
const NAMES: usize = 5;

/// The whole report in at most `columns` columns.
pub fn render(check: &GoldenCheck, columns: usize) -> String {
    let mut out = Text::new(columns);
    out.paragraph("", 2, &headline(check));
    for (verdict, mark, word) in
        [(CaseVerdict::Failed, '✗', "failed"), (CaseVerdict::NotVerified, '?', "not verified")]
    {
        let cases: Vec<&CaseCheck> = check.with(verdict).collect();
        let (told, rest) = cases.split_at(cases.len().min(CASES));
        for case in told {
            findings(&mut out, mark, case);
        }
        if !rest.is_empty() {
            out.blank();
            out.paragraph("  ", 4, &format!("{mark} {} more {word}: {}", rest.len(), names(rest)));
        }
    }
    for (verdict, mark, word) in
        [(CaseVerdict::Missing, '?', "missing"), (CaseVerdict::Passed, '✓', "passed")]
    {
        let cases: Vec<&CaseCheck> = check.with(verdict).collect();
        if !cases.is_empty() {
            out.blank();
            out.paragraph("  ", 4, &format!("{mark} {} {word}: {}", cases.len(), names(&cases)));
        }
    }
    for note in notes(check) {
        out.blank();
        out.paragraph("  ", 4, &note);
    }
    out.finish()
}

/// The whole check in one sentence.
fn headline(check: &GoldenCheck) -> String {
    let number = |verdict| check.with(verdict).count() as u64;
    let (failed, missing) = (number(CaseVerdict::Failed), number(CaseVerdict::Missing));
    let (undecided, passed) = (number(CaseVerdict::NotVerified), number(CaseVerdict::Passed));
    let all = plural(check.cases.len() as u64, "case");
    let (file, pack) = (clean(&check.tensors), clean(&check.pack));
    let relaxed = match check.allow {
        ParityClass::Exact => String::new(),
        allow => format!(" (relaxed by --allow {allow})"),
    };
    let mut parts = Vec::new();
    if failed > 0 {
        parts.push(format!("{failed} of {all} failed"));
    }
    if undecided > 0 {
        parts.push(format!("{} not verified", plural(undecided, "case")));
    }
    if missing > 0 {
        parts.push(format!("{} missing", plural(missing, "case")));
    }
    let found = parts.join(", ");
    if failed > 0 {
        format!("{file} differs from {pack}: {found}{relaxed}")
    } else if missing == check.cases.len() as u64 {
        format!("{file} has no tensor of any case of {pack}")
    } else if !parts.is_empty() {
        let others = if passed > 0 { ", the others passed" } else { "" };
        format!("{file} was not fully compared with {pack}: {found}{others}{relaxed}")
    } else if check
        .cases
        .iter()
        .flat_map(|case| &case.tensors)
        .all(|one| one.class == Some(ParityClass::Exact))
    {
        format!("{file} equals {pack} bit for bit: {passed} of {all} passed")
    } else {
        format!("{file} equals {pack} as far as is asked: {passed} of {all} passed{relaxed}")
    }
}

/// A case and everything that was found in it.
fn findings(out: &mut Text, mark: char, case: &CaseCheck) {
    out.blank();
    out.paragraph(
        "  ",
        4,
        &format!("{mark} {} ({})", clean(&case.name), plural(case.images.len() as u64, "image")),
    );
    for finding in
        case.tensors.iter().filter(|one| one.verdict != CaseVerdict::Passed).flat_map(|one| &one.findings)
    {
        out.paragraph("      ", 8, &clean(finding));
    }
}

fn names(cases: &[&CaseCheck]) -> String {
    let names: Vec<String> = cases.iter().map(|case| clean(&case.name)).collect();
    names.join(", ")
}

/// The first of some names, and how many more there are.
fn first(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMES)].join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// How many cases have which class, unless all are equal or missing.
fn classes(check: &GoldenCheck) -> Option<String> {
    let mut counts: BTreeMap<ParityClass, u64> = BTreeMap::new();
    let mut unknown = 0;
    for case in check.cases.iter().filter(|case| case.verdict != CaseVerdict::Missing) {
        let classes: Option<Vec<ParityClass>> = case.tensors.iter().map(|one| one.class).collect();
        match classes.and_then(|classes| classes.into_iter().max()) {
            Some(class) => *counts.entry(class).or_default() += 1,
            None => unknown += 1,
        }
    }
    if unknown == 0 && counts.keys().all(|class| *class == ParityClass::Exact) {
        return None;
    }
    let mut parts: Vec<String> = counts.iter().map(|(class, cases)| format!("{cases} {class}")).collect();
    if unknown > 0 {
        parts.push(format!("{unknown} not measured"));
    }
    Some(format!("– classes of the cases: {}", parts.join(", ")))
}

/// What a reader must know in addition to the cases.
fn notes(check: &GoldenCheck) -> Vec<String> {
    let mut notes: Vec<String> = classes(check).into_iter().collect();
    let allowed: Vec<String> = check
        .with(CaseVerdict::Passed)
        .filter(|case| case.tensors.iter().any(|one| one.class > Some(ParityClass::Exact)))
        .map(|case| clean(&case.name))
        .collect();
    if !allowed.is_empty() {
        let cases = plural(allowed.len() as u64, "case");
        notes.push(format!("– {cases} passed with differences that are allowed: {}", first(&allowed)));
    }
    if !check.extra.is_empty() {
        let names: Vec<String> = check.extra.iter().map(|name| format!("{:?}", clean(name))).collect();
        let tensors = plural(names.len() as u64, "tensor");
        let verb = if names.len() == 1 { "is" } else { "are" };
        notes.push(format!("– {tensors} {verb} not of the pack: {}", first(&names)));
    }
    if check.cases.iter().all(|case| case.verdict == CaseVerdict::Missing)
        && let Some(case) = check.cases.first()
    {
        let name = format!("{}/pixel_values", clean(&case.name));
        notes.push(format!("– tensors are named CASE/KEY, such as {name:?}"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use patchmark_results::{ParityClass, fixtures::golden::check};

    use super::*;
    use CaseVerdict::{Failed, Missing, NotVerified, Passed};

    /// Without the ends of lines.
    fn told(check: &GoldenCheck, columns: usize) -> String {
        render(check, columns).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_first_line_says_what_holds_of_all_cases() {
        for (verdicts, line) in [
            (vec![Passed, Passed], "mine.safetensors equals pack bit for bit: 2 of 2 cases passed"),
            (
                vec![Failed, Passed, Missing],
                "mine.safetensors differs from pack: 1 of 3 cases failed, 1 case missing",
            ),
            (
                vec![NotVerified, Passed, Missing],
                "mine.safetensors was not fully compared with pack: 1 case not verified, 1 case missing, the others passed",
            ),
            (
                vec![NotVerified, Missing],
                "mine.safetensors was not fully compared with pack: 1 case not verified, 1 case missing",
            ),
            (vec![Missing, Missing], "mine.safetensors has no tensor of any case of pack"),
        ] {
            assert_eq!(headline(&check(&verdicts)), line);
        }
        let mut relaxed = check(&[Passed]);
        relaxed.allow = ParityClass::OneLevel;
        assert_eq!(headline(&relaxed), "mine.safetensors equals pack bit for bit: 1 of 1 case passed");
        relaxed.cases[0].tensors[0].class = Some(ParityClass::LastPlace);
        assert_eq!(
            headline(&relaxed),
            "mine.safetensors equals pack as far as is asked: 1 of 1 case passed (relaxed by --allow one-level)"
        );
        assert!(told(&relaxed, 200).contains("– 1 case passed with differences that are allowed: case-0"));
    }

    #[test]
    fn few_cases_are_told_in_full_and_all_are_named() {
        let mut found = check(&[vec![Failed; 9], vec![NotVerified; 2], vec![Missing, Passed]].concat());
        found.extra = (0..7).map(|index| format!("other/{index}")).collect();
        let text = render(&found, 60);
        assert_eq!(text.matches("one-level: 1 of 48 values").count(), CASES);
        assert!(text.contains("✗ 3 more failed: case-6, case-7, case-8"), "{text}");
        assert!(text.contains("? case-9 (1 image)") && text.contains("✓ 1 passed: case-12"), "{text}");
        assert!(text.contains("– 7 tensors are not of the pack: \"other/0\""), "{text}");
        assert!(text.contains("and 2 more"), "{text}");
        assert!(
            told(&found, 60).contains("– classes of the cases: 1 exact, 9 one-level, 2 not measured"),
            "{text}"
        );
        assert!(!render(&check(&[Passed, Missing]), 60).contains("classes"), "all that is there is equal");
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        let none = render(&check(&[Missing]), 100);
        assert!(none.contains("– tensors are named CASE/KEY, such as \"case-0/pixel_values\""), "{none}");
    }
}
