//! The kinds of saved results: the file of each, its version, and the command that makes it.

use std::path::Path;

use crate::{
    decision::DECISION_VERSION, parity::PARITY_VERSION, releases::RELEASES_VERSION, run::RUN_VERSION,
    validation::VALIDATION_VERSION,
};

/// A kind of saved result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A run of `bench`.
    Run,
    /// A decision of `compare`.
    Compare,
    /// A decision of `gate`.
    Gate,
    /// A result of `parity`.
    Parity,
    /// A validation of one subject.
    Validation,
    /// Releases of transformers compared with one reference.
    Releases,
}

impl Kind {
    /// Every kind. A folder with files of several kinds counts as the first of them.
    pub const ALL: [Self; 6] =
        [Self::Run, Self::Compare, Self::Gate, Self::Parity, Self::Validation, Self::Releases];

    /// The file that holds a result of this kind and marks its folder as patchmark's own.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Run => "run.json",
            Self::Compare => "compare.json",
            Self::Gate => "gate.json",
            Self::Parity => "parity.json",
            Self::Validation => "validate.json",
            Self::Releases => "releases.json",
        }
    }

    /// The command that makes one, without the program's name.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Run => "bench",
            Self::Compare => "compare",
            Self::Gate => "gate",
            Self::Parity => "parity",
            Self::Validation => "validate",
            Self::Releases => "validate --all-releases",
        }
    }

    /// The version that this build writes.
    pub const fn version(self) -> u32 {
        match self {
            Self::Run => RUN_VERSION,
            Self::Compare | Self::Gate => DECISION_VERSION,
            Self::Parity => PARITY_VERSION,
            Self::Validation => VALIDATION_VERSION,
            Self::Releases => RELEASES_VERSION,
        }
    }

    /// The kind of the result in a folder; none if it holds no result.
    pub fn of_folder(folder: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| folder.join(kind.file()).is_file())
    }
}
