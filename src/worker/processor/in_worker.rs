//! A subject with parameters, as a processor.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{Arc, Weak},
    time::Instant,
};

use anyhow::{Result, anyhow, bail};
use serde_json::{Map, Value};

use super::{inputs::inputs, shared::Shared};
use crate::{
    inputs::ModelInputs,
    processor::{Elsewhere, FedBatch, Feed, Processor, StageClock},
    worker::{
        border::Border,
        observation::Observation,
        protocol::{Call, Form, Reply, Request},
        side::Answer,
    },
    workload::DecodedImage,
};

/// Calls of a sample, of which the last counts. While others were timed the worker slept, so its first call finds memory and
/// caches cold that a processor in this process shares with the forward.
const CALLS: usize = 2;

/// A batch that a worker holds in the form that its subject takes.
struct Prepared {
    images: Vec<Weak<DecodedImage>>,
    slot: String,
    /// The worker that holds it: another one started after its end does not.
    worker: Option<u32>,
}

/// A subject in a worker, with parameters.
pub(super) struct InWorker {
    name: String,
    /// The form that it is fed.
    form: &'static str,
    /// The keyword arguments of each call.
    keywords: Map<String, Value>,
    worker: Rc<Shared>,
    prepared: RefCell<Vec<Prepared>>,
    border: RefCell<Border>,
}

impl InWorker {
    pub(super) fn new(
        name: String,
        form: &'static str,
        keywords: Map<String, Value>,
        worker: Rc<Shared>,
    ) -> Self {
        Self { name, form, keywords, worker, prepared: RefCell::default(), border: RefCell::default() }
    }

    /// The slot in which the worker holds the batch.
    fn prepare(&self, images: &[Arc<DecodedImage>]) -> Result<String> {
        let mut prepared = self.prepared.borrow_mut();
        let mut side = self.worker.side.borrow_mut();
        if let Some(answer) = side.make()? {
            return Err(failed(side.observe(answer)?));
        }
        let worker = side.processes().next();
        let same = |known: &Prepared| {
            known.worker == worker
                && known.images.len() == images.len()
                && known
                    .images
                    .iter()
                    .zip(images)
                    .all(|(known, image)| std::ptr::eq(known.as_ptr(), Arc::as_ptr(image)))
        };
        if let Some(known) = prepared.iter().find(|known| same(known)) {
            return Ok(known.slot.clone());
        }
        // The slot of a batch that nobody has any more is free.
        let unused = |known: &Prepared| {
            known.worker != worker || known.images.iter().any(|image| image.strong_count() == 0)
        };
        let free = prepared.iter().position(unused).map(|index| prepared.swap_remove(index).slot);
        let slot = free.unwrap_or_else(|| format!("batch-{}", self.worker.next()));
        let request = Request::Prepare {
            slot: slot.clone(),
            images: self.worker.files(images)?,
            form: Form::Natural,
            keywords: self.keywords.clone(),
            processor: None,
        };
        match side.ask(&request)? {
            Answer::Reply(Reply::Done) => {}
            other => return Err(failed(side.observe(other)?)),
        }
        prepared.push(Prepared {
            images: images.iter().map(Arc::downgrade).collect(),
            slot: slot.clone(),
            worker,
        });
        Ok(slot)
    }
}

impl Processor for InWorker {
    fn name(&self) -> &str {
        &self.name
    }

    fn feed(&self) -> Feed {
        Feed::Elsewhere(self.form)
    }

    fn process(&self, batch: &FedBatch, _: &mut StageClock) -> Result<ModelInputs> {
        let images = self.worker.files(batch.hwc()?)?;
        let call = Call { keywords: self.keywords.clone(), ..Call::plain(images) };
        match self.worker.side.borrow_mut().call(&call)? {
            Observation::Returned(returned) => inputs(&returned),
            other => Err(failed(other)),
        }
    }

    fn elsewhere(&self) -> Option<&dyn Elsewhere> {
        Some(self)
    }
}

impl Elsewhere for InWorker {
    fn time(&self, batch: &FedBatch) -> Result<f64> {
        let images = batch.hwc()?;
        let slot = self.prepare(images)?;
        let mut side = self.worker.side.borrow_mut();
        let asked = Instant::now();
        let answer = side.ask(&Request::Time { slot, calls: CALLS })?;
        let passed = asked.elapsed().as_secs_f64() * 1e3;
        let ms = match answer {
            Answer::Reply(Reply::Timed { ms, .. }) => ms,
            other => return Err(failed(side.observe(other)?)),
        };
        let &[first, ms] = ms.as_slice() else {
            bail!("its worker answered with {} times instead of {CALLS}", ms.len())
        };
        self.border.borrow_mut().add(&format!("batch {}", images.len()), (passed - first - ms).max(0.0));
        Ok(ms)
    }

    fn processes(&self) -> Vec<u32> {
        self.worker.side.borrow().processes().collect()
    }

    fn notes(&self) -> Vec<String> {
        let side = self.worker.side.borrow();
        let about = &side.about;
        let mut notes = Vec::new();
        if !about.class.is_empty() {
            let of = about.versions.get("transformers");
            let of = of.map_or_else(String::new, |version| format!(" under transformers {version}"));
            notes.push(format!(
                "{} is {}{of}; it ran in a worker process, so its stages cannot be timed",
                self.name, about.class
            ));
        }
        notes.extend(self.border.take().note(&self.name));
        notes
    }
}

/// Why there is no result.
fn failed(observed: Observation) -> anyhow::Error {
    match observed {
        Observation::Raised { message, traceback } if traceback.is_empty() => anyhow!("raised {message}"),
        Observation::Raised { message, traceback } => anyhow!("raised {message}\n{traceback}"),
        Observation::Died(death) => anyhow!("its worker {death}"),
        Observation::Unavailable => anyhow!("its worker ended too often"),
        Observation::Returned(_) => anyhow!("its worker answered with a result that was not asked for"),
    }
}
