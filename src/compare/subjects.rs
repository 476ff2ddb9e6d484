//! Two subjects of `validate`: a user's class, a release of transformers, or a processor of
//! patchmark's own, each in worker processes that are started anew every few rounds.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};

use anyhow::{Result, bail};
use serde_json::Map;
use tch::Tensor;
use tempfile::TempDir;

use super::{
    bench::repeats,
    contest::{Contest, Round, RowName},
    protocol::Setup,
};
use crate::{
    input_error,
    validate::{self, Answer, Observation, Side, Subject, side, write_image},
    worker::protocol::{Call, Form, ImageRef, Reply, Request},
    workload::{ImageSource, Sizes, Workload},
};

/// The slot in which a worker keeps a row's inputs.
fn slot(row: usize) -> String {
    format!("row {row}")
}

/// Base and candidate, with the base once more as its own control.
pub struct Subjects {
    subjects: [Subject; 2],
    run: validate::Run,
    folder: TempDir,
    rows: Vec<Batch>,
    names: Vec<RowName>,
    sides: Vec<Side>,
}

/// One row's batch and how often it is called for a sample.
struct Batch {
    prepare: Request,
    calls: usize,
}

impl Subjects {
    /// Starts both subjects once, to learn which rows can be timed and whether their outputs agree.
    ///
    /// # Errors
    /// An input error for images that cannot be used or a subject that does not exist.
    pub fn load(subjects: [Subject; 2], setup: &Setup, run: validate::Run) -> Result<Self> {
        let sizes: Sizes = setup.sizes.parse()?;
        let source = setup.images.clone().map_or(ImageSource::BuiltIn, ImageSource::Folder);
        let workloads = Workload::load_all(&source, &sizes)?;
        let folder = tempfile::Builder::new().prefix("patchmark-compare-").tempdir()?;
        let mut contest =
            Self { subjects, run, folder, rows: Vec::new(), names: Vec::new(), sides: Vec::new() };
        let mut keywords = Map::new();
        keywords.extend(setup.max_num_patches.map(|limit| ("max_num_patches".to_owned(), limit.into())));
        keywords.extend(setup.patch_size.map(|patch| ("patch_size".to_owned(), patch.into())));

        contest.sides = contest.sides_of([0, 1])?;
        for (number, workload) in workloads.iter().enumerate() {
            let mut written = HashMap::new();
            for &size in &setup.batch_sizes {
                let mut images = Vec::new();
                for (index, image) in workload.batch(size)?.iter().enumerate() {
                    let known = match written.get(&index) {
                        Some(known) => ImageRef::clone(known),
                        None => {
                            let file = contest.folder.path().join(format!("image-{number}-{index}"));
                            written.entry(index).or_insert(write_image(image, file)?).clone()
                        }
                    };
                    images.push(known);
                }
                contest.learn(images, format!("{}, batch {size}", workload.name), &keywords)?;
            }
        }
        contest.sides.clear();
        Ok(contest)
    }

    fn sides_of<const N: usize>(&self, subjects: [usize; N]) -> Result<Vec<Side>> {
        let mut sides = Vec::with_capacity(N);
        for (place, subject) in subjects.into_iter().enumerate() {
            let outputs = self.folder.path().join(format!("outputs-{place}"));
            let mut side = side(&self.subjects[subject], &self.run, outputs)?;
            side.start()?;
            sides.push(side);
        }
        Ok(sides)
    }

