//! A subject in a worker in place of a processor, for commands that run processors in turn.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    path::PathBuf,
    rc::Rc,
    sync::{Arc, Weak},
    time::Instant,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Map, Value};
use tch::{Kind, Tensor};
use tempfile::TempDir;

use super::{
    border::Border,
    observation::{Observation, Returned},
    protocol::{Call, Form, ImageRef, Reply, Request},
    side::{Answer, Options, Side, side, write_image},
    subject::Subject,
};
use crate::{
    inputs::ModelInputs,
    processor::{Elsewhere, FedBatch, Feed, Parameters, Processor, StageClock},
    workload::DecodedImage,
};

/// Calls of a sample, of which the last counts. While others were timed the worker slept, so its first call finds memory and
/// caches cold that a processor in this process shares with the forward.
const CALLS: usize = 2;

/// Makes processors of subjects. Processors of one subject share its worker.
pub struct Processors {
    options: Options,
    folder: Rc<TempDir>,
    workers: RefCell<HashMap<String, Rc<Shared>>>,
}

impl Processors {
    /// There are no workers until there is a processor.
    ///
    /// # Errors
    /// If no temporary folder can be made.
    pub fn new(options: Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("patchmark-subjects-").tempdir();
        let folder = folder.context("failed to make a temporary folder for the images of workers")?;
        Ok(Self { options, folder: Rc::new(folder), workers: RefCell::default() })
    }

    /// The subject as a processor with these parameters; its worker starts to load at once.
    ///
    /// # Errors
    /// An input error if there is no such class or release, and an error if no worker can be started.
    pub fn make(&self, subject: &Subject, parameters: &Parameters) -> Result<Box<dyn Processor>> {
        let name = subject.to_string();
        let mut workers = self.workers.borrow_mut();
        let worker = match workers.get(&name) {
            Some(worker) => Rc::clone(worker),
            None => {
                let number = workers.len();
                let outputs = self.folder.path().join(format!("outputs-{number}"));
                let mut side = side(subject, &self.options, outputs)?;
                side.start()?;
                let images = self.folder.path().join(format!("image-{number}"));
                let worker = Rc::new(Shared::new(side, images, Rc::clone(&self.folder)));
                workers.insert(name.clone(), Rc::clone(&worker));
                worker
            }
        };
        let form = if subject.is_python() { "PIL" } else { "HWC" };
        let keywords = keywords(parameters);
        Ok(Box::new(InWorker {
            name,
            form,
            keywords,
            worker,
            prepared: RefCell::default(),
            border: RefCell::default(),
        }))
    }

    /// Waits until all subjects are loaded, so that one which does not exist is refused before anything is measured.
    ///
    /// # Errors
    /// An input error if there is no such class or program. A subject that fails otherwise fails each batch.
    pub fn wait(&self) -> Result<()> {
        for worker in self.workers.borrow().values() {
            worker.side.borrow_mut().make()?;
        }
        Ok(())
    }
}

/// The keyword arguments of each call: the two that callers pass, and those that are not the defaults.
fn keywords(parameters: &Parameters) -> Map<String, Value> {
    let usual = Parameters::default().record();
    let passed = |name: &str| matches!(name, "max_num_patches" | "patch_size");
    let record = parameters.record().into_iter();
    record.filter(|(name, value)| passed(name) || usual.get(name) != Some(value)).collect()
}

/// A subject's worker, and the images that it can read.
struct Shared {
    side: RefCell<Side>,
    /// The beginning of the images' paths.
    images: PathBuf,
    written: RefCell<Vec<(Weak<DecodedImage>, ImageRef)>>,
    /// Names given so far, of files and of prepared batches.
    named: Cell<usize>,
    /// Removed with the last worker that uses it.
    _folder: Rc<TempDir>,
}

impl Shared {
    fn new(side: Side, images: PathBuf, folder: Rc<TempDir>) -> Self {
        Self {
            side: RefCell::new(side),
            images,
            written: RefCell::default(),
            named: Cell::new(0),
            _folder: folder,
        }
    }

    fn next(&self) -> usize {
        self.named.replace(self.named.get() + 1)
    }

    /// The images in files, each written once and removed once nobody else has it.
    fn files(&self, images: &[Arc<DecodedImage>]) -> Result<Vec<ImageRef>> {
        let mut written = self.written.borrow_mut();
        written.retain(|(image, file)| {
            let used = image.strong_count() > 0;
            if !used {
                // What cannot be removed now is removed with the folder.
                drop(std::fs::remove_file(&file.file));
            }
            used
        });
        let mut files = Vec::with_capacity(images.len());
        for image in images {
            let known = written.iter().find(|(known, _)| std::ptr::eq(known.as_ptr(), Arc::as_ptr(image)));
            files.push(match known {
                Some((_, file)) => file.clone(),
                None => {
                    let mut path = self.images.clone().into_os_string();
                    path.push(format!("-{}", self.next()));
                    let file = write_image(image, path.into())?;
                    written.push((Arc::downgrade(image), file.clone()));
                    file
                }
            });
        }
        Ok(files)
    }
}

/// A batch that a worker holds in the form that its subject takes.
struct Prepared {
    images: Vec<Weak<DecodedImage>>,
    slot: String,
    /// The worker that holds it: another one started after its end does not.
    worker: Option<u32>,
}

/// A subject in a worker, with parameters.
struct InWorker {
    name: String,
    form: &'static str,
    keywords: Map<String, Value>,
    worker: Rc<Shared>,
    prepared: RefCell<Vec<Prepared>>,
    border: RefCell<Border>,
}

impl InWorker {
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

/// A result as what a model takes, with the dtypes that it has.
fn inputs(returned: &Returned) -> Result<ModelInputs> {
    let tensor = |name: &str| -> Result<Tensor> {
        let entry = returned.entries.iter().find(|entry| entry.name == name);
        let entry = entry.with_context(|| format!("{name} is missing from its result"))?;
        ensure!(entry.kind == "tensor", "{name} is a {} instead of a tensor", entry.kind);
        let tensor = returned.tensors.get(name).with_context(|| format!("{name} has no values"))?;
        let kind = kind(&entry.dtype).with_context(|| format!("{name} has the dtype {}", entry.dtype))?;
        Ok(tensor.f_to_kind(kind)?)
    };
    Ok(ModelInputs {
        pixel_values: tensor("pixel_values")?,
        pixel_attention_mask: tensor("pixel_attention_mask")?,
        spatial_shapes: tensor("spatial_shapes")?,
        host_shapes: None,
    })
}

/// torch's dtype of that name, if a processor's result could have it.
fn kind(dtype: &str) -> Option<Kind> {
    Some(match dtype {
        "float16" => Kind::Half,
        "bfloat16" => Kind::BFloat16,
        "float32" => Kind::Float,
        "float64" => Kind::Double,
        "bool" => Kind::Bool,
        "uint8" => Kind::Uint8,
        "int8" => Kind::Int8,
        "int16" => Kind::Int16,
        "int32" => Kind::Int,
        "int64" => Kind::Int64,
        _ => return None,
    })
}
