//! Candidates with one planted fault each, which the check meant for it must catch.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use patchmark::{
    program::Launcher,
    validate::{
        self, Session, Settings,
        cases::{Extent, LIMITS, PATCH_SIZES},
        checks::names,
    },
    worker::{Interrupted, Limits, Options, Subject},
    workload::DecodedImage,
};
use patchmark_results::{CheckRow, CheckVerdict, Findings, Outcome, Tolerance, Verdict};

/// A class of `tests/candidates/`, and the check that must catch it.
struct Candidate {
    file: PathBuf,
    class: String,
    caught_by: String,
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/candidates")
}

/// The candidates of every line `class Name(…):  # caught by: check` in the folder.
fn candidates() -> Vec<Candidate> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "py")) {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            if let Some((head, check)) = line.split_once("# caught by: ") {
                let class = head.trim_start_matches("class ").split('(').next().unwrap();
                found.push(Candidate {
                    file: file.clone(),
                    class: class.into(),
                    caught_by: check.trim().into(),
                });
            }
        }
    }
    found
}

pub(crate) fn settings() -> Settings {
    Settings {
        tolerance: Tolerance::default(),
        extent: Extent::Quick,
        uses: Extent::Quick,
        photographs: Vec::new(),
        skipped_files: Vec::new(),
        only_images: false,
        limits: LIMITS.to_vec(),
        patch_sizes: PATCH_SIZES.to_vec(),
        only: Vec::new(),
        skip: Vec::new(),
        fail_fast: false,
        seed: 0,
        batch_sizes: Vec::new(),
        budget: Duration::ZERO,
        effect: 0.05,
        model: None,
    }
}

/// A session beside `hf`, whose answers it keeps for further candidates.
pub(crate) fn session(candidate: &Subject) -> Session {
    let mut session = interruptible(candidate, Arc::default());
    session.remember();
    session
}

fn interruptible(candidate: &Subject, interrupt: Arc<AtomicBool>) -> Session {
    between(&Subject::parse("hf").unwrap(), candidate, interrupt)
}

fn between(reference: &Subject, candidate: &Subject, interrupt: Arc<AtomicBool>) -> Session {
    let options = Options {
        program: Launcher::binary(Path::new(env!("CARGO_BIN_EXE_patchmark"))),
        limits: Limits::default(),
        threads: 1,
        keep_memory: true,
        interrupt,
    };
    Session::new(reference, candidate, options).unwrap()
}

pub(crate) fn subject(file: &Path, class: &str) -> Subject {
    Subject::parse(&format!("python:{}:{class}", file.display())).unwrap()
}

/// The checks of drawn uses, which take seconds for each candidate.
const USES: [&str; 7] = [
    "construction",
    "call-arguments",
    "input-forms",
    "input-modes",
    "return-types",
    "serialization",
    "instances",
];

/// All checks but those of drawn uses.
fn without_uses() -> Settings {
    Settings { skip: USES.map(str::to_owned).into(), ..settings() }
}

/// The checks that failed, each with its first finding.
pub(crate) fn findings(outcome: &Findings) -> BTreeMap<&str, String> {
    let detail = |row: &CheckRow| row.findings.first().map_or(String::new(), |first| first.detail.clone());
    outcome.failed().map(|row| (row.name.as_str(), detail(row))).collect()
}

#[test]
fn a_reference_without_an_answer_ends_the_validation_instead_of_passing_every_candidate() {
    for (file, class, told) in [
        ("broken_import.py", "BrokenImport", ["BrokenImport cannot be made", "ModuleNotFoundError"]),
        ("contract.py", "RefusesAll", ["RefusesAll raises on a plain call", "NotImplementedError: soon"]),
    ] {
        let reference = subject(&folder().join(file), class);
        let mut session = between(&reference, &Subject::parse("hf").unwrap(), Arc::default());
        let error = validate::examine(&mut session, &settings(), &mut |_| {}).unwrap_err().to_string();
        assert!(told.into_iter().all(|each| error.contains(each)), "{error}");
    }
}

