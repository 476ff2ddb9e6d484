//! The checks of a validation, and what they found.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckVerdict {
    /// There is no finding.
    Passed,
    /// There is at least one finding.
    Failed,
    /// The check does not apply to this subject.
    NotApplicable,
    /// It could not be decided, for example because the subject's worker ended first.
    NotRun,
}

/// One finding of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckFinding {
    /// What is wrong, and with which image.
    pub detail: String,
    /// The traceback or the end of the worker's output; empty if there is none.
    pub trace: String,
    /// Python that shows it, for anyone to run; empty if the replay command is the shortest way.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckRow {
    /// The check's name.
    pub name: String,
    /// What it guards.
    pub guards: String,
    /// How it ended.
    pub verdict: CheckVerdict,
    /// Why it was not decided or does not apply.
    pub reason: String,
    /// How many findings there were.
    pub count: usize,
    /// The first of them.
    pub findings: Vec<CheckFinding>,
    /// The folder of the evidence within the result's folder, if there is one.
    pub evidence: Option<PathBuf>,
    /// Width and height in pixels of the smallest image that still fails, if one was found.
    pub smallest: Option<(usize, usize)>,
    /// The command that reproduces it.
    pub replay: String,
}

impl CheckRow {
    /// A check that has not been run.
    pub fn not_run(name: impl Into<String>, guards: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            guards: guards.into(),
            verdict: CheckVerdict::NotRun,
            reason: String::new(),
            count: 0,
            findings: Vec::new(),
            evidence: None,
            smallest: None,
            replay: String::new(),
        }
    }
}
