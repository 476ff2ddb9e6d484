//! The interface between the worker's loop and a subject.

use anyhow::Result;
use tch::Tensor;

use super::protocol::{Reply, Request};

/// A subject that answers each request with a reply and its tensors.
pub(super) trait Serves {
    /// Answers any request but `Load`.
    fn answer(&mut self, request: &Request) -> Result<(Reply, Vec<(String, Tensor)>)>;
}
