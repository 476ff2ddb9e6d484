//! Every result at every width of a terminal: no line is wider, and what a reader decides by is whole.

use std::{
    fs,
    path::{Path, PathBuf},
};

use patchmark_results::{
    Decision, DecisionRow, Finding, History, Kind, ParityStatus, Saved, Series, Verdict,
    fixtures::{decision, parity, releases, run, validation},
    history::{ChangePoint, Point},
};
use textwrap::core::display_width;

use crate::{terminal, views};

/// Names as long and as wide as users have them.
const NAMES: [&str; 6] = [
    "fused",
    "fused-cuda-resident",
    "python:/home/someone/projects/processors/src/faster_siglip2_image_processor.py:FasterSiglip2ImageProcessor",
    "a_name_without_a_single_place_to_break_it_that_is_longer_than_any_column_of_any_table_in_any_terminal",
    "漢字の名前がとても長い処理系、全角文字ばかりの名前は二倍の幅になる、表の列を押し広げる",
    "exec:./serve --flag 'with spaces' --another-option value --and-one-more",
];

/// The text at every width, each checked to be no wider.
#[track_caller]
fn at_every_width(what: &str, render: impl Fn(usize) -> String) -> Vec<(usize, String)> {
    let texts: Vec<(usize, String)> = (60..=200).map(|columns| (columns, render(columns))).collect();
    for (columns, text) in &texts {
        // A command stays on one line, to be pasted.
        for line in text.lines().filter(|line| !line.trim_start().starts_with("$ ")) {
            assert!(display_width(line) <= *columns, "{what} at {columns}: {line}\n{text}");
            assert!(!line.chars().any(char::is_control), "{what} at {columns}: {line:?}");
        }
    }
    texts
}

/// Checks that each of `wanted` appears without a break.
#[track_caller]
fn whole<'a>(what: &str, texts: &[(usize, String)], wanted: impl IntoIterator<Item = &'a str>) {
    let wanted: Vec<&str> = wanted.into_iter().collect();
    for (columns, text) in texts {
        for wanted in &wanted {
            assert!(text.contains(wanted), "{what} at {columns} lacks {wanted:?}:\n{text}");
        }
    }
}

/// The parts of a name that no table may break.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let parts = name.split_inclusive(['/', ':', '=', ',', '-', '_', '.', ' ']).map(str::trim);
    parts.filter(|part| display_width(part) <= 12)
}

/// The name of one of patchmark's own processors, which no table may break, or the parts of a longer one.
fn short_or_parts(name: &str) -> Vec<&str> {
    if name.starts_with("python:") { parts(name).collect() } else { vec![name] }
}

fn hostile_decision() -> Decision {
    let mut rows: Vec<DecisionRow> =
        NAMES.iter().map(|name| decision::row(name, Verdict::Regressed, None)).collect();
    let findings = [Finding::Missing, Finding::New, Finding::Parity, Finding::NotVerified, Finding::Ceiling];
    rows.extend(findings.map(|finding| decision::row(NAMES[2], Verdict::Inconclusive, Some(finding))));
    rows.extend(
        [Verdict::Improved, Verdict::Equivalent, Verdict::NotSlower, Verdict::Inconclusive]
            .map(|v| decision::row("x", v, None)),
    );
    for (index, row) in rows.iter_mut().enumerate() {
        row.counts = index % 2 == 0;
        row.figure = ["ratio (native-graph)", "speed-up over hf", "preprocess ms"][index % 3].to_owned();
        row.batch =
            ["mixed, batch 8", "a folder of photographs with a long name, batch 4096"][index % 2].to_owned();
    }
    let mut found = decision::decision(rows);
    found.base = NAMES[3].to_owned();
    found.differences.push(format!("the images are {}", NAMES[2]));
    found.concluded()
}

#[test]
fn decisions_keep_every_verdict_and_name_whole() {
    let hostile = hostile_decision();
    let texts = at_every_width("a decision", |columns| terminal::decision::render(&hostile, columns));
    let words = hostile.rows.iter().map(crate::words::decision::word);
    whole("a decision", &texts, words.chain(["(not counted)", "[+8.0% … +17.0%]"]));
    whole("a decision", &texts, NAMES.iter().flat_map(|name| parts(name)));
}

