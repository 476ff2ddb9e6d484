//! `patchmark worker`, hidden: the other end of [`crate::worker`].

use anyhow::Result;
use clap::Args;
use patchmark_results::Outcome;

use crate::worker;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The inherited socket
    #[arg(long)]
    socket: i32,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    worker::serve(arguments.socket)?;
    Ok(Outcome::Done)
}
