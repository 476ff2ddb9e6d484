//! Two processors in this process.

use anyhow::Result;

use super::{
    bench::{Bench, repeats},
    contest::{Contest, Round, RowName},
    protocol::{LoadedRow, Setup},
};
use crate::processor;

/// Two processors, or one against itself.
pub struct Processors {
    base: Bench,
    /// The candidate has a bench of its own only where it is made slower on purpose.
    slowed: Option<Bench>,
    /// For each row: the base's row, the candidate's row, and the calls of a sample.
    rows: Vec<(usize, usize, u32)>,
    names: Vec<RowName>,
}

impl Processors {
    /// Loads both processors of `setup.processors`; only the candidate is made slower.
    ///
    /// # Errors
    /// For images or parameters that cannot be used.
    pub fn load(setup: &Setup) -> Result<Self> {
        let pair = |row: &LoadedRow| row.failure.clone();
        let (base, loaded) = Bench::load(&Setup { slowdown: 0.0, ..setup.clone() })?;
        let slowed = if setup.slowdown > 0.0 { Some(Bench::load(setup)?.0) } else { None };
        let (mut rows, mut names) = (Vec::new(), Vec::new());
        for (index, both) in loaded.chunks(setup.processors.len().max(1)).enumerate() {
            // One name alone is a processor against itself.
            let (Some(first), Some(second)) = (both.first(), both.last()) else { continue };
            let start = index * both.len();
            rows.push((start, start + both.len() - 1, repeats(first.warm_ms.min(second.warm_ms))));
            let must = [first, second].iter().all(|row| processor::must_equal_reference(&row.processor));
            let differ = first.digest != second.digest && pair(first).or(pair(second)).is_none();
            names.push(RowName {
                subject: label(second),
                batch: batch(first),
                base_failure: pair(first),
                candidate_failure: pair(second),
                parity: (must && differ).then(|| {
                    format!(
                        "{} and {} differ in their outputs; `patchmark parity` says where",
                        second.processor, first.processor
                    )
                }),
            });
        }
        Ok(Self { base, slowed, rows, names })
    }
}

impl Contest for Processors {
    fn rows(&self) -> &[RowName] {
        &self.names
    }

    fn restarts(&self) -> bool {
        false
    }

    fn restart(&mut self) -> Result<()> {
        Ok(())
    }

    fn round(&mut self, row: usize, mirrored: bool) -> Result<Round> {
        let (base, candidate, repeats) = self.rows[row];
        let other = self.slowed.as_ref().unwrap_or(&self.base);
        let base = || self.base.take(base, repeats);
        let candidate = || other.take(candidate, repeats);
        Ok(if mirrored {
            let (first, second, third, fourth) = (candidate()?, base()?, base()?, candidate()?);
            Round { base: [second, third], candidate: [first, fourth], control: None }
        } else {
            let (first, second, third, fourth) = (base()?, candidate()?, candidate()?, base()?);
            Round { base: [first, fourth], candidate: [second, third], control: None }
        })
    }
}

/// The processor with what it is fed.
pub(super) fn label(row: &LoadedRow) -> String {
    if row.feed.is_empty() { row.processor.clone() } else { format!("{} ({})", row.processor, row.feed) }
}

/// The images and the batch size.
pub(super) fn batch(row: &LoadedRow) -> String {
    format!("{}, batch {}", row.workload, row.batch_size)
}
