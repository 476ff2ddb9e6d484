//! The classes of parity that `--allow` takes.

use clap::ValueEnum;
use patchmark_results::ParityClass;

/// A class of parity that can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Allow {
    /// Every bit is equal
    Exact,
    /// Floating rounding only
    LastPlace,
    /// At most one uint8 level before normalising
    OneLevel,
}

impl From<Allow> for ParityClass {
    fn from(allow: Allow) -> Self {
        match allow {
            Allow::Exact => Self::Exact,
            Allow::LastPlace => Self::LastPlace,
            Allow::OneLevel => Self::OneLevel,
        }
    }
}
