//! What one call of a subject showed.

use std::{collections::BTreeMap, path::Path, rc::Rc};

use anyhow::{Context, Result};
use tch::{Kind, Tensor};

use super::{death::Death, protocol::Entry};

/// The outcome of a call.
#[derive(Debug, Clone)]
pub enum Observation {
    /// It returned.
    Returned(Rc<Returned>),
    /// It raised.
    Raised {
        /// The exception's class and message.
        message: String,
        /// The end of the traceback.
        traceback: String,
    },
    /// The worker ended.
    Died(Death),
    /// The worker has ended too often and is not started again.
    Unavailable,
}

/// A result, as the subject returned it.
#[derive(Debug, Default)]
pub struct Returned {
    /// Whether it is a mapping at all.
    pub mapping: bool,
    /// Its values, in the mapping's order.
    pub entries: Vec<Entry>,
    /// The values that are arrays, on the CPU: f32 or f64, with every integer type as i64.
    pub tensors: BTreeMap<String, Tensor>,
    /// Milliseconds that the call took.
    pub ms: f64,
    /// What it changed in the process.
    pub state_changes: Vec<String>,
    /// What it changed in its inputs.
    pub input_changes: Vec<String>,
    /// The form that it was fed, for one of patchmark's own processors.
    pub feed: String,
}

impl Returned {
    /// Reads the tensors that a worker wrote.
    ///
    /// # Errors
    /// If there are entries that are arrays, but the file is not a whole safetensors file.
    pub fn read(&mut self, file: &Path) -> Result<()> {
        if self.entries.iter().all(|entry| entry.dtype.is_empty()) {
            return Ok(());
        }
        let tensors = Tensor::read_safetensors(file)
            .with_context(|| format!("failed to read a worker's tensors from {}", file.display()))?;
        for (name, tensor) in tensors {
            let tensor = match tensor.kind() {
                Kind::Float | Kind::Double | Kind::Int64 => tensor,
                _ => tensor.f_to_kind(Kind::Int64)?,
            };
            self.tensors.insert(name, tensor);
        }
        Ok(())
    }

    /// All of it but the tensors.
    pub fn without_tensors(&self) -> Self {
        Self {
            mapping: self.mapping,
            entries: self.entries.clone(),
            tensors: BTreeMap::new(),
            ms: self.ms,
            state_changes: self.state_changes.clone(),
            input_changes: self.input_changes.clone(),
            feed: self.feed.clone(),
        }
    }

    /// `pixel_values` as f32; none if it is not an array.
    pub fn values(&self) -> Option<Tensor> {
        self.tensors.get("pixel_values")?.f_to_kind(Kind::Float).ok()
    }

    /// The (rows, columns) of each image; none if `spatial_shapes` has another form.
    pub fn shapes(&self) -> Option<Vec<[i64; 2]>> {
        let shapes = self.tensors.get("spatial_shapes")?;
        // A single image can be read even if the batch dimension was lost.
        let legible = matches!(shapes.size().as_slice(), [_, 2] | [2]);
        let flat = shapes.f_flatten(0, -1).ok()?.f_to_kind(Kind::Int64).ok()?;
        let numbers: Vec<i64> = Vec::try_from(flat).ok()?;
        legible.then(|| numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
    }

    /// The three tensors of one image, unchanged.
    pub fn row(&self, index: i64) -> Option<Vec<Tensor>> {
        [("pixel_values", 3), ("pixel_attention_mask", 2), ("spatial_shapes", 2)]
            .into_iter()
            .map(|(name, dimensions)| {
                let tensor = self.tensors.get(name)?;
                // A batch of one that lost its batch dimension still holds that image.
                if tensor.dim() + 1 == dimensions && index == 0 {
                    return Some(tensor.shallow_clone());
                }
                (tensor.dim() > 0 && index < tensor.size()[0]).then(|| tensor.f_get(index).ok())?
            })
            .collect()
    }

    /// How many images it holds.
    pub fn images(&self) -> i64 {
        self.tensors.get("pixel_values").and_then(|values| values.size().first().copied()).unwrap_or(0)
    }
}
