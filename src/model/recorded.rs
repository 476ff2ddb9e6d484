//! The native forward, recorded once per shape of batch and replayed.
//!
//! A pass submits hundreds of small kernels. For a small batch the host takes longer to submit them than the device to
//! run them; a recording is submitted as a whole. The only part of a pass that needs the host, reading spatial_shapes,
//! is not recorded, so one recording serves every batch with the same number of images, patches and texts, whatever the
//! grids.

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::Entry},
    rc::Rc,
};

use anyhow::Result;
use tch::Tensor;

use super::{
    siglip2::{Forward, ModelOutputs, Siglip2},
    text::TextInputs,
};
use crate::inputs::ModelInputs;

/// The number of recordings that are kept. Each holds the inputs of a batch and intermediate results, so a workload of
/// many shapes would otherwise fill a GPU's memory.
const RECORDINGS: usize = 32;

/// The work that a recording repeats; it always reads and writes the same memory.
pub type Work = Box<dyn Fn() -> Result<ModelOutputs>>;

/// Records the operations that some work submits to a device, and submits them again.
pub trait Recorder {
    /// The recorded operations.
    type Recording;

    /// Records the work; every replay writes to the outputs that this returns.
    ///
    /// # Errors
    /// If the work fails or cannot be recorded.
    fn record(&self, work: Work) -> Result<(Self::Recording, ModelOutputs)>;

    /// Submits the work again, after everything that this thread has submitted before.
    ///
    /// # Errors
    /// If the device is lost.
    fn replay(&self, recording: &Self::Recording) -> Result<()>;
}

/// The native forward through a recorder.
pub struct Recorded<R: Recorder> {
    model: Rc<Siglip2>,
    recorder: R,
    passes: RefCell<HashMap<Shape, Pass<R::Recording>>>,
}

/// What two batches must share to share a recording.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Shape {
    pixel_values: Vec<i64>,
    input_ids: Option<Vec<i64>>,
    masked_text: bool,
}

impl Shape {
    fn of(inputs: &ModelInputs, text: Option<&TextInputs>) -> Self {
        Self {
            pixel_values: inputs.pixel_values.size(),
            input_ids: text.map(|text| text.input_ids.size()),
            masked_text: text.is_some_and(|text| text.attention_mask.is_some()),
        }
    }
}

/// A recorded pass, with the memory that it reads and writes.
struct Pass<R> {
    memory: Memory,
    recording: R,
    outputs: ModelOutputs,
}

impl<R: Recorder> Recorded<R> {
    /// The forward of `model`, which `recorder` can record.
    pub fn new(model: Siglip2, recorder: R) -> Self {
        Self { model: Rc::new(model), recorder, passes: RefCell::default() }
    }

    fn record(&self, memory: Memory) -> Result<Pass<R::Recording>> {
        let (model, own) = (Rc::clone(&self.model), memory.shallow_clone());
        let (recording, outputs) = self.recorder.record(Box::new(move || own.pass(&model)))?;
        Ok(Pass { memory, recording, outputs })
    }
}

impl<R: Recorder> Forward for Recorded<R> {
    fn name(&self) -> &str {
        "native-graph"
    }

    fn forward(&self, inputs: &ModelInputs, text: Option<&TextInputs>) -> Result<ModelOutputs> {
        let _guard = tch::no_grad_guard();
        let positions = self.model.positions(inputs)?;
        let shape = Shape::of(inputs, text);
        let mut passes = self.passes.borrow_mut();
        if !passes.contains_key(&shape) && passes.len() >= RECORDINGS {
            passes.clear();
        }
        let pass = match passes.entry(shape) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(self.record(Memory::of(&self.model, inputs, &positions, text)?)?)
            }
        };
        pass.memory.fill(inputs, &positions, text)?;
        self.recorder.replay(&pass.recording)?;
        // Copied, because the next replay writes to the same memory.
        pass.outputs.map(copy)
    }
}

/// The same values in separate memory.
fn copy(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.f_to_dtype(tensor.kind(), false, true)?)
}

/// The memory that a recording reads; a batch is copied there before each replay.
struct Memory {
    pixel_values: Tensor,
    mask: Tensor,
    positions: Tensor,
    text: Option<TextInputs>,
}

impl Memory {
    fn of(
        model: &Siglip2,
        inputs: &ModelInputs,
        positions: &Tensor,
        text: Option<&TextInputs>,
    ) -> Result<Self> {
        let copy_text = |text: &TextInputs| -> Result<TextInputs> {
            Ok(TextInputs {
                input_ids: copy(&text.input_ids)?,
                attention_mask: text.attention_mask.as_ref().map(copy).transpose()?,
            })
        };
        Ok(Self {
            // In the dtype to which a pass converts its inputs anyway; `fill` converts from any other.
            pixel_values: inputs.pixel_values.f_to_dtype(model.kind(), false, true)?,
            mask: copy(&inputs.pixel_attention_mask)?,
            positions: copy(positions)?,
            text: text.map(copy_text).transpose()?,
        })
    }

    fn fill(&mut self, inputs: &ModelInputs, positions: &Tensor, text: Option<&TextInputs>) -> Result<()> {
        self.pixel_values.f_copy_(&inputs.pixel_values)?;
        self.mask.f_copy_(&inputs.pixel_attention_mask)?;
        self.positions.f_copy_(positions)?;
        if let (Some(own), Some(text)) = (&mut self.text, text) {
            own.input_ids.f_copy_(&text.input_ids)?;
            if let (Some(own), Some(mask)) = (&mut own.attention_mask, &text.attention_mask) {
                own.f_copy_(mask)?;
            }
        }
        Ok(())
    }

    fn pass(&self, model: &Siglip2) -> Result<ModelOutputs> {
        model.pass(&self.pixel_values, &self.mask, &self.positions, self.text.as_ref())
    }

    fn shallow_clone(&self) -> Self {
        Self {
            pixel_values: self.pixel_values.shallow_clone(),
            mask: self.mask.shallow_clone(),
            positions: self.positions.shallow_clone(),
            text: self.text.as_ref().map(TextInputs::shallow_clone),
        }
    }
}

#[cfg(test)]
#[path = "recorded_tests.rs"]
mod tests;
