//! Patchmark's own processors as subjects. They accept decoded RGB only.

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
    protocol::{Call, Class, Entry, ImageRef, Load, Reply, Request},
    serves::Serves,
};
use crate::{
    measure::{failure::caught, parse_device, time},
    processor::{self, FedBatch, Parameters, Processor, StageClock},
    workload::DecodedImage,
};

/// A processor's name with the parameters that are fixed when it is made: `max_num_patches` and `patch_size`.
type Key = (String, usize, usize);

pub(super) struct Native {
    names: Vec<String>,
    parameters: Parameters,
    device: Device,
    threads: usize,
    processors: HashMap<Key, Box<dyn Processor>>,
    kept: HashMap<String, Vec<(String, Tensor)>>,
    prepared: HashMap<String, (Key, FedBatch)>,
}

impl Native {
    pub(super) fn load(load: &Load) -> Result<(Reply, Self)> {
        let Class::Own { names, preprocessor, device } = &load.class else {
            bail!("not patchmark's own processors")
        };
        use_threads(load.threads)?;
        let native = Self {
            names: names.clone(),
            parameters: preprocessor
                .as_deref()
                .map_or_else(|| Ok(Parameters::default()), Parameters::read)?,
            device: parse_device(device)?,
            threads: load.threads,
            processors: HashMap::new(),
            kept: HashMap::new(),
            prepared: HashMap::new(),
        };
        let reply = Reply::Loaded {
            class: format!("patchmark {}", names.join(", ")),
            versions: BTreeMap::new(),
            capability: String::new(),
            state_changes: Vec::new(),
            accepted: Some(vec!["max_num_patches".into(), "patch_size".into()]),
            signature: Map::new(),
            program: None,
        };
        Ok((reply, native))
    }

    fn key(&self, processor: Option<&String>, keywords: &Map<String, Value>) -> Result<Key> {
        let name = processor.or(self.names.first()).context("no processor is named")?;
        if !self.names.contains(name) {
            bail!("{name} is not among the processors that were loaded");
        }
        let number = |keyword: &str, otherwise: usize| {
            let given = keywords.get(keyword).and_then(Value::as_u64);
            given.and_then(|value| usize::try_from(value).ok()).unwrap_or(otherwise)
        };
        let limit = number("max_num_patches", self.parameters.max_num_patches);
        Ok((name.clone(), limit, number("patch_size", self.parameters.patch_size)))
    }

    fn processor(&mut self, key: &Key) -> Result<&dyn Processor> {
        if !self.processors.contains_key(key) {
            let parameters =
                Parameters { max_num_patches: key.1, patch_size: key.2, ..self.parameters.clone() };
            parameters.validate()?;
            let made = processor::create(&key.0, &parameters, self.device, self.threads)?;
            // Importing transformers changes torch's thread count on some machines.
            use_threads(self.threads)?;
            self.processors.insert(key.clone(), made);
        }
        self.processors.get(key).map(AsRef::as_ref).ok_or_else(|| anyhow!("no processor was made"))
    }

    fn call(&mut self, call: &Call) -> Result<(Reply, Vec<(String, Tensor)>)> {
        let images = decode(&call.images)?;
        let key = self.key(call.processor.as_ref(), &call.keywords)?;
        let threads = self.threads;
        let processor = self.processor(&key)?;
        let feed = processor.feed();
        let fed = FedBatch::new(feed, &images)?;
        use_threads(if call.one_thread { 1 } else { threads })?;
        let started = Instant::now();
        let inputs = processor.process(&fed, &mut StageClock::disabled());
        let ms = started.elapsed().as_secs_f64() * 1e3;
        use_threads(threads)?;
        let inputs = inputs?;
        let tensors = inputs.named().into_iter();
        let tensors = tensors
            .map(|(name, tensor)| Ok((name.to_owned(), tensor.f_to_device(Device::Cpu)?)))
            .collect::<Result<Vec<_>>>()?;
        if let Some(slot) = &call.keep {
            let kept = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone()));
            self.kept.insert(slot.clone(), kept.collect());
        }
        Ok((returned(&tensors, ms, feed.to_string()), tensors))
    }

    fn prepare(
        &mut self,
        slot: &str,
        images: &[ImageRef],
        processor: Option<&String>,
        keywords: &Map<String, Value>,
    ) -> Result<()> {
        let images = decode(images)?;
        let key = self.key(processor, keywords)?;
        let fed = FedBatch::new(self.processor(&key)?.feed(), &images)?;
        self.prepared.insert(slot.to_owned(), (key, fed));
        Ok(())
    }

    /// Milliseconds of each call, until its outputs are complete.
    fn times(&self, slot: &str, calls: usize) -> Result<Vec<f64>> {
        let (key, fed) = self.prepared.get(slot).with_context(|| format!("{slot} is not prepared"))?;
        let processor = self.processors.get(key).context("no processor was made")?;
        let call = |_| {
            let timed = time(self.device, || processor.process(fed, &mut StageClock::disabled()))?;
            Ok(timed.synchronized_ms)
        };
        (0..calls).map(call).collect()
    }
}

