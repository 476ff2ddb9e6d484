//! Compares two subjects, or two builds of patchmark, in worker processes that are restarted every few rounds: a
//! process keeps the memory layout that it started with, which alone can change its times by a few per cent.

use anyhow::{Context, Result, bail};
use patchmark_results::Round;
use patchmark_statistics::{Contest, RowName, median};
use tempfile::TempDir;

use super::{
    samples::{batch, calls},
    setup::Setup,
    sides::Sides,
};
use crate::{
    measure::Quiet,
    worker::{
        Answer, Border, Observation, Options, Side,
        images::write_image,
        protocol::{Call, Form, ImageRef, Reply, Request},
    },
    workload::Workload,
};

/// Base and candidate, with the base again as the control.
pub struct Workers {
    sides: Sides,
    setup: Setup,
    options: Options,
    folder: TempDir,
    rows: Vec<Row>,
    names: Vec<RowName>,
    workers: Vec<Side>,
    quiet: Quiet,
    borders: [Border; 2],
    /// The commits that the two sides' workers were built from.
    pub commits: [String; 2],
}

/// One batch of one processor or subject, and the number of calls per sample.
struct Row {
    prepare: Request,
    calls: usize,
}

impl Workers {
    /// Starts both sides once, to learn which rows can be timed and whether their outputs agree.
    ///
    /// # Errors
    /// An input error for images that cannot be used, a subject that does not exist, or a side that cannot be started.
    pub fn load(sides: Sides, setup: Setup, workloads: &[Workload], options: Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("patchmark-compare-").tempdir()?;
        let mut contest = Self {
            sides,
            setup,
            options,
            folder,
            rows: Vec::new(),
            names: Vec::new(),
            workers: Vec::new(),
            quiet: Quiet::default(),
            borders: Default::default(),
            commits: Default::default(),
        };
        contest.workers = contest.started([0, 1])?;
        for (place, worker) in contest.workers.iter_mut().enumerate() {
            match worker.make()? {
                None => {
                    let commit = worker.commit().context("no worker runs")?;
                    contest.commits[place] = commit.to_owned();
                }
                Some(answer) => return Err(contest.sides.lost(place, answer)),
            }
        }
        let processors = contest.sides.processors();
        for (number, workload) in workloads.iter().enumerate() {
            let mut written = Vec::new();
            for &size in &contest.setup.batch_sizes.clone() {
                let images = contest.written(&mut written, number, workload, size)?;
                for processor in &processors {
                    contest.learn(&images, batch(&workload.name, size), *processor)?;
                }
            }
        }
        contest.workers.clear();
        Ok(contest)
    }

    /// The images of a batch in files that workers can read, each written once.
    fn written(
        &self,
        known: &mut Vec<ImageRef>,
        number: usize,
        workload: &Workload,
        size: usize,
    ) -> Result<Vec<ImageRef>> {
        // A larger batch begins with the images of a smaller one.
        for (index, image) in workload.batch(size)?.iter().enumerate().skip(known.len()) {
            let file = self.folder.path().join(format!("image-{number}-{index}"));
            known.push(write_image(image, file)?);
        }
        Ok(known[..size].to_vec())
    }

    /// Starts a worker for each place (0 for the base, 1 for the candidate); they load in parallel.
    fn started<const N: usize>(&self, places: [usize; N]) -> Result<Vec<Side>> {
        let mut workers = Vec::with_capacity(N);
        for (index, place) in places.into_iter().enumerate() {
            let outputs = self.folder.path().join(format!("outputs-{index}"));
            let mut worker = self.sides.worker(place, &self.setup, &self.options, outputs)?;
            worker.start().map_err(|error| self.sides.refused(place, &error).unwrap_or(error))?;
            workers.push(worker);
        }
        Ok(workers)
    }

