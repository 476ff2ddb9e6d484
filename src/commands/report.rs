//! `patchmark report`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::{
    error::Outcome,
    report::{store, table},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A run folder, or its run.json.
    run: PathBuf,
    /// Where to draw [default: the run folder itself].
    #[arg(long, value_name = "DIR", env = "PATCHMARK_OUT")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let run = store::read_run(&arguments.run)?;
    let folder = match (&arguments.out, arguments.run.is_dir()) {
        (Some(out), _) => out.clone(),
        (None, true) => arguments.run.clone(),
        (None, false) => arguments.run.parent().map(PathBuf::from).unwrap_or_default(),
    };
    store::check_writable(&folder)?;
    store::write_run(&folder, &run)?;
    print!("{}", table::render(&run));
    eprintln!("drawn in {}", folder.display());
    Ok(Outcome::Done)
}