#[test]
fn runs_keep_every_processor_whole() {
    let mut hostile = run::run(&NAMES, &[1, 4096]);
    let mut second = hostile.batches[1].forwards[0].clone();
    second.name = NAMES[3].to_owned();
    hostile.batches[1].forwards.push(second);
    for (index, row) in hostile.batches[1].processors.iter_mut().enumerate() {
        row.ratio.insert(NAMES[3].to_owned(), run::estimate(7.15e-5));
        row.failure = (index == 2).then(|| NAMES[3].repeat(3));
        row.parity = [
            ParityStatus::NotVerified,
            ParityStatus::Reference,
            ParityStatus::Exact,
            ParityStatus::Differs { values: 694_747, total: 1_574_928, detail: NAMES[2].to_owned() },
        ][index % 4]
            .clone();
    }
    let texts = at_every_width("a run", |columns| terminal::run::render(&hostile, columns));
    whole("a run", &texts, NAMES.iter().flat_map(|name| parts(name)));
    whole("a run", &texts, ["not verified", "reference", "exact", "differ"]);
}

#[test]
fn comparisons_validations_and_histories_fit() {
    let mut compared = parity::parity(3);
    compared.rows =
        NAMES.iter().map(|name| parity::row(name, 4096, true, &[(0, Some(1.0)), (1, None)])).collect();
    let texts = at_every_width("parity", |columns| terminal::parity::render(&compared, columns));
    whole("parity", &texts, NAMES.iter().flat_map(|name| parts(name)));

    for name in NAMES {
        let mut validated = validation::validation(name);
        // Code is printed as it is, so that it can be pasted.
        let findings = validated.found.checks.iter_mut().flat_map(|row| &mut row.findings);
        findings.for_each(|finding| finding.code.clear());
        at_every_width(name, |columns| terminal::validation::render(&validated, columns));
    }
    at_every_width("releases", |columns| terminal::releases::render(&releases::releases(), columns));

    let series = |name: &&str| Series {
        subject: (*name).to_owned(),
        batch_size: 4096,
        figure: "ratio (native-graph)".to_owned(),
        points: (0..30).map(|run| Point { run, value: 0.0001 * run as f64 }).collect(),
        changes: (1..9).map(|index| ChangePoint { index, change: 0.123, p: 0.001 }).collect(),
    };
    let history = History {
        commits: (0..30).map(|run| format!("{run:040x}")).collect(),
        series: NAMES.iter().map(series).collect(),
        notes: vec![format!("{} was left out", NAMES[2])],
        unreadable: vec![format!("{}: it is no run", NAMES[2])],
    };
    let texts = at_every_width("a history", |columns| terminal::history::render(&history, columns));
    whole("a history", &texts, NAMES.iter().flat_map(|name| parts(name)));
}

#[test]
fn every_committed_result_fits() {
    let mut seen = 0;
    for path in results(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports")) {
        let saved = Saved::read(&path).unwrap();
        let name = path.display().to_string();
        let texts = at_every_width(&name, |columns| views::of(&saved).text(columns));
        match &saved {
            Saved::Run(run) => {
                let rows = run.batches.iter().flat_map(|batch| &batch.processors);
                whole(&name, &texts, rows.flat_map(|row| short_or_parts(&row.name)));
            }
            Saved::Decision(decision) => {
                whole(&name, &texts, decision.rows.iter().map(crate::words::decision::word));
            }
            Saved::Parity(parity) => {
                whole(&name, &texts, parity.rows.iter().flat_map(|row| short_or_parts(&row.processor)));
            }
            Saved::Validation(_) | Saved::Releases(_) => {}
        }
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

/// The results below a folder.
fn results(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(results(&path));
        } else if Kind::ALL.iter().any(|kind| path.ends_with(kind.file())) {
            found.push(path);
        }
    }
    found
}
