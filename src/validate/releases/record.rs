//! The one definition of a saved matrix (`releases.json`).

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{report::format::number, validate::Class};

/// The file of a matrix, which marks its folder.
pub const FILE: &str = "releases.json";

/// Bumped whenever a reader of the version before would misread it.
pub const SCHEMA_VERSION: u32 = 2;

/// All releases on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Matrix {
    /// Always [`SCHEMA_VERSION`] in what this build writes.
    pub schema_version: u32,
    /// What the releases are held against.
    pub against: String,
    /// torch, torchvision, Pillow and Python, which all releases share: name and version.
    pub environment: Vec<(String, String)>,
    /// torch's vector level.
    pub cpu_capability: String,
    /// The commit of this build.
    pub commit: String,
    /// One a release, oldest first.
    pub releases: Vec<Release>,
}

/// One release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    /// Such as `4.57.6`.
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
    /// Parity over the corpus; none where no two results could be compared.
    pub parity: Option<CorpusParity>,
    /// Checks other than parity that failed.
    pub failed: Vec<FailedCheck>,
    /// Answers to single questions.
    pub probes: Vec<Probe>,
}

impl Backend {
    /// Whether every value of every call has the reference's bits.
    pub fn exact(&self) -> bool {
        self.parity.as_ref().is_some_and(|parity| parity.class == Class::Exact && parity.incomparable == 0)
    }
}

/// Parity of one class with the reference, over the corpus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CorpusParity {
    /// The loosest class of any call.
    pub class: Class,
    /// Calls compared.
    pub calls: usize,
    /// Calls whose values differ in any bit.
    pub differing: usize,
    /// Calls whose values could not be compared, because another check failed on them.
    pub incomparable: usize,
    /// The largest difference in uint8 levels.
    pub worst_levels: f64,
    /// Calls by class.
    pub by_class: BTreeMap<Class, usize>,
}

impl fmt::Display for CorpusParity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, calls, differing, worst_levels, .. } = self;
        match class {
            Class::Exact => write!(formatter, "exact in {calls} calls")?,
            class => write!(
                formatter,
                "{class} in {differing} of {calls} calls, {} uint8 levels at worst",
                number(*worst_levels)
            )?,
        }
        match self.incomparable {
            0 => Ok(()),
            count => write!(formatter, ", {count} not comparable"),
        }
    }
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedCheck {
    /// The check's name.
    pub check: String,
    /// What it found first.
    pub finding: String,
}

/// A question that a release answers by a single call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// What it was given.
    pub given: String,
    /// What it made of it.
    pub answer: Answer,
    /// Whether the reference makes the same of it: the same bits, or an exception of the same type.
    pub agrees: bool,
}

/// What a release makes of a call, in the reference's terms where both return.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Answer {
    /// It returns the reference's bits.
    AsReference,
    /// It returns other values.
    Differs {
        /// How different they are.
        class: Class,
        /// The largest difference in uint8 levels.
        levels: f64,
    },
    /// It returns something that breaks the contract.
    Broken {
        /// A sentence on the first thing broken.
        finding: String,
    },
    /// It returns where the reference raises.
    Returns,
    /// It raises.
    Raises {
        /// The exception's type.
        exception: String,
        /// The type of the reference's exception; none where the reference returns.
        reference: Option<String>,
    },
    /// It returns what holds no values to compare.
    NotComparable,
    /// Its worker ended.
    Ended,
}

impl Answer {
    /// Whether it is the reference's answer.
    pub fn agrees(&self) -> bool {
        match self {
            Self::AsReference => true,
            Self::Raises { exception, reference } => reference.as_ref() == Some(exception),
            _ => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsReference => formatter.write_str("as the reference"),
            Self::Differs { class, levels } => write!(formatter, "{class}, {} levels", number(*levels)),
            Self::Broken { finding } => formatter.write_str(finding),
            Self::Returns => formatter.write_str("returns, the reference raises"),
            Self::Raises { exception, .. } => write!(formatter, "raises {exception}"),
            Self::NotComparable => formatter.write_str("not comparable"),
            Self::Ended => formatter.write_str("its worker ended"),
        }
    }
}

impl Matrix {
    /// Each class of all releases under its name, by version.
    pub fn classes(&self) -> [(&'static str, Vec<(&str, &Backend)>); 2] {
        let pick = |backend: fn(&Release) -> &Backend| {
            self.releases.iter().map(|release| (release.version.as_str(), backend(release))).collect()
        };
        [("torchvision", pick(|release| &release.torchvision)), ("Pillow", pick(|release| &release.pil))]
    }
}

/// What any of the releases was given, in the order first met.
pub fn given<'a>(backends: &[(&str, &'a Backend)]) -> Vec<&'a str> {
    distinct(backends.iter().flat_map(|(_, backend)| &backend.probes).map(|probe| probe.given.as_str()))
}

/// Checks that fail in any of the releases, in the order first met.
pub fn failing<'a>(backends: &[(&str, &'a Backend)]) -> Vec<&'a str> {
    distinct(backends.iter().flat_map(|(_, backend)| &backend.failed).map(|failed| failed.check.as_str()))
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}
