//! The hidden `patchmark sampler`: see [`crate::compare::protocol`].

use std::io;

use anyhow::Result;

use super::options::{allow_network, use_threads};
use crate::{compare::worker, error::Outcome};

pub(super) fn run() -> Result<Outcome> {
    allow_network(false);
    worker::serve(io::stdin().lock(), io::stdout().lock(), use_threads)?;
    Ok(Outcome::Done)
}
