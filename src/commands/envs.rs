//! `patchmark envs`.

use anyhow::Result;
use clap::{Args, Subcommand};
use patchmark_results::{Outcome, text::plural};

use crate::{
    console::{outln, tell},
    worker::overlays,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Fetch releases of transformers, such as 4.57.6
    Add {
        /// Versions
        #[arg(required = true, value_name = "VERSION")]
        versions: Vec<String>,
    },
    /// Show what is installed, and where
    List,
    /// Remove releases
    Remove {
        /// Versions
        #[arg(required = true, value_name = "VERSION")]
        versions: Vec<String>,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    match &arguments.action {
        Action::Add { versions } => {
            // Check every version before the first download, so that a typo costs none.
            versions.iter().try_for_each(|version| overlays::check_version(version))?;
            for version in versions {
                outln!("{version}  {}", overlays::ensure(version)?.display());
            }
        }
        Action::List => {
            let installed = overlays::installed()?;
            let folder = overlays::folder()?;
            for version in &installed {
                outln!("{version}");
            }
            tell!("{} of transformers in {}", plural(installed.len() as u64, "release"), folder.display());
        }
        Action::Remove { versions } => versions.iter().try_for_each(|version| overlays::remove(version))?,
    }
    Ok(Outcome::Done)
}
