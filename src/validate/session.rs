//! The workers of candidate and reference, and the images that both read.

use std::{
    borrow::Borrow,
    collections::HashMap,
    fs,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Result, anyhow};
use patchmark_results::input_error;
use tempfile::TempDir;

use super::answers::Answers;
use crate::{
    worker::{
        About, Answer, Observation, Options, Side, Subject,
        images::write_image,
        protocol::{Call, ImageRef, Reply, Request},
        side::side,
    },
    workload::DecodedImage,
};

/// A request that both sides have and have not answered yet.
#[must_use = "what the sides answer next belongs to it"]
pub(super) struct Pending {
    /// The reference's request, if its answer is to be kept.
    key: Option<String>,
    /// The reference's answer, if it is known from an earlier candidate.
    known: Option<Observation>,
    /// How long each side may take.
    limit: Duration,
}

/// The workers of candidate and reference.
pub struct Session {
    options: Options,
    folder: TempDir,
    pub(super) reference: Side,
    pub(super) candidate: Side,
    images: HashMap<String, ImageRef>,
    /// The reference's answers by request, if several candidates get the same requests.
    answers: Option<Answers>,
    /// What reference and candidate are.
    pub(super) subjects: (Subject, Subject),
    /// Whether the candidate is called in Python.
    pub python: bool,
}

impl Session {
    /// Prepares both sides; workers start with the first call.
    ///
    /// # Errors
    /// If a release cannot be installed, or there is no room for temporary files.
    pub fn new(reference: &Subject, candidate: &Subject, options: Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("patchmark-validate-").tempdir()?;
        let side = |subject: &Subject, name: &str| side(subject, &options, folder.path().join(name));
        let subjects = (reference.clone(), candidate.clone());
        let (reference, other) = (side(reference, "reference")?, side(candidate, "candidate")?);
        Ok(Self {
            folder,
            reference,
            candidate: other,
            images: HashMap::new(),
            answers: None,
            subjects,
            python: candidate.is_python(),
            options,
        })
    }

    /// The names of reference and candidate.
    pub(super) fn names(&self) -> [String; 2] {
        [self.subjects.0.to_string(), self.subjects.1.to_string()]
    }

    /// Whether the reference is called in Python, too, so that it says what is right for whatever Python can pass.
    pub(super) fn reference_in_python(&self) -> bool {
        self.subjects.0.is_python()
    }

