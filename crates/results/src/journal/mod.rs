//! The journal of a measurement under way: what was measured is appended to a file beside the result's folder as it is
//! measured, so that even a process that is killed loses only the sample that it was taking.
//!
//! A journal is JSON lines: a [`Header`], then [`Entry`]s. It is deleted once the result is saved; one that is left
//! belongs to a process that ended early, and `patchmark report --recover` makes a partial result of it.

mod file;
mod reader;
mod samples;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{decision::Decision, pairs::Round, rows::ProcessorRow, run::Run};

pub(crate) use file::is_journal;
pub use file::{Journal, folder_of, journals_of};
pub use reader::{Contents, read};
pub use samples::{BatchSamples, FlowSamples, ForwardSamples, ProcessorSamples};

/// Bumped whenever a reader of the previous version would misread a journal.
pub const JOURNAL_VERSION: u32 = 1;

/// The first line: everything that was known before the first sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Always [`JOURNAL_VERSION`] in what this build writes.
    pub journal_version: u32,
    /// What is measured.
    pub measurement: Measurement,
}

/// What a journal is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Measurement {
    /// One workload of a bench.
    Bench {
        /// The runs without their batches, each with the folder below `--out` that it goes to, which is empty for
        /// `--out` itself.
        runs: Vec<(PathBuf, Run)>,
        /// What is timed.
        subjects: Subjects,
    },
    /// A comparison.
    Compare {
        /// The decision without samples: its rows have names, and whatever is known to be wrong with them.
        decision: Box<Decision>,
    },
}

/// What a bench times at every batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subjects {
    /// The processors, in the order of the table.
    pub processors: Vec<ProcessorSubject>,
    /// The forwards of all runs.
    pub forwards: Vec<ForwardSubject>,
    /// Whether there is a tokenizer.
    pub tokenizes: bool,
    /// The flows from files, in the order of the table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowSubject>,
}

/// A processor of a bench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessorSubject {
    /// Its name in the ladder.
    pub name: String,
    /// What it is fed.
    pub feed: String,
    /// Whether it must equal the reference.
    pub must_equal: bool,
    /// Whether it is the reference.
    pub is_reference: bool,
}

/// A forward of a bench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForwardSubject {
    /// `native`, `native-graph` or `hf`.
    pub name: String,
    /// The index of the run that its times go into.
    pub run: usize,
}

/// A flow from files of a bench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowSubject {
    /// Its name.
    pub name: String,
    /// Threads that it may use.
    pub threads: usize,
}

/// One line after the header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// What a step of a bench measured.
    Samples(BatchSamples),
    /// A row of a bench that was measured after its rounds.
    Row {
        /// The index of the run.
        run: usize,
        /// Images in the batch.
        batch_size: usize,
        /// The row.
        row: Box<ProcessorRow>,
    },
    /// A round of a comparison.
    Round {
        /// The index of the row.
        row: usize,
        /// Its times.
        times: Round,
    },
    /// Seconds since the measurement began, after each round.
    ElapsedS(f64),
    /// A sentence for the notes of the run at this index, or of all.
    Note(Option<usize>, String),
}
