//! The batch sizes of a bench, each warmed up when its first sample is due.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use patchmark_results::journal::BatchSamples;

use super::{batch::BatchUnderTest, needs, setup::Bench};
use crate::{
    interrupt::Interrupt,
    measure::{
        failure::{Failure, classify, reason},
        memory::fits,
    },
    model::TextInputs,
    workload::{DecodedImage, Workload},
};

/// How far one batch size has come.
enum Size<'a> {
    Waiting,
    UnderTest(Box<BatchUnderTest<'a>>),
    Failed(Box<BatchSamples>),
}

/// All batch sizes of a bench, in the order of the table.
pub(super) struct BatchSizes<'a> {
    workload: &'a Workload,
    /// The images of the largest batch so far; a smaller batch takes the first of them.
    images: Vec<Arc<DecodedImage>>,
    texts: &'a [TextInputs],
    decode_ms: &'a BTreeMap<usize, Vec<f64>>,
    sizes: Vec<(usize, Size<'a>)>,
}

impl<'a> BatchSizes<'a> {
    /// `texts` holds one item per batch size, or is empty if no forward takes text; `decode_ms` holds decoding times
    /// that were taken earlier.
    pub(super) fn new(
        workload: &'a Workload,
        batch_sizes: &[usize],
        texts: &'a [TextInputs],
        decode_ms: &'a BTreeMap<usize, Vec<f64>>,
    ) -> Self {
        Self {
            workload,
            images: Vec::new(),
            texts,
            decode_ms,
            sizes: batch_sizes.iter().map(|&size| (size, Size::Waiting)).collect(),
        }
    }

    /// The batch size at `index` if it is not warmed up yet.
    pub(super) fn waiting(&self, index: usize) -> Option<usize> {
        match self.sizes[index] {
            (size, Size::Waiting) => Some(size),
            _ => None,
        }
    }

    /// Warms up the batch size at `index`, unless it does not fit in memory. If `interrupt` is set meanwhile, it stays
    /// [`Size::Waiting`]; if it does not fit or memory runs out, it becomes [`Size::Failed`].
    ///
    /// # Errors
    /// As [`BatchUnderTest::warm_up`], except if memory runs out.
    pub(super) fn warm_up(&mut self, bench: &Bench, index: usize, interrupt: &Interrupt) -> Result<()> {
        let (size, state) = &mut self.sizes[index];
        let need = needs::of_batch(bench, self.workload, self.images.len(), *size);
        if let Err(reason) = fits(need) {
            let failure = Some(format!("batch {size} {reason}"));
            *state = Size::Failed(Box::new(BatchSamples {
                batch_size: *size,
                failure,
                ..BatchSamples::default()
            }));
            return Ok(());
        }
        self.workload.extend(&mut self.images, *size)?;
        let encoded = self.workload.batch_encoded(*size);
        let images = &self.images[..*size];
        let decode = self.decode_ms.get(size).map_or(&[][..], Vec::as_slice);
        let text = self.texts.get(index);
        *state = match BatchUnderTest::warm_up(bench, images, encoded, text, decode, interrupt) {
            Ok(Some(batch)) => Size::UnderTest(Box::new(batch)),
            Ok(None) => return Ok(()),
            Err(error) if classify(&error) == Failure::OutOfMemory => {
                let failure = Some(reason(&error));
                Size::Failed(Box::new(BatchSamples { batch_size: *size, failure, ..BatchSamples::default() }))
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

    /// Whether any batch size was never warmed up.
    pub(super) fn incomplete(&self) -> bool {
        self.sizes.iter().any(|(_, size)| matches!(size, Size::Waiting))
    }

    /// What was measured of each batch size, without those that were never warmed up.
    pub(super) fn samples(&self) -> impl Iterator<Item = &BatchSamples> {
        (0..self.sizes.len()).filter_map(|index| self.samples_at(index))
    }

    /// What was measured of the batch size at `index`; `None` before it is warmed up.
    pub(super) fn samples_at(&self, index: usize) -> Option<&BatchSamples> {
        match &self.sizes[index].1 {
            Size::Waiting => None,
            Size::UnderTest(batch) => Some(batch.samples()),
            Size::Failed(samples) => Some(samples),
        }
    }
}
