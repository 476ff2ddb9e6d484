//! One of patchmark's own processors as a subject. It takes decoded RGB and nothing else.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{Read, Seek, SeekFrom},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value};
use tch::{Device, Kind, Tensor};

use super::{
    protocol::{Class, Entry, ImageRef, Load, Reply, Request},
    serve::Serves,
};
use crate::{
    processor::{self, FedBatch, Parameters, Processor, StageClock},
    workload::DecodedImage,
};

pub(super) struct Native {
    name: String,
    threads: usize,
    /// One a `(max_num_patches, patch_size)`, as parameters are fixed when a processor is made.
    processors: HashMap<(usize, usize), Box<dyn Processor>>,
    kept: HashMap<String, Vec<(String, Tensor)>>,
    prepared: HashMap<String, ((usize, usize), FedBatch)>,
}

impl Native {
    pub(super) fn load(load: &Load) -> Result<(Reply, Self)> {
        let Class::Own { name } = &load.class else { bail!("not one of patchmark's own processors") };
        tch::set_num_threads(i32::try_from(load.threads)?);
        let native = Self {
            name: name.clone(),
            threads: load.threads,
            processors: HashMap::new(),
            kept: HashMap::new(),
            prepared: HashMap::new(),
        };
        let reply = Reply::Loaded {
            class: format!("patchmark {name}"),
            versions: BTreeMap::new(),
            capability: String::new(),
            state_changes: Vec::new(),
            accepted: Some(vec!["max_num_patches".into(), "patch_size".into()]),
        };
        Ok((reply, native))
    }

    fn processor(&mut self, key: (usize, usize)) -> Result<&dyn Processor> {
        if !self.processors.contains_key(&key) {
            let parameters =
                Parameters { max_num_patches: key.0, patch_size: key.1, ..Parameters::default() };
            let made = processor::create(&self.name, &parameters, Device::Cpu, self.threads)?;
            self.processors.insert(key, made);
        }
        self.processors.get(&key).map(AsRef::as_ref).ok_or_else(|| anyhow!("no processor was made"))
    }

    fn call(
        &mut self,
        images: &[ImageRef],
        keywords: &Map<String, Value>,
    ) -> Result<(f64, Vec<(String, Tensor)>)> {
        let images = decode(images)?;
        let processor = self.processor(key(keywords))?;
        let fed = FedBatch::new(processor.feed(), &images)?;
        let started = Instant::now();
        let inputs = processor.process(&fed, &mut StageClock::disabled())?;
        let ms = started.elapsed().as_secs_f64() * 1e3;
        Ok((
            ms,
            inputs.named().into_iter().map(|(name, tensor)| (name.into(), tensor.shallow_clone())).collect(),
        ))
    }
}

impl Serves for Native {
    fn answer(&mut self, request: &Request) -> Result<(Reply, Vec<(String, Tensor)>)> {
        match request {
            Request::Call(call) => {
                let (ms, tensors) = match self.call(&call.images, &call.keywords) {
                    Ok(result) => result,
                    Err(error) => return Ok((raised(&error), Vec::new())),
                };
                if let Some(slot) = &call.keep {
                    let kept = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone()));
                    self.kept.insert(slot.clone(), kept.collect());
                }
                Ok((returned(&tensors, ms), tensors))
            }
            Request::Dump { slot, .. } => {
                let tensors = self.kept.remove(slot).with_context(|| format!("nothing is kept as {slot}"))?;
                Ok((returned(&tensors, 0.0), tensors))
            }
            Request::Prepare { slot, images, keywords, .. } => {
                let images = decode(images)?;
                let key = key(keywords);
                let fed = FedBatch::new(self.processor(key)?.feed(), &images)?;
                self.prepared.insert(slot.clone(), (key, fed));
                Ok((Reply::Done, Vec::new()))
            }
            Request::Time { slot, calls } => {
                let (key, fed) =
                    self.prepared.get(slot).with_context(|| format!("{slot} is not prepared"))?;
                let processor = self.processors.get(key).context("no processor was made")?;
                let mut ms = f64::INFINITY;
                for _ in 0..*calls {
                    let started = Instant::now();
                    let inputs = processor.process(fed, &mut StageClock::disabled())?;
                    ms = ms.min(started.elapsed().as_secs_f64() * 1e3);
                    drop(inputs);
                }
                Ok((Reply::Timed { ms }, Vec::new()))
            }
            Request::Load(_) | Request::Concurrent { .. } => bail!("not a request for {}", self.name),
        }
    }
}

fn key(keywords: &Map<String, Value>) -> (usize, usize) {
    let default = Parameters::default();
    let number = |name: &str, default: usize| {
        keywords
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|value| usize::try_from(value).ok())
            .unwrap_or(default)
    };
    (number("max_num_patches", default.max_num_patches), number("patch_size", default.patch_size))
}

fn decode(images: &[ImageRef]) -> Result<Vec<Arc<DecodedImage>>> {
    images
        .iter()
        .map(|image| {
            let mut file = File::open(&image.file)?;
            file.seek(SeekFrom::Start(image.offset))?;
            let mut rgb = vec![0; image.width * image.height * 3];
            file.read_exact(&mut rgb)?;
            let image = DecodedImage::new("image", image.width, image.height, rgb);
            image.map(Arc::new).context("an image without pixels")
        })
        .collect()
}

fn raised(error: &anyhow::Error) -> Reply {
    Reply::Raised { kind: "error".into(), message: format!("{error:#}"), traceback: String::new() }
}

fn returned(tensors: &[(String, Tensor)], ms: f64) -> Reply {
    let entry = |(name, tensor): &(String, Tensor)| Entry {
        name: name.clone(),
        kind: "tensor".into(),
        dtype: dtype(tensor.kind()),
        shape: tensor.size(),
        device: "cpu".into(),
        grad: tensor.requires_grad(),
    };
    Reply::Returned {
        mapping: true,
        entries: tensors.iter().map(entry).collect(),
        ms,
        state_changes: Vec::new(),
        input_changes: Vec::new(),
    }
}

/// torch's own name of a dtype.
fn dtype(kind: Kind) -> String {
    match kind {
        Kind::Float => "float32".into(),
        Kind::Int => "int32".into(),
        Kind::Int64 => "int64".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}