    /// The flag that Ctrl-C sets.
    pub(super) fn interrupt(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.options.interrupt)
    }

    /// What the workers reported about candidate and reference.
    pub fn abouts(&self) -> (&About, &About) {
        (&self.candidate.about, &self.reference.about)
    }

    /// Keeps the reference's answers, up to a gigabyte of their tensors, so that further candidates cost little more than
    /// their own calls.
    pub fn remember(&mut self) {
        self.answers.get_or_insert_default();
    }

    /// Replaces the candidate; a class of a file is served by the same worker.
    ///
    /// # Errors
    /// As [`Session::new`].
    pub fn replace_candidate(&mut self, subject: &Subject) -> Result<()> {
        let mut next = side(subject, &self.options, self.folder.path().join("candidate"))?;
        if next.launch.overlay == self.candidate.launch.overlay {
            next.worker = self.candidate.worker.take();
        }
        self.candidate = next;
        self.python = subject.is_python();
        self.subjects.1 = subject.clone();
        Ok(())
    }

    /// Writes the image where both workers can read it, once.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn image(&mut self, image: &DecodedImage) -> Result<ImageRef> {
        self.image_of(&image.name, (image.width, image.height), || image)
    }

    /// Writes the image of that name, width and height where both workers can read it, unless it is there; only then is it
    /// drawn.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn image_of<D: Borrow<DecodedImage>>(
        &mut self,
        name: &str,
        (width, height): (usize, usize),
        draw: impl FnOnce() -> D,
    ) -> Result<ImageRef> {
        let key = format!("{name} {width}x{height}");
        // An image that comes back after `forget` gets the same file: answers are known by their call, which names it.
        let file = match self.images.get(&key) {
            Some(known) if known.file.exists() => return Ok(known.clone()),
            Some(known) => known.file.clone(),
            None => self.folder.path().join(format!("image-{}", self.images.len())),
        };
        let reference = write_image(draw().borrow(), file)?;
        self.images.insert(key, reference.clone());
        Ok(reference)
    }

    /// Removes an image that is not needed again.
    pub fn forget(&self, image: &ImageRef) {
        // A file that cannot be removed now is removed with the folder.
        let _ = fs::remove_file(&image.file);
    }

    /// Starts both workers and has both subjects made, without waiting for them.
    ///
    /// # Errors
    /// If a worker cannot be started.
    pub(super) fn start(&mut self) -> Result<()> {
        self.reference.start()?;
        self.candidate.start()
    }

    /// Makes the reference. One that cannot be made would refuse every call, and so find no fault in any candidate.
    ///
    /// # Errors
    /// An input error if making it raises, and an error if its worker ends.
    pub(super) fn make_reference(&mut self) -> Result<()> {
        let reference = &self.subjects.0;
        match self.reference.make()? {
            None => Ok(()),
            Some(Answer::Reply(Reply::Raised { message, .. })) => {
                Err(input_error!("the reference {reference} cannot be made: {message}"))
            }
            Some(Answer::Died(death)) => Err(anyhow!("the reference's worker {death}\n{}", death.output)),
            Some(other) => Err(anyhow!("a worker answered {other:?} to a load")),
        }
    }

    /// Calls both sides at the same time.
    ///
    /// # Errors
    /// If the reference's worker ends, or on Ctrl-C.
    pub fn call_both(&mut self, call: &Call) -> Result<(Observation, Observation)> {
        let asked = self.begin(call)?;
        self.finish(asked)
    }

    /// Sends both sides a call; what [`Session::finish`] waits for.
    ///
    /// # Errors
    /// As [`Session::call_both`].
    pub(super) fn begin(&mut self, call: &Call) -> Result<Pending> {
        // `mutate` and `keep` concern the candidate's objects; the reference only needs the same images.
        let plain = Call { mutate: false, keep: None, ..call.clone() };
        let limit = self.options.limits.call;
        self.send(self.reference.addressed(&plain), &self.candidate.addressed(call), limit)
    }

    /// Runs a use, Python code, on both sides at the same time. `spawns` says whether it starts a process, which imports torch and
    /// the class anew: then it has the time that a worker has for this in addition to that of a call.
    ///
    /// # Errors
    /// As [`Session::call_both`].
    pub(super) fn use_both(&mut self, code: &str, spawns: bool) -> Result<(Observation, Observation)> {
        let limits = self.options.limits;
        let limit = if spawns { limits.load + limits.call } else { limits.call };
        let asked =
            self.send(self.reference.addressed_use(code), &self.candidate.addressed_use(code), limit)?;
        self.finish(asked)
    }

    /// Sends each side its request, unless the reference's answer is known.
    fn send(&mut self, wanted: Request, request: &Request, limit: Duration) -> Result<Pending> {
        let key = self.answers.as_ref().map(|_| serde_json::to_string(&wanted)).transpose()?;
        let known = match (&key, &self.answers) {
            (Some(key), Some(answers)) => answers.get(key)?,
            _ => None,
        };
        self.candidate.begin(request)?;
        if known.is_none() {
            self.reference.begin(&wanted)?;
        }
        Ok(Pending { key, known, limit })
    }

    /// Waits for the answers of both sides.
    ///
    /// # Errors
    /// As [`Session::call_both`].
    pub(super) fn finish(
        &mut self,
        Pending { key, known, limit }: Pending,
    ) -> Result<(Observation, Observation)> {
        let reference = match known {
            Some(known) => known,
            None => {
                let answer = self.reference.finish(limit)?;
                let reference = alive(self.reference.observe(answer)?)?;
                if let (Some(key), Some(answers)) = (key, &mut self.answers) {
                    answers.keep(key, &reference);
                }
                reference
            }
        };
        let answer = self.candidate.finish(limit)?;
        Ok((reference, self.candidate.observe(answer)?))
    }

    /// Calls the candidate alone.
    ///
    /// # Errors
    /// On Ctrl-C, or if its tensors cannot be read.
    pub fn call_candidate(&mut self, call: &Call) -> Result<Observation> {
        self.candidate.call(call)
    }
}

/// Turns the end of the reference's worker into an error: it is a fault of this machine, not a finding.
fn alive(observation: Observation) -> Result<Observation> {
    match observation {
        Observation::Died(death) => Err(anyhow!("the reference's worker {death}\n{}", death.output)),
        Observation::Unavailable => Err(anyhow!("the reference's worker ended too often")),
        other => Ok(other),
    }
}
