//! `patchmark compare`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use clap::Args;

use super::{
    decisions::{Format, print},
    options::{
        DeviceOptions, ImageOptions, ParameterOptions, allow_network, interrupt_flag, positive_list,
        progress_bar, seconds, use_threads,
    },
};
use crate::{
    compare::{Builds, Contest, Measured, Processors, RowName, Subjects, measure, protocol::Setup},
    error::Outcome,
    gate::{
        Decision, Finding, Row, Rule, Verdict,
        decision::{DECISION_VERSION, Kind},
        output,
        verdict::{ERROR_RATE, MIN_EFFECT},
    },
    input_error,
    measure::{environment, statistics::median},
    processor::{self, REFERENCE},
    program::Launcher,
    python,
    validate::{self, Subject},
    worker::Limits,
    workload::Sizes,
};

/// Images in a batch at the most, as for `bench`.
const LARGEST_BATCH: usize = 4096;
/// The seed of the order of rows: nothing that is decided depends on it.
const SEED: u64 = 0;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Two subjects, the base first: processors, python:FILE:CLASS or transformers==VERSION; all but two
    /// processors get processes of their own. With --base-binary: processors that are held against
    /// themselves in the other build [default: all of patchmark's own].
    #[arg(value_name = "SUBJECT")]
    subjects: Vec<String>,
    /// A patchmark built from the base commit; this program is the candidate.
    #[arg(long, value_name = "PATH", env = "PATCHMARK_BASE_BINARY")]
    base_binary: Option<PathBuf>,
    /// Batch sizes, separated by commas.
    #[arg(long, value_name = "N,…", default_value = "1,8", env = "PATCHMARK_BATCH_SIZES")]
    batch_sizes: String,
    #[command(flatten)]
    images: ImageOptions,
    /// `mixed` keeps the images as they are; `1024x768,640x480` resamples to equal sizes, a row each.
    #[arg(long, default_value = "mixed", env = "PATCHMARK_SIZES")]
    sizes: Sizes,
    #[command(flatten)]
    parameters: ParameterOptions,
    #[command(flatten)]
    device: DeviceOptions,
    /// Time for measuring, after set-up; inconclusive rows use all of it.
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = seconds, env = "PATCHMARK_BUDGET")]
    budget: f64,
    /// The least change that matters, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = MIN_EFFECT * 100.0, value_parser = percent, env = "PATCHMARK_MIN_EFFECT")]
    min_effect: f64,
    /// Folder for compare.json, summary.md and junit.xml [default: runs/compare].
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/compare",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    out: PathBuf,
    #[command(flatten)]
    format: Format,
    /// Makes the candidate slower by this many percent: for tests of the decision itself.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, hide = true, value_parser = percent)]
    slow_candidate: f64,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    // Everything that can be wrong is looked at before anything slow starts.
    allow_network(false);
    let started_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let started = Instant::now();
    let setup = setup(arguments)?;
    output::check_writable(&arguments.out, Kind::Compare)?;
    use_threads(setup.threads)?;
    let interrupt = interrupt_flag()?;
    let environment = environment()?;
    // Python's modules may have changed torch's threads.
    use_threads(setup.threads)?;

    eprintln!("loading …");
    let (mut contest, base, candidate): (Box<dyn Contest>, String, String) = match &arguments.base_binary {
        Some(binary) => {
            let base = Launcher::binary(&absolute(binary, "--base-binary")?);
            let builds = Builds::load(&base, &Launcher::own()?, &setup)?;
            let [base, candidate] = builds.commits.clone().map(|commit| format!("build of {commit}"));
            (Box::new(builds), base, candidate)
        }
        None => {
            let name = |index: usize| arguments.subjects[index].clone();
            let contest: Box<dyn Contest> = match in_workers(arguments)? {
                Some(subjects) => {
                    let run = validate::Run {
                        program: None,
                        limits: Limits::default(),
                        threads: setup.threads,
                        interrupt: Arc::clone(&interrupt),
                    };
                    Box::new(Subjects::load(subjects, &setup, run)?)
                }
                None => Box::new(Processors::load(&setup)?),
            };
            (contest, name(0), name(1))
        }
    };
    let rows = contest.rows().iter().filter(|row| row.timed()).count();
    let rule = Rule {
        min_effect: arguments.min_effect / 100.0,
        error_rate: ERROR_RATE,
        rows: rows.max(1),
        looks: 1,
    };
    let progress = progress_bar((arguments.budget * 1e3) as u64)?;
    let budget = Duration::from_secs_f64(arguments.budget);
    let measured = measure(contest.as_mut(), rule, budget, SEED, &interrupt, |spent, message| {
        progress.set_position(spent.as_millis() as u64);
        progress.set_message(message.to_owned());
    });
    progress.finish_and_clear();
    let measured = measured?;
    let mut notes = vec![measured.end.clone()];
    if arguments.slow_candidate > 0.0 {
        notes.push(format!("the candidate was made {}% slower on purpose", arguments.slow_candidate));
    }
    let rows = rows_of(contest.rows(), &measured);
    let decision = Decision {
        schema_version: DECISION_VERSION,
        kind: Kind::Compare,
        started_unix_s,
        elapsed_s: started.elapsed().as_secs_f64(),
        partial: measured.interrupted,
        verdict: Verdict::Inconclusive,
        exit_code: 0,
        base,
        candidate,
        rule: measured.rule,
        allow_inconclusive: false,
        allow_environment: false,
        differences: Vec::new(),
        rows,
        notes,
        environment,
    }
    .concluded();
    output::write(&arguments.out, &decision)?;
    print(&arguments.format, &decision)?;
    eprintln!("saved in {}", arguments.out.display());
    Ok(decision.outcome())
}