    /// Calls both subjects with a batch and adds its row.
    fn learn(
        &mut self,
        images: Vec<ImageRef>,
        batch: String,
        keywords: &Map<String, serde_json::Value>,
    ) -> Result<()> {
        let row = self.rows.len();
        let prepare = Request::Prepare {
            slot: slot(row),
            images: images.clone(),
            form: Form::Natural,
            keywords: keywords.clone(),
        };
        let call = Call {
            images,
            form: Form::Natural,
            keywords: keywords.clone(),
            outputs: PathBuf::new(),
            unfiltered: false,
            probe: false,
            mutate: false,
            keep: None,
        };
        let (mut outputs, mut failures, mut warm) = (Vec::new(), Vec::new(), f64::INFINITY);
        for side in &mut self.sides {
            let failure = match side.call(&call)? {
                Observation::Returned(returned) => {
                    warm = warm.min(returned.ms);
                    outputs.push(returned.tensors);
                    None
                }
                Observation::Raised { message, .. } => Some(format!("raised {message}")),
                Observation::Died(death) => Some(format!("its worker {death}")),
                Observation::Unavailable => Some("its worker ended too often".to_owned()),
            };
            failures.push(failure);
        }
        let mut failures = failures.into_iter();
        let (base_failure, candidate_failure) = (failures.next().flatten(), failures.next().flatten());
        let must = self.subjects.iter().all(Subject::must_equal_reference);
        let differ = match outputs.as_slice() {
            [base, candidate] if must => !alike(base, candidate)?,
            _ => false,
        };
        let [base, candidate] = self.subjects.each_ref().map(ToString::to_string);
        self.names.push(RowName {
            parity: differ.then(|| {
                format!("{candidate} and {base} differ in their outputs; `patchmark validate` says where")
            }),
            subject: candidate,
            batch,
            base_failure,
            candidate_failure,
        });
        // A slow call is timed alone, so that a round stays short.
        self.rows.push(Batch { prepare, calls: repeats(warm).min(8) as usize });
        Ok(())
    }

    fn time(&mut self, place: usize, row: usize) -> Result<f64> {
        let request = Request::Time { slot: slot(row), calls: self.rows[row].calls };
        // The control is the base's.
        let name = &self.subjects[usize::from(place == 1)];
        let Some(side) = self.sides.get_mut(place) else { bail!("no worker runs") };
        match side.ask(&request)? {
            Answer::Reply(Reply::Timed { ms }) => Ok(ms.max(f64::MIN_POSITIVE)),
            other => Err(lost(name, other)),
        }
    }
}

impl Contest for Subjects {
    fn rows(&self) -> &[RowName] {
        &self.names
    }

    fn restarts(&self) -> bool {
        true
    }

    fn restart(&mut self) -> Result<()> {
        self.sides.clear();
        // All three load at once; only the times themselves must have the machine alone.
        self.sides = self.sides_of([0, 1, 0])?;
        for (place, side) in self.sides.iter_mut().enumerate() {
            for (row, name) in self.rows.iter().zip(&self.names) {
                if !name.timed() {
                    continue;
                }
                match side.ask(&row.prepare)? {
                    Answer::Reply(Reply::Done) => {}
                    other => return Err(lost(&self.subjects[usize::from(place == 1)], other)),
                }
            }
        }
        Ok(())
    }

    fn round(&mut self, row: usize, mirrored: bool) -> Result<Round> {
        // A B C C B A, or C B A A B C: a drift hits all three alike.
        let mut order = [0, 1, 2, 2, 1, 0];
        if mirrored {
            order = order.map(|place| 2 - place);
        }
        let mut times = [[0.0; 2]; 3];
        for (index, place) in order.into_iter().enumerate() {
            times[place][index / 3] = self.time(place, row)?;
        }
        Ok(Round { base: times[0], candidate: times[1], control: Some(times[2]) })
    }
}

/// A subject that answered once and does not any more: its user has to look at it first.
fn lost(subject: &Subject, answer: Answer) -> anyhow::Error {
    let what = match answer {
        Answer::Died(death) => format!("its worker {death}\n{}", death.output),
        Answer::Reply(Reply::Raised { message, traceback, .. }) => format!("raised {message}\n{traceback}"),
        Answer::Reply(other) => format!("answered {other:?}"),
        Answer::Unavailable => "its worker ended too often".to_owned(),
    };
    input_error!("{subject} failed while it was timed: {what}\n`patchmark validate {subject}` says more")
}

/// Whether two results have the same tensors, bit for bit in their values.
fn alike(base: &BTreeMap<String, Tensor>, candidate: &BTreeMap<String, Tensor>) -> Result<bool> {
    if !base.keys().eq(candidate.keys()) {
        return Ok(false);
    }
    for (one, other) in base.values().zip(candidate.values()) {
        if one.kind() != other.kind() || one.size() != other.size() || !one.f_equal(other)? {
            return Ok(false);
        }
    }
    Ok(true)
}