impl Serves for Native {
    fn answer(&mut self, request: &Request) -> Result<(Reply, Vec<(String, Tensor)>)> {
        let answer = match request {
            Request::Call(call) => caught(|| self.call(call)),
            Request::Dump { slot, .. } => {
                let kept = self.kept.remove(slot).with_context(|| format!("nothing is kept as {slot}"));
                kept.map(|tensors| (returned(&tensors, 0.0, String::new()), tensors))
            }
            Request::Prepare { slot, images, keywords, processor, .. } => {
                let prepared = caught(|| self.prepare(slot, images, processor.as_ref(), keywords));
                prepared.map(|()| (Reply::Done, Vec::new()))
            }
            Request::Time { slot, calls } => {
                self.times(slot, *calls).map(|ms| (Reply::Timed { ms, border_ms: None }, Vec::new()))
            }
            Request::Load(_) | Request::Use { .. } | Request::Concurrent { .. } => {
                bail!("not a request for {}", self.names.join(", "))
            }
        };
        Ok(answer.unwrap_or_else(|error| (raised(&error), Vec::new())))
    }
}

fn use_threads(threads: usize) -> Result<()> {
    tch::set_num_threads(i32::try_from(threads)?);
    Ok(())
}

fn decode(images: &[ImageRef]) -> Result<Vec<Arc<DecodedImage>>> {
    images
        .iter()
        .map(|image| {
            let mut file = File::open(&image.file)?;
            file.seek(SeekFrom::Start(image.offset))?;
            let bytes = (image.width as u64).saturating_mul(image.height as u64).saturating_mul(3);
            let mut rgb = Vec::new();
            file.take(bytes).read_to_end(&mut rgb)?;
            let (width, height) = (image.width, image.height);
            let image = DecodedImage::new("image", width, height, rgb);
            image
                .map(Arc::new)
                .with_context(|| format!("{width}x{height} pixels are not in the image's file"))
        })
        .collect()
}

pub(super) fn raised(error: &anyhow::Error) -> Reply {
    Reply::Raised { kind: "error".into(), message: format!("{error:#}"), traceback: String::new() }
}

pub(super) fn returned(tensors: &[(String, Tensor)], ms: f64, feed: String) -> Reply {
    let entry = |(name, tensor): &(String, Tensor)| Entry {
        name: name.clone(),
        kind: "tensor".into(),
        dtype: dtype(tensor.kind()),
        shape: tensor.size(),
        device: "cpu".into(),
        grad: tensor.requires_grad(),
        text: String::new(),
    };
    Reply::Returned {
        mapping: true,
        entries: tensors.iter().map(entry).collect(),
        ms,
        state_changes: Vec::new(),
        input_changes: Vec::new(),
        feed,
    }
}

/// torch's name of a dtype.
fn dtype(kind: Kind) -> String {
    match kind {
        Kind::Float => "float32".into(),
        Kind::Double => "float64".into(),
        Kind::Half => "float16".into(),
        Kind::Int => "int32".into(),
        Kind::Int64 => "int64".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_is_not_in_its_file_is_refused_before_memory_is_taken() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [7; 12]).unwrap();
        let image = |offset, width, height| {
            let image = ImageRef { file: file.path().into(), offset, width, height, mode: "RGB".into() };
            decode(&[image])
        };
        assert_eq!(image(0, 2, 2).unwrap()[0].rgb, [7; 12]);
        assert_eq!(image(9, 1, 1).unwrap()[0].rgb, [7; 3]);
        for (offset, width, height) in
            [(1, 2, 2), (99, 1, 1), (0, 0, 4), (0, 1 << 20, 1 << 20), (0, usize::MAX, 2)]
        {
            let error = image(offset, width, height).unwrap_err();
            assert!(error.to_string().contains(&format!("{width}x{height}")), "{error}");
        }
    }
}
