//! The two workers of a validation, and the images that both read.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;

use super::{
    observation::{Observation, Returned},
    subject::Subject,
};
use crate::{
    input_error,
    program::Launcher,
    worker::{
        Death, Launch, Limits, Worker,
        protocol::{Call, ImageRef, Load, Reply, Request},
    },
    workload::DecodedImage,
};

/// Ends of a candidate's worker after which it is not started again.
const DEATHS: usize = 3;
/// The same for ends by the time limit, each of which costs as long.
const TIMEOUTS: usize = 2;

/// What a worker said of its subject.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The class that serves.
    pub class: String,
    /// Package name to version.
    pub versions: BTreeMap<String, String>,
    /// torch's vector level.
    pub capability: String,
    /// What making it changed in the process.
    pub state_changes: Vec<String>,
    /// The keyword arguments that it names; none where it takes any.
    pub accepted: Option<Vec<String>>,
}

/// An answer, or why there is none.
#[derive(Debug)]
pub(crate) enum Answer {
    Reply(Reply),
    Died(Death),
    Unavailable,
}

/// One subject with its worker, which is started when first needed and again after it ended.
pub struct Side {
    launch: Launch,
    load: Load,
    limits: Limits,
    interrupt: Arc<AtomicBool>,
    outputs: PathBuf,
    worker: Option<Worker>,
    loading: bool,
    loaded: bool,
    deaths: usize,
    timeouts: usize,
    early: Option<Answer>,
    /// What its worker said of it.
    pub about: About,
}

impl Side {
    fn new(launch: Launch, load: Load, limits: Limits, interrupt: Arc<AtomicBool>, outputs: PathBuf) -> Self {
        Self {
            launch,
            load,
            limits,
            interrupt,
            outputs,
            worker: None,
            loading: false,
            loaded: false,
            deaths: 0,
            timeouts: 0,
            early: None,
            about: About::default(),
        }
    }

    /// Starts a worker and lets it make the subject, without waiting: several sides load at once.
    pub(crate) fn start(&mut self) -> Result<()> {
        let worker = match &mut self.worker {
            Some(worker) => worker,
            empty => empty.insert(Worker::spawn(&self.launch, Arc::clone(&self.interrupt))?),
        };
        worker.send(&Request::Load(self.load.clone()));
        self.loading = true;
        Ok(())
    }

    /// Starts a worker and makes the subject, unless that is done; the reply where it failed.
    pub(crate) fn make(&mut self) -> Result<Option<Answer>> {
        if self.loaded {
            return Ok(None);
        }
        if self.deaths >= DEATHS || self.timeouts >= TIMEOUTS {
            return Ok(Some(Answer::Unavailable));
        }
        if !self.loading {
            self.start()?;
        }
        self.loading = false;
        let Some(worker) = &mut self.worker else { bail!("a worker was not started") };
        let reply = worker.receive(self.limits.load)?;
        match self.settle(reply) {
            Answer::Reply(Reply::Loaded { class, versions, capability, state_changes, accepted }) => {
                self.about = About { class, versions, capability, state_changes, accepted };
                self.loaded = true;
                Ok(None)
            }
            Answer::Reply(Reply::Unusable { message }) => Err(input_error!("{message}")),
            other => Ok(Some(other)),
        }
    }

    /// Makes the subject anew in the same worker, so that what one check broke does not reach the next.
    pub(super) fn renew(&mut self) {
        self.loaded = false;
    }

    fn settle(&mut self, reply: std::result::Result<Reply, Death>) -> Answer {
        match reply {
            Ok(reply) => Answer::Reply(reply),
            Err(death) => {
                self.worker = None;
                (self.loading, self.loaded) = (false, false);
                self.deaths += 1;
                self.timeouts += usize::from(death.timed_out);
                Answer::Died(death)
            }
        }
    }

