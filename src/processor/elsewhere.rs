//! Processors that run in another process.

use anyhow::Result;

use super::FedBatch;

/// A processor that runs in another process and takes its own time there, so that what passes between the two is in no
/// figure.
pub trait Elsewhere {
    /// Has a batch processed; returns the milliseconds by the other process's clock, from images in memory to tensors in
    /// memory. The tensors stay there.
    ///
    /// # Errors
    /// If the batch was prepared for another [`Feed`](super::Feed), the subject raises, or its process ends or is
    /// interrupted.
    fn time(&self, batch: &FedBatch) -> Result<f64>;

    /// The processes in which it computes.
    fn processes(&self) -> Vec<u32>;

    /// What a reader of the times that were taken since the last call of this must know, as sentences.
    fn notes(&self) -> Vec<String>;
}
