//! What is compared in worker processes: two subjects, or two builds of patchmark.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;
use patchmark_results::input_error;
use serde_json::Map;
use tch::Tensor;

use super::setup::Setup;
use crate::{
    parity::bits::all_equal,
    program::Launcher,
    worker::{
        Answer, Launch, Options, Side, Subject,
        protocol::{Class, Form, Load, Reply},
        side::side,
    },
};

/// What is compared. A place is 0 for the base, 1 for the candidate and 2 for the control, which is the base again.
pub enum Sides {
    /// Two subjects in this build.
    Subjects([Subject; 2]),
    /// Processors, each compared with itself in the other build.
    Builds {
        /// The base's build.
        base: Launcher,
        /// The candidate's build.
        candidate: Launcher,
        /// The processors.
        processors: Vec<&'static str>,
    },
}

impl Sides {
    /// What each batch is timed with: every processor of the two builds, or `None` for the subjects themselves.
    pub(super) fn processors(&self) -> Vec<Option<&'static str>> {
        match self {
            Self::Subjects(_) => vec![None],
            Self::Builds { processors, .. } => processors.iter().copied().map(Some).collect(),
        }
    }

    /// The name of a row; for builds, the processor's, with the form it was fed if the worker reported one.
    pub(super) fn row_name(&self, processor: Option<&str>, feed: &str) -> String {
        match (self, processor) {
            (Self::Builds { .. }, Some(name)) if feed.is_empty() => name.to_owned(),
            (Self::Builds { .. }, Some(name)) => format!("{name} ({feed})"),
            _ => self.name(1),
        }
    }

    /// A worker for a place, not yet started.
    ///
    /// # Errors
    /// An input error for a subject that does not exist.
    pub(super) fn worker(
        &self,
        place: usize,
        setup: &Setup,
        options: &Options,
        outputs: PathBuf,
    ) -> Result<Side> {
        let (program, processors) = match self {
            Self::Subjects(subjects) => return side(&subjects[usize::from(place == 1)], options, outputs),
            Self::Builds { base, candidate, processors } => {
                (if place == 1 { candidate } else { base }, processors)
            }
        };
        let class = Class::Own {
            names: processors.iter().map(|name| (*name).to_owned()).collect(),
            preprocessor: setup.preprocessor.clone(),
            device: setup.device.clone(),
        };
        let load = Load {
            class,
            form: Form::Natural,
            parameters: Map::new(),
            threads: options.threads,
            memory: options.limits.memory,
        };
        let launch = Launch { program: program.clone(), overlay: None, keep_memory: options.keep_memory };
        Ok(Side::new(launch, load, options.limits, options.interrupt.clone(), outputs))
    }

    /// The error for a base build that cannot be started as a worker; `None` for any other side.
    pub(super) fn refused(&self, place: usize, error: &anyhow::Error) -> Option<anyhow::Error> {
        match self {
            Self::Builds { base, .. } if place != 1 => Some(input_error!(
                "--base-binary {base}: {error:#}; give a patchmark built from the base commit that has `compare`"
            )),
            _ => None,
        }
    }

    /// A sentence if the outputs differ although they must not.
    pub(super) fn differ(
        &self,
        base: &BTreeMap<String, Tensor>,
        candidate: &BTreeMap<String, Tensor>,
    ) -> Result<Option<String>> {
        let must = match self {
            Self::Subjects(subjects) => subjects.iter().all(Subject::must_equal_reference),
            Self::Builds { .. } => true,
        };
        if !must || all_equal(base, candidate)? {
            return Ok(None);
        }
        Ok(Some(match self {
            Self::Subjects([base, candidate]) => {
                format!("{candidate} and {base} differ in their outputs; `patchmark validate` says where")
            }
            Self::Builds { .. } => {
                "the two builds' outputs differ; `patchmark parity` of each says which is right".to_owned()
            }
        }))
    }

    /// Why both sides are the same; none if they may differ.
    ///
    /// # Errors
    /// An input error for a base build that cannot be read.
    pub fn same(&self) -> Result<Option<String>> {
        match self {
            Self::Subjects([base, candidate]) => {
                Ok(base.same(candidate).then(|| format!("base and candidate are both {candidate}")))
            }
            Self::Builds { base, candidate, .. } => {
                let same = base
                    .same(candidate)
                    .map_err(|error| input_error!("--base-binary {base} cannot be read: {error}"))?;
                Ok(same.then(|| format!("--base-binary {base} is this program, byte for byte")))
            }
        }
    }

    /// The name in messages of the side at a place.
    pub(super) fn name(&self, place: usize) -> String {
        match self {
            Self::Subjects(subjects) => subjects[usize::from(place == 1)].to_string(),
            Self::Builds { base, candidate, .. } => (if place == 1 { candidate } else { base }).to_string(),
        }
    }

    /// The error for a side that cannot be made or no longer answers: an input error, because the user has to fix it.
    pub(super) fn lost(&self, place: usize, answer: Answer) -> anyhow::Error {
        let what = match answer {
            Answer::Died(death) => format!("its worker {death}\n{}", death.output),
            Answer::Reply(Reply::Raised { message, traceback, .. }) => {
                format!("raised {message}\n{traceback}")
            }
            Answer::Reply(other) => format!("answered {other:?}"),
            Answer::Unavailable => "its worker ended too often".to_owned(),
        };
        let name = self.name(place);
        let more = match self {
            Self::Subjects(_) => format!("\n`patchmark validate {name}` says more"),
            Self::Builds { .. } => String::new(),
        };
        input_error!("{name} failed: {what}{more}")
    }
}