    pub(super) fn begin(&mut self, request: &Request) -> Result<()> {
        self.early = self.make()?;
        if let (None, Some(worker)) = (&self.early, &mut self.worker) {
            worker.send(request);
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, limit: Duration) -> Result<Answer> {
        if let Some(early) = self.early.take() {
            return Ok(early);
        }
        let Some(worker) = &mut self.worker else { bail!("a worker was not asked") };
        let reply = worker.receive(limit)?;
        Ok(self.settle(reply))
    }

    pub(crate) fn ask(&mut self, request: &Request) -> Result<Answer> {
        self.begin(request)?;
        self.finish(self.limits.call)
    }

    /// What a call shows.
    pub(crate) fn call(&mut self, call: &Call) -> Result<Observation> {
        let answer = self.ask(&self.addressed(call))?;
        self.observe(answer)
    }

    /// The call as this side is asked it: its own output file.
    fn addressed(&self, call: &Call) -> Request {
        Request::Call(Call { outputs: self.outputs.clone(), ..call.clone() })
    }

    fn observe(&self, answer: Answer) -> Result<Observation> {
        Ok(match answer {
            Answer::Died(death) => Observation::Died(death),
            Answer::Unavailable => Observation::Unavailable,
            Answer::Reply(Reply::Raised { message, traceback, .. }) => {
                Observation::Raised { message, traceback }
            }
            Answer::Reply(Reply::Returned { mapping, entries, ms, state_changes, input_changes }) => {
                let mut returned =
                    Returned { mapping, entries, ms, state_changes, input_changes, ..Returned::default() };
                returned.read(&self.outputs)?;
                Observation::Returned(returned)
            }
            Answer::Reply(other) => bail!("a worker answered {other:?} to a call"),
        })
    }

    /// What an object kept by an earlier call holds now.
    pub(super) fn dump(&mut self, slot: &str) -> Result<Observation> {
        let request = Request::Dump { slot: slot.into(), outputs: self.outputs.clone() };
        let answer = self.ask(&request)?;
        self.observe(answer)
    }

    /// Whether a keyword argument reaches it.
    pub fn accepts(&self, keyword: &str) -> bool {
        self.about.accepted.as_ref().is_none_or(|accepted| accepted.iter().any(|each| each == keyword))
    }
}

/// How workers are run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The patchmark that serves, where it is not this process's own.
    pub program: Option<Launcher>,
    /// Limits of each worker.
    pub limits: Limits,
    /// Threads of torch in each worker.
    pub threads: usize,
    /// Ends every wait.
    pub interrupt: Arc<AtomicBool>,
}

/// Candidate and reference, side by side.
pub struct Session {
    run: Run,
    folder: TempDir,
    pub(super) reference: Side,
    pub(super) candidate: Side,
    images: HashMap<String, ImageRef>,
    written: usize,
    /// The reference's answers by call, where several candidates are asked the same.
    answers: Option<HashMap<String, Rc<Observation>>>,
    /// Whether the candidate is called in Python.
    pub python: bool,
}

