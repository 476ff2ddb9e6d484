//! Releases of transformers compared with one reference (`releases.json`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{difference::ParityClass, outcome::Outcome, skipped::SkippedFile};

/// Bumped whenever a reader of the previous version would misread the document.
pub const RELEASES_VERSION: u32 = 3;

/// All releases, compared with the reference on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Releases {
    /// Always [`RELEASES_VERSION`] in what this build writes.
    pub schema_version: u32,
    /// The reference that the releases are compared with.
    pub reference: String,
    /// Name and version of torch, torchvision, Pillow and Python, which all releases share.
    pub environment: Vec<(String, String)>,
    /// torch's vector level.
    pub cpu_capability: String,
    /// The commit of this build.
    pub commit: String,
    /// Whether it was interrupted, so that later releases are missing.
    #[serde(default)]
    pub partial: bool,
    /// Files that could not be decoded and were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_files: Vec<SkippedFile>,
    /// One entry per release, oldest first.
    pub releases: Vec<Release>,
}

/// One release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    /// The version, such as `4.57.6`.
    pub version: String,
    /// The torchvision class.
    pub torchvision: Backend,
    /// The Pillow class.
    pub pil: Backend,
}

/// One class of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Backend {
    /// Module and class.
    pub class: String,
    /// Parity over the corpus; none if no outputs could be compared.
    pub parity: Option<ReleaseParity>,
    /// Checks other than parity that failed.
    pub failed: Vec<FailedCheck>,
    /// Answers to single calls.
    pub probes: Vec<Probe>,
}

impl Backend {
    /// Whether every value of every call has the reference's bits.
    pub fn exact(&self) -> bool {
        self.parity
            .as_ref()
            .is_some_and(|parity| parity.class == ParityClass::Exact && parity.incomparable == 0)
    }
}

/// Parity of one class with the reference, over the corpus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseParity {
    /// The loosest class of any call.
    pub class: ParityClass,
    /// Calls compared.
    pub calls: usize,
    /// Calls whose values differ in any bit.
    pub differing: usize,
    /// Calls whose values could not be compared, because another check failed on them.
    pub incomparable: usize,
    /// The largest difference in uint8 levels.
    pub worst_levels: f64,
    /// Number of calls per class.
    pub by_class: BTreeMap<ParityClass, usize>,
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedCheck {
    /// The check's name.
    pub check: String,
    /// Its first finding.
    pub finding: String,
}

/// A question that a release answers with a single call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// What the call was given.
    pub given: String,
    /// The answer.
    pub answer: ProbeAnswer,
    /// Whether the reference gives the same answer: the same bits, or an exception of the same type.
    pub agrees: bool,
}

/// A release's answer to a call, relative to the reference's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ProbeAnswer {
    /// It returns the reference's bits.
    AsReference,
    /// It returns other values.
    Differs {
        /// How different they are.
        class: ParityClass,
        /// The largest difference in uint8 levels.
        levels: f64,
    },
    /// It returns something that breaks the contract.
    Broken {
        /// The first violation, as a sentence.
        finding: String,
    },
    /// It returns, but the reference raises.
    Returns,
    /// It raises.
    Raises {
        /// The exception's type.
        exception: String,
        /// The type of the reference's exception; none if the reference returns.
        reference: Option<String>,
    },
    /// It returns something without values to compare.
    NotComparable,
    /// Its worker ended.
    Ended,
}

impl ProbeAnswer {
    /// Whether it is the reference's answer.
    pub fn agrees(&self) -> bool {
        match self {
            Self::AsReference => true,
            Self::Raises { exception, reference } => reference.as_ref() == Some(exception),
            _ => false,
        }
    }
}

impl Releases {
    /// How the command that made them ended: done unless it was interrupted, as it only reports what it finds.
    pub fn outcome(&self) -> Outcome {
        if self.partial { Outcome::Interrupted } else { Outcome::Done }
    }

    /// The two classes by name, each with its results by version.
    pub fn classes(&self) -> [(&'static str, Vec<(&str, &Backend)>); 2] {
        let pick = |backend: fn(&Release) -> &Backend| {
            self.releases.iter().map(|release| (release.version.as_str(), backend(release))).collect()
        };
        [("torchvision", pick(|release| &release.torchvision)), ("Pillow", pick(|release| &release.pil))]
    }
}

/// What any of the releases was given, in order of first appearance.
pub fn given<'a>(backends: &[(&str, &'a Backend)]) -> Vec<&'a str> {
    distinct(backends.iter().flat_map(|(_, backend)| &backend.probes).map(|probe| probe.given.as_str()))
}

/// Checks that fail in any of the releases, in order of first appearance.
pub fn failing<'a>(backends: &[(&str, &'a Backend)]) -> Vec<&'a str> {
    distinct(backends.iter().flat_map(|(_, backend)| &backend.failed).map(|failed| failed.check.as_str()))
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}