    /// Calls both sides with a batch and adds the row.
    fn learn(&mut self, images: &[ImageRef], batch: String, processor: Option<&'static str>) -> Result<()> {
        let processor = processor.map(str::to_owned);
        let call = Call {
            keywords: self.setup.parameters.keywords(),
            processor: processor.clone(),
            ..Call::plain(images.to_vec())
        };
        let (mut outputs, mut failures) = (Vec::new(), Vec::new());
        let (mut warm, mut feed) = (f64::INFINITY, String::new());
        for worker in &mut self.workers {
            // The first call is cold, so the second is used.
            let first = worker.call(&call)?;
            let last = if matches!(first, Observation::Returned(_)) { worker.call(&call)? } else { first };
            failures.push(match last {
                Observation::Returned(returned) => {
                    warm = warm.min(returned.ms);
                    feed.clone_from(&returned.feed);
                    outputs.push(returned);
                    None
                }
                Observation::Raised { message, .. } => Some(format!("raised {message}")),
                Observation::Died(death) => Some(format!("its worker {death}")),
                Observation::Unavailable => Some("its worker ended too often".to_owned()),
            });
        }
        let differ = match outputs.as_slice() {
            [base, candidate] => self.sides.differ(&base.tensors, &candidate.tensors)?,
            _ => None,
        };
        let candidate_failure = failures.pop().flatten();
        self.names.push(RowName {
            subject: self.sides.row_name(processor.as_deref(), &feed),
            batch,
            base_failure: failures.pop().flatten(),
            candidate_failure,
            parity: differ,
        });
        let row = self.rows.len();
        self.rows.push(Row {
            prepare: Request::Prepare {
                slot: slot(row),
                images: images.to_vec(),
                form: Form::Natural,
                keywords: self.setup.parameters.keywords(),
                processor,
            },
            calls: calls(warm),
        });
        Ok(())
    }

    /// One sample: the median of the row's calls, made once all workers' calls before have left the CPU. It is this process
    /// that looks, so that a build without this wait is treated alike.
    fn time(&mut self, place: usize, row: usize) -> Result<f64> {
        let processes: Vec<u32> = self.workers.iter().flat_map(Side::processes).collect();
        self.quiet.before_in(&processes, &self.sides.name(place));
        let request = Request::Time { slot: slot(row), calls: self.rows[row].calls };
        let Some(worker) = self.workers.get_mut(place) else { bail!("no worker runs") };
        match worker.ask(&request)? {
            Answer::Reply(Reply::Timed { ms, border_ms }) if !ms.is_empty() => {
                if let Some(ms) = border_ms {
                    self.borders[usize::from(place == 1)].add(&self.names[row].batch, ms);
                }
                Ok(median(&ms).max(f64::MIN_POSITIVE))
            }
            other => Err(self.sides.lost(place, other)),
        }
    }
}

impl Contest for Workers {
    fn rows(&self) -> &[RowName] {
        &self.names
    }

    fn restarts(&self) -> bool {
        true
    }

    fn restart(&mut self) -> Result<()> {
        self.workers.clear();
        // All three load in parallel: only the timed calls need the machine to themselves.
        self.workers = self.started([0, 1, 0])?;
        for place in 0..self.workers.len() {
            for (row, name) in self.rows.iter().zip(&self.names) {
                if !name.timed() {
                    continue;
                }
                match self.workers[place].ask(&row.prepare)? {
                    Answer::Reply(Reply::Done) => {}
                    other => return Err(self.sides.lost(place, other)),
                }
            }
        }
        Ok(())
    }

    fn round(&mut self, row: usize, mirrored: bool) -> Result<Round> {
        // A B C C B A, or C B A A B C: drift affects all three alike.
        let mut order = [0, 1, 2, 2, 1, 0];
        if mirrored {
            order = order.map(|place| 2 - place);
        }
        let mut times = [[0.0; 2]; 3];
        for (index, place) in order.into_iter().enumerate() {
            times[place][index / 3] = self.time(place, row)?;
        }
        Ok(Round {
            base: times[0],
            candidate: self.setup.slowed(times[1]),
            control: Some(times[2]),
            restart: None,
        })
    }

    fn notes(&self) -> Vec<String> {
        let borders = self.borders.iter().enumerate();
        let borders = borders.filter_map(|(place, border)| border.note(&self.sides.name(place)));
        self.quiet.notes().into_iter().chain(borders).collect()
    }
}

/// The slot in which a worker keeps a row's inputs.
fn slot(row: usize) -> String {
    format!("row {row}")
}