impl Session {
    /// Prepares both sides; workers start with the first call.
    ///
    /// # Errors
    /// If a release cannot be installed, or there is no room for temporary files.
    pub fn new(reference: &Subject, candidate: &Subject, run: Run) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("patchmark-validate-").tempdir()?;
        let side = |subject: &Subject, name: &str| side(subject, &run, folder.path().join(name));
        let (reference, given) = (side(reference, "reference")?, side(candidate, "candidate")?);
        Ok(Self {
            folder,
            reference,
            candidate: given,
            images: HashMap::new(),
            written: 0,
            answers: None,
            python: candidate.is_python(),
            run,
        })
    }

    /// What the workers said of candidate and reference.
    pub fn abouts(&self) -> (&About, &About) {
        (&self.candidate.about, &self.reference.about)
    }

    /// Keeps the reference's answers, so that further candidates cost only their own calls.
    pub fn remember(&mut self) {
        self.answers.get_or_insert_default();
    }

    /// Puts another candidate in the place of the last; a class of a file is served by the same worker.
    ///
    /// # Errors
    /// As [`Session::new`].
    pub fn replace_candidate(&mut self, subject: &Subject) -> Result<()> {
        let mut next = side(subject, &self.run, self.folder.path().join("candidate"))?;
        if next.launch.overlay == self.candidate.launch.overlay {
            next.worker = self.candidate.worker.take();
        }
        self.candidate = next;
        self.python = subject.is_python();
        Ok(())
    }

    /// The image where both workers can read it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn image(&mut self, image: &DecodedImage) -> Result<ImageRef> {
        let key = format!("{} {}x{}", image.name, image.width, image.height);
        if let Some(known) = self.images.get(&key) {
            return Ok(known.clone());
        }
        let reference = write_image(image, self.folder.path().join(format!("image-{}", self.written)))?;
        self.written += 1;
        self.images.insert(key, reference.clone());
        Ok(reference)
    }

    /// Removes an image that will not be asked for again.
    pub fn forget(&mut self, image: &ImageRef) {
        self.images.retain(|_, known| known.file != image.file);
        // What stays goes with the folder.
        let _ = fs::remove_file(&image.file);
    }

    /// Calls both at once.
    ///
    /// # Errors
    /// If the reference's worker ends, or on Ctrl-C.
    pub fn both(&mut self, call: &Call) -> Result<(Rc<Observation>, Observation)> {
        let key = self.answers.as_ref().map(|_| serde_json::to_string(call)).transpose()?;
        let known = key.as_ref().and_then(|key| self.answers.as_ref()?.get(key).cloned());
        self.candidate.begin(&self.candidate.addressed(call))?;
        let right = match known {
            Some(known) => known,
            None => {
                // What is asked of the candidate's objects only needs the same images here.
                let plain = Call { mutate: false, keep: None, ..call.clone() };
                self.reference.begin(&self.reference.addressed(&plain))?;
                let answer = self.reference.finish(self.run.limits.call)?;
                let right = Rc::new(alive(self.reference.observe(answer)?)?);
                if let (Some(key), Some(answers)) = (key, &mut self.answers) {
                    answers.insert(key, Rc::clone(&right));
                }
                right
            }
        };
        let answer = self.candidate.finish(self.run.limits.call)?;
        Ok((right, self.candidate.observe(answer)?))
    }

    /// Calls the candidate alone.
    ///
    /// # Errors
    /// On Ctrl-C, or if its tensors cannot be read.
    pub fn own(&mut self, call: &Call) -> Result<Observation> {
        self.candidate.call(call)
    }
}

/// A subject with no worker yet, whose tensors will be written to `outputs`.
pub(crate) fn side(subject: &Subject, run: &Run, outputs: PathBuf) -> Result<Side> {
    let mut launch = subject.launch()?;
    if let Some(program) = &run.program {
        launch.program.clone_from(program);
    }
    let load = subject.load(run.threads, run.limits.memory);
    Ok(Side::new(launch, load, run.limits, Arc::clone(&run.interrupt), outputs))
}

/// A reference that ends is a fault of this machine, not a finding.
fn alive(observation: Observation) -> Result<Observation> {
    match observation {
        Observation::Died(death) => Err(anyhow!("the reference's worker {death}\n{}", death.output)),
        Observation::Unavailable => Err(anyhow!("the reference's worker ended too often")),
        other => Ok(other),
    }
}

/// Puts an image where workers can read it.
pub(crate) fn write_image(image: &DecodedImage, file: PathBuf) -> Result<ImageRef> {
    fs::write(&file, &image.rgb).with_context(|| format!("failed to write {}", file.display()))?;
    Ok(ImageRef { file, offset: 0, width: image.width, height: image.height, mode: "RGB".into() })
}

/// The pixels of an image that [`Session::image`] wrote.
///
/// # Errors
/// If the file is gone.
pub fn read_image(image: &ImageRef) -> Result<DecodedImage> {
    let rgb = fs::read(Path::new(&image.file))?;
    DecodedImage::new(format!("{}x{}", image.width, image.height), image.width, image.height, rgb)
        .context("an image without pixels")
}