#[test]
fn each_fault_is_caught_by_the_check_meant_for_it_and_each_check_is_needed() {
    let candidates = candidates();
    assert!(candidates.len() >= 155);
    let mut session = session(&subject(&candidates[0].file, &candidates[0].class));
    let mut wrong = Vec::new();
    let mut needed = BTreeSet::new();
    for candidate in &candidates {
        // Until it is known that a check is needed, everything else is examined, too.
        let settings = if needed.contains(&candidate.caught_by) {
            Settings { only: vec![candidate.caught_by.clone()], fail_fast: true, ..settings() }
        } else if USES.contains(&candidate.caught_by.as_str()) {
            settings()
        } else {
            without_uses()
        };
        session.replace_candidate(&subject(&candidate.file, &candidate.class)).unwrap();
        let outcome = validate::examine(&mut session, &settings, &mut |_| {}).unwrap();
        let found = findings(&outcome);
        for row in outcome.failed().filter(|row| USES.contains(&row.name.as_str())) {
            let told: BTreeSet<_> = row.findings.iter().map(|finding| &finding.code).collect();
            if told.len() < row.findings.len() {
                wrong.push(format!("{}: {} tells the same use twice", candidate.class, row.name));
            }
        }
        if !found.contains_key(candidate.caught_by.as_str()) {
            wrong.push(format!(
                "{}: not caught by {}, but by {found:?}",
                candidate.class, candidate.caught_by
            ));
        }
        // Only this check catches the fault, so the check is needed.
        if let ([only], true) = (&found.keys().copied().collect::<Vec<_>>()[..], settings.only.is_empty()) {
            needed.insert((*only).to_owned());
        } else if settings.only.is_empty() && std::env::var_os("PATCHMARK_TEST_VERBOSE").is_some() {
            eprintln!("{} ({}): {found:#?}", candidate.class, candidate.caught_by);
        }
    }
    // `survives` is tested in `hostile.rs`.
    let unneeded: Vec<_> =
        names().into_iter().filter(|name| *name != "survives" && !needed.contains(*name)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(unneeded.is_empty(), "no fault is caught only by one of {unneeded:?}");
}

#[test]
fn the_first_check_that_fails_ends_a_validation_that_is_to_fail_fast() {
    for (file, class, fails, others) in [
        ("batching.py", "RefusesSingle", "single-image", ["return-types", "keys"]),
        ("arguments.py", "IgnoresDoResize", "call-arguments", ["return-types", "keys"]),
        ("values.py", "WithoutAntialias", "parity", ["keys", "mask"]),
    ] {
        let only = [&[fails], &others[..]].concat().into_iter().map(str::to_owned).collect();
        let settings = Settings { fail_fast: true, only, ..settings() };
        let mut session = session(&subject(&folder().join(file), class));
        let found = validate::examine(&mut session, &settings, &mut |_| {}).unwrap();
        assert_eq!(findings(&found).into_keys().collect::<Vec<_>>(), [fails]);
        assert_eq!(found.outcome().code(), 4);
        for name in others {
            let row = found.checks.iter().find(|row| row.name == name).unwrap();
            assert_eq!(row.verdict, CheckVerdict::NotRun, "{class}: {name}");
            assert!(row.reason.contains("--fail-fast"), "{class}: {row:?}");
        }
        let compared = found.parity.map_or(0, |parity| parity.cases);
        assert!(compared < 10, "{class}: {compared} calls were compared");
    }
}

/// A validation of `fused` that is interrupted when `at` says so of what is being done.
fn interrupted(settings: &Settings, at: impl Fn(&str) -> bool) -> anyhow::Result<Findings> {
    let (folder, interrupt) = (tempfile::tempdir().unwrap(), Arc::new(AtomicBool::new(false)));
    let mut session = interruptible(&Subject::parse("fused").unwrap(), Arc::clone(&interrupt));
    let folders = (folder.path(), Path::new("out"));
    let mut progress = |what: &str| {
        interrupt.fetch_or(at(what), Ordering::Relaxed);
    };
    let found = validate::validate(&mut session, settings, ("fused", "hf"), folders, &mut progress);
    found.map(|(found, _)| found)
}

#[test]
fn an_interrupted_validation_keeps_what_it_found() {
    let found = interrupted(&settings(), |what| what == "determinism").unwrap();
    assert_eq!((found.partial, found.outcome()), (true, Outcome::Interrupted));
    let ended = |verdict| found.checks.iter().filter(|row| row.verdict == verdict).count();
    assert!(ended(CheckVerdict::Passed) > 1, "{:?}", found.checks);
    let open = found.checks.iter().filter(|row| row.verdict == CheckVerdict::NotRun);
    assert!(open.clone().count() > 0);
    assert!(open.clone().all(|row| row.reason == "the validation was interrupted"), "{:?}", found.checks);

    let error = interrupted(&settings(), |what| what == "starting the workers").unwrap_err();
    assert!(error.is::<Interrupted>(), "nothing was found: {error:?}");
}

#[test]
fn the_times_of_an_interrupted_validation_are_kept_and_not_judged() {
    let settings = Settings {
        photographs: vec![Arc::new(DecodedImage::new("grey", 64, 48, vec![127; 64 * 48 * 3]).unwrap())],
        only: vec!["keys".to_owned()],
        batch_sizes: vec![1],
        budget: Duration::from_secs(600),
        ..settings()
    };
    let found = interrupted(&settings, |what| what.contains("round 3")).unwrap();
    assert_eq!((found.partial, found.outcome()), (true, Outcome::Interrupted));
    let [row] = found.speed.as_slice() else { panic!("{:?}", found.speed) };
    assert!(row.rounds == 2 && row.judgement.is_none() && row.verdict == Verdict::Inconclusive, "{row:?}");
}

#[test]
fn right_candidates_and_every_processor_of_our_own_pass() {
    let right = folder().join("right.py");
    let mut subjects: Vec<Subject> =
        ["Unchanged", "ChannelsLast", "Grouped"].map(|class| subject(&right, class)).into();
    let own = patchmark::processor::NAMES.into_iter().filter(|name| *name != "hf-pil");
    subjects.extend(own.map(|name| Subject::parse(name).unwrap()));
    let mut session = session(&subjects[0]);
    for subject in &subjects {
        session.replace_candidate(subject).unwrap();
        let outcome = validate::examine(&mut session, &settings(), &mut |_| {}).unwrap();
        assert!(findings(&outcome).is_empty(), "{subject}: {:#?}", findings(&outcome));
        assert_eq!(outcome.outcome().code(), 0, "{subject}");
    }
}

#[test]
fn beside_a_reference_that_is_not_called_from_python_only_shared_calls_are_compared() {
    let right = subject(&folder().join("right.py"), "Unchanged");
    let mut session = between(&Subject::parse("fused").unwrap(), &right, Arc::default());
    let found = validate::examine(&mut session, &settings(), &mut |_| {}).unwrap();
    // `fused` refuses an empty batch, which transformers answers.
    assert!(findings(&found).keys().eq(["empty-batch"].iter()), "{:#?}", findings(&found));
    for name in USES.into_iter().chain(["grey", "exif"]) {
        let row = found.checks.iter().find(|row| row.name == name).unwrap();
        assert_eq!(row.verdict, CheckVerdict::NotApplicable, "{name}");
        assert_eq!(row.reason, "the reference is not called from Python", "{name}");
    }
}
