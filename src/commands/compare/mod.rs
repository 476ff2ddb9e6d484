//! `patchmark compare`.

mod arguments;
mod measuring;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use patchmark_report::store;
use patchmark_results::{
    Decision, DecisionKind, Gap, GapKind, Kind, Outcome, SkippedFile, Verdict, decision::DECISION_VERSION,
    input_error,
};
use patchmark_statistics::{Contest, decision_rows};

pub(super) use self::arguments::Arguments;
use self::measuring::{measure_and_save, rule};
use super::{
    journals,
    options::{allow_network, use_threads},
};
use crate::{
    compare::{Processors, Setup, Sides, Workers},
    console::tell,
    interrupt::{self, Idle, Interrupt},
    measure::environment,
    processor::{self, REFERENCE},
    program::Launcher,
    python,
    worker::{Interrupted, Limits, Options, Subject},
    workload::Workload,
};

/// The time limit of one call to a build's worker: enough for a batch of a thousand photographs.
const CALL: Duration = Duration::from_secs(300);

/// What is compared, before anything is loaded.
enum Who {
    Processors([&'static str; 2]),
    Workers(Sides),
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    // Check everything that can be wrong before anything slow starts.
    allow_network(false);
    let started_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let started = Instant::now();
    let who = who(arguments)?;
    let same = same(arguments, &who)?;
    let setup = setup(arguments)?;
    store::check_writable(&arguments.out, Kind::Compare)?;
    let threads = setup.threads;
    // Workers must be ended, and their folder removed.
    let in_workers = matches!(who, Who::Workers(_));
    let interrupt = interrupt::listen(if in_workers { Idle::Waits } else { Idle::Leaves })?;
    journals::tell_of_others(&arguments.out);
    let environment = environment()?;
    // Importing Python's modules may have changed torch's number of threads.
    use_threads(threads)?;

    if let Some(gap) = same.as_ref().filter(|_| !arguments.allow_identical) {
        // Before the measurement, so that nobody waits for it.
        tell!("warning: {}", gap.detail);
    }
    tell!("loading …");
    let workloads = setup.workloads()?;
    let skipped = workloads.first().and_then(|workload| SkippedFile::sentence(&workload.skipped));
    let (mut contest, [base, candidate]) = match load(arguments, who, setup, &workloads, &interrupt) {
        Err(error) if error.is::<Interrupted>() => {
            tell!("interrupted before anything was measured; nothing is saved");
            return Ok(Outcome::Interrupted);
        }
        other => other?,
    };
    drop(workloads);
    let mut notes: Vec<String> = skipped.into_iter().collect();
    if arguments.slow_candidate.fraction() > 0.0 {
        notes.push(format!("the candidate was made {} slower on purpose", arguments.slow_candidate));
    }
    if same.is_some() && arguments.allow_identical {
        notes.push("base and candidate are the same, which --allow-identical allows".to_owned());
    }
    let gaps = same.filter(|_| !arguments.allow_identical).into_iter().collect();
    let rows = contest.rows();
    let planned = Decision {
        schema_version: DECISION_VERSION,
        kind: DecisionKind::Compare,
        started_unix_s,
        elapsed_s: 0.0,
        partial: false,
        verdict: Verdict::Inconclusive,
        exit_code: 0,
        base,
        candidate,
        rule: rule(arguments, contest.as_ref()),
        allow_inconclusive: false,
        allow_environment: false,
        accepted: false,
        differences: Vec::new(),
        gaps,
        rows: rows.iter().map(decision_rows::unmeasured).collect(),
        notes,
        environment,
    };
    measure_and_save(arguments, contest.as_mut(), planned, started, &interrupt)
}

/// Starts both sides and returns them with their names.
fn load(
    arguments: &Arguments,
    who: Who,
    setup: Setup,
    workloads: &[Workload],
    interrupt: &Arc<Interrupt>,
) -> Result<(Box<dyn Contest>, [String; 2])> {
    let named = || [arguments.subjects[0].clone(), arguments.subjects[1].clone()];
    let program = Launcher::own()?;
    let options = |limits| Options {
        program: program.clone(),
        limits,
        threads: setup.threads,
        keep_memory: false,
        interrupt: Arc::clone(interrupt),
    };
    Ok(match who {
        Who::Processors(names) => (Box::new(Processors::load(names, setup, workloads)?), named()),
        Who::Workers(sides @ Sides::Subjects(_)) => {
            let options = options(Limits::default());
            (Box::new(Workers::load(sides, setup, workloads, options)?), named())
        }
        Who::Workers(sides @ Sides::Builds { .. }) => {
            let options = options(Limits { call: CALL, ..Limits::default() });
            let workers = Workers::load(sides, setup, workloads, options)?;
            let names = workers.commits.clone().map(|commit| format!("build of {commit}"));
            (Box::new(workers), names)
        }
    })
}

fn setup(arguments: &Arguments) -> Result<Setup> {
    let images = arguments.images.source()?;
    let preprocessor =
        arguments.parameters.file().map(|file| absolute(file, "--preprocessor")).transpose()?;
    Ok(Setup {
        images,
        sizes: arguments.sizes.clone(),
        batch_sizes: arguments.batch_sizes.0.clone(),
        preprocessor,
        parameters: arguments.parameters.parameters(None)?,
        device: arguments.device.name().to_owned(),
        threads: arguments.device.use_threads()?,
        slowdown: arguments.slow_candidate.fraction(),
    })
}

fn who(arguments: &Arguments) -> Result<Who> {
    let device = arguments.device.device()?;
    match (&arguments.base_binary, arguments.subjects.as_slice()) {
        (Some(binary), subjects) => {
            let base = Launcher::binary(&absolute(binary, "--base-binary")?);
            let processors = if subjects.is_empty() {
                processor::NAMES.into_iter().filter(|name| !name.starts_with(REFERENCE)).collect()
            } else {
                processor::parse_names(&subjects.join(","), device)?
            };
            Ok(Who::Workers(Sides::Builds { base, candidate: Launcher::own()?, processors }))
        }
        (None, [base, candidate]) => match in_workers(arguments, [base, candidate])? {
            Some(subjects) => Ok(Who::Workers(Sides::Subjects(subjects))),
            None => {
                let name = |name: &str| match processor::parse_names(name, device)?.as_slice() {
                    [one] => Ok(*one),
                    _ => Err(input_error!("{name}: name one processor on each side")),
                };
                let names = [name(base)?, name(candidate)?];
                if names.iter().any(|name| name.starts_with(REFERENCE)) {
                    python::start()?;
                }
                Ok(Who::Processors(names))
            }
        },
        (None, _) => Err(input_error!(
            "name two processors, such as `patchmark compare batched fused`, or give --base-binary PATH"
        )),
    }
}

/// The finding if both sides are the same, so that no difference can be found. A slow-down that is injected on purpose is a
/// difference.
fn same(arguments: &Arguments, who: &Who) -> Result<Option<Gap>> {
    let why = match who {
        Who::Processors([base, candidate]) => {
            (base == candidate).then(|| format!("base and candidate are both {base}"))
        }
        Who::Workers(sides) => sides.same()?,
    };
    let why = why.filter(|_| arguments.slow_candidate.fraction() == 0.0);
    Ok(why.map(|why| Gap {
        kind: GapKind::Identical,
        place: String::new(),
        detail: format!("{why}, so no change can be found: name two that differ, or give --allow-identical"),
    }))
}

/// The two subjects, if at least one is not a processor of patchmark's own, so that both must run in workers.
fn in_workers(arguments: &Arguments, names: [&String; 2]) -> Result<Option<[Subject; 2]>> {
    let own = |name: &&String| processor::NAMES.iter().chain(&processor::GPU_NAMES).any(|own| own == name);
    if names.iter().all(own) {
        return Ok(None);
    }
    let [base, candidate] = names;
    let subjects = [Subject::parse(base)?, Subject::parse(candidate)?];
    let set = [
        ("--preprocessor", arguments.parameters.file().is_some()),
        ("--slow-candidate", arguments.slow_candidate.fraction() > 0.0),
        ("--device", arguments.device.name() != "cpu"),
    ];
    match set.into_iter().find(|(_, set)| *set) {
        Some((option, _)) => Err(input_error!(
            "{option} is for patchmark's own processors, and {base} or {candidate} is none of them"
        )),
        None => Ok(Some(subjects)),
    }
}

fn absolute(path: &Path, option: &str) -> Result<PathBuf> {
    fs::canonicalize(path).map_err(|error| input_error!("{option} {}: {error}", path.display()))
}
