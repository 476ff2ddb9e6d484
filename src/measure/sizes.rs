//! The batch sizes of a bench, each warmed up when its first sample is due.

use anyhow::{Context, Result};

use super::{
    failure::{Failure, classify, reason},
    rows::not_measured,
    subjects::{BatchUnderTest, Shared},
};
use crate::{model::TextInputs, report::schema::Batch, workload::Workload};

/// How far one batch size has come.
enum Size<'a> {
    Waiting,
    UnderTest(Box<BatchUnderTest<'a>>),
    Failed(Batch),
}

/// All batch sizes of a bench, in the order of the table.
pub(super) struct BatchSizes<'a> {
    workload: &'a Workload,
    texts: &'a [TextInputs],
    sizes: Vec<(usize, Size<'a>)>,
}

impl<'a> BatchSizes<'a> {
    /// `texts` holds one item a batch size, or none where the forward takes no text.
    pub(super) fn new(workload: &'a Workload, batch_sizes: &[usize], texts: &'a [TextInputs]) -> Self {
        Self { workload, texts, sizes: batch_sizes.iter().map(|&size| (size, Size::Waiting)).collect() }
    }

    /// The batch size at `index` if it was not warmed up yet.
    pub(super) fn waiting(&self, index: usize) -> Option<usize> {
        match self.sizes[index] {
            (size, Size::Waiting) => Some(size),
            _ => None,
        }
    }

    /// Warms up the batch size at `index`. If there is no memory for it, that is its result.
    ///
    /// # Errors
    /// If the device is lost, or the reference fails for another reason than memory.
    pub(super) fn warm_up(&mut self, shared: &Shared<'_>, index: usize) -> Result<()> {
        let (size, state) = &mut self.sizes[index];
        let encoded = self.workload.batch_encoded(*size);
        let images = self.workload.batch(*size);
        *state = match BatchUnderTest::warm_up(shared, &images, encoded, self.texts.get(index)) {
            Ok(batch) => Size::UnderTest(Box::new(batch)),
            Err(error) if classify(&error) == Failure::OutOfMemory => {
                Size::Failed(not_measured(shared, *size, &reason(&error)))
            }
            Err(error) => return Err(error).with_context(|| format!("failed to warm up batch size {size}")),
        };
        Ok(())
    }

    /// The batch at `index`, if it is being measured.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut BatchUnderTest<'a>> {
        match &mut self.sizes[index].1 {
            Size::UnderTest(batch) => Some(batch),
            _ => None,
        }
    }

    /// The batches that are being measured, each with its text.
    pub(super) fn under_test(&self) -> impl Iterator<Item = (&BatchUnderTest<'a>, Option<&'a TextInputs>)> {
        self.sizes.iter().enumerate().filter_map(|(index, (_, size))| match size {
            Size::UnderTest(batch) => Some((batch.as_ref(), self.texts.get(index))),
            _ => None,
        })
    }

    /// Whether a batch size never came to its first sample.
    pub(super) fn incomplete(&self) -> bool {
        self.sizes.iter().any(|(_, size)| matches!(size, Size::Waiting))
    }

    /// What a run holds of each batch size that was begun.
    pub(super) fn finish(self, shared: &Shared<'_>) -> Vec<Batch> {
        let finished = self.sizes.into_iter().filter_map(|(_, size)| match size {
            Size::Waiting => None,
            Size::UnderTest(batch) => Some(batch.finish(shared)),
            Size::Failed(batch) => Some(batch),
        });
        finished.collect()
    }
}
