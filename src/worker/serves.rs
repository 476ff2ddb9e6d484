//! A subject as the worker's loop sees it.

use anyhow::Result;
use tch::Tensor;

use super::protocol::{Reply, Request};

/// Requests in, a reply and its tensors out.
pub(super) trait Serves {
    /// Answers anything but `Load`.
    fn answer(&mut self, request: &Request) -> Result<(Reply, Vec<(String, Tensor)>)>;
}