fn setup(arguments: &Arguments) -> Result<Setup> {
    let batch_sizes = positive_list(&arguments.batch_sizes, "--batch-sizes", LARGEST_BATCH)?;
    let device = arguments.device.device()?;
    let processors: Vec<&'static str> = match (&arguments.base_binary, arguments.subjects.as_slice()) {
        (None, [_, _]) if in_workers(arguments)?.is_some() => Vec::new(),
        (None, [base, candidate]) if base == candidate => processor::parse_names(base, device)?,
        (None, [_, _]) => processor::parse_names(&arguments.subjects.join(","), device)?,
        (None, _) => {
            return Err(input_error!(
                "name two processors, such as `patchmark compare batched fused`, or give --base-binary PATH"
            ));
        }
        (Some(_), []) => processor::NAMES.into_iter().filter(|name| !name.starts_with(REFERENCE)).collect(),
        (Some(_), _) => processor::parse_names(&arguments.subjects.join(","), device)?,
    };
    if arguments.base_binary.is_none() && processors.len() > 2 {
        return Err(input_error!("{}: name two processors", arguments.subjects.join(" ")));
    }
    let (images, preprocessor) = (arguments.images.folder(), arguments.parameters.file());
    // Read here too, so that what is wrong with it is said before a worker starts.
    let parameters = arguments.parameters.parameters(None)?;
    if processors.iter().any(|name| name.starts_with(REFERENCE)) {
        python::start()?;
    }
    Ok(Setup {
        processors: processors.into_iter().map(str::to_owned).collect(),
        batch_sizes,
        images: images.map(|folder| absolute(folder, "--images")).transpose()?,
        sizes: arguments.sizes.to_string(),
        preprocessor: preprocessor.map(|file| absolute(file, "--preprocessor")).transpose()?,
        max_num_patches: Some(parameters.max_num_patches),
        patch_size: Some(parameters.patch_size),
        device: arguments.device.name().to_owned(),
        threads: arguments.device.use_threads()?,
        slowdown: arguments.slow_candidate / 100.0,
    })
}

/// The two subjects, where they are compared in worker processes: where either is none of patchmark's own
/// processors.
fn in_workers(arguments: &Arguments) -> Result<Option<[Subject; 2]>> {
    let ([base, candidate], None) = (arguments.subjects.as_slice(), &arguments.base_binary) else {
        return Ok(None);
    };
    if [base, candidate]
        .iter()
        .all(|name| processor::NAMES.iter().chain(&processor::GPU_NAMES).any(|own| own == name))
    {
        return Ok(None);
    }
    let subjects = [Subject::parse(base)?, Subject::parse(candidate)?];
    let set = [
        ("--preprocessor", arguments.parameters.file().is_some()),
        ("--slow-candidate", arguments.slow_candidate > 0.0),
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

/// Each row's samples and verdict as they are saved.
fn rows_of(names: &[RowName], measured: &Measured) -> Vec<Row> {
    let middle = |times: &[[f64; 2]]| {
        let times: Vec<f64> = times.iter().flatten().copied().collect();
        (!times.is_empty()).then(|| median(&times))
    };
    names
        .iter()
        .zip(measured.pairs.iter().zip(&measured.judged))
        .map(|(name, (pairs, judged))| {
            let (finding, reason) = match (&name.base_failure, &name.candidate_failure, &name.parity) {
                (_, Some(failure), _) => (Some(Finding::Missing), Some(failure.clone())),
                (Some(failure), None, _) => (Some(Finding::New), Some(format!("base: {failure}"))),
                (None, None, Some(parity)) => (Some(Finding::Parity), Some(parity.clone())),
                (None, None, None) => (None, judged.as_ref().err().map(ToString::to_string)),
            };
            Row {
                subject: name.subject.clone(),
                batch: name.batch.clone(),
                figure: "preprocess ms".into(),
                counts: true,
                verdict: match (finding, judged) {
                    (Some(Finding::Parity), _) => Verdict::Regressed,
                    (_, Ok(judged)) => judged.verdict,
                    (_, Err(_)) => Verdict::Inconclusive,
                },
                finding,
                base: middle(&pairs.base),
                candidate: middle(&pairs.candidate),
                judgement: judged.as_ref().ok().copied(),
                rounds: pairs.rounds(),
                reason,
                pairs: Some(pairs.clone()),
            }
        })
        .collect()
}

/// Reads a percentage from 0 to 1000.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let value = text.trim_end_matches('%').trim().parse::<f64>().ok();
    value
        .filter(|value| (0.0..=1000.0).contains(value))
        .ok_or_else(|| "give a percentage from 0 to 1000".into())
}
