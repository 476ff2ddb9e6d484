//! What one cell of the matrix says.

use patchmark_results::{
    ParityClass,
    releases::{Backend, FailedCheck, Probe, ProbeAnswer},
    text::{clean, short},
};

use crate::{charts::theme::Colour, words::releases as words};

/// How far an answer is from the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// The same as the reference's.
    Same,
    /// Different values, by at most one uint8 level.
    Near,
    /// Different values, a different shape, or only one of the two raises.
    Far,
    /// Both raise, but different exceptions.
    Other,
    /// Not known.
    Unknown,
}

impl Tone {
    /// What the legend and the CSV call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same as the reference",
            Self::Near => "within one level",
            Self::Far => "different result",
            Self::Other => "different exception",
            Self::Unknown => "not compared",
        }
    }

    /// The colour and the opacity of its cell, and the colour of the word on it.
    pub fn colours(self) -> (Colour, f64, Colour) {
        match self {
            Self::Same => (Colour::Grid, 0.45, Colour::Good),
            Self::Near => (Colour::Calm, 0.2, Colour::Ink),
            Self::Far => (Colour::Bad, 1.0, Colour::Paper),
            Self::Other => (Colour::Unsure, 0.3, Colour::Ink),
            Self::Unknown => (Colour::Paper, 0.0, Colour::Muted),
        }
    }
}

/// One cell: a word that can be read without its colour, and the whole answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub tone: Tone,
    pub word: String,
    pub text: String,
    /// The largest difference in uint8 levels: 0 if there is none, infinite if it has no size.
    pub levels: f64,
}

impl Cell {
    fn new(tone: Tone, word: &str, text: impl Into<String>, levels: f64) -> Self {
        Self { tone, word: word.to_owned(), text: text.into(), levels }
    }

    fn unknown(text: &str) -> Self {
        Self::new(Tone::Unknown, "–", text, f64::INFINITY)
    }

    /// Values of a class.
    fn values(class: ParityClass, levels: f64, equal: &str, text: String) -> Self {
        match class {
            ParityClass::Exact => Self::new(Tone::Same, equal, text, 0.0),
            ParityClass::LastPlace => Self::new(Tone::Near, "≈", text, levels),
            ParityClass::OneLevel => Self::new(Tone::Near, &short(levels), text, levels),
            // What a tolerance lets pass may be any number of levels.
            ParityClass::Within | ParityClass::Different => {
                Self::new(Tone::Far, &short(levels), text, levels)
            }
        }
    }

    /// Parity over the corpus.
    pub fn parity(backend: &Backend) -> Self {
        match &backend.parity {
            None => Self::unknown("not compared"),
            // Calls that failed another check have no values to compare, which makes the difference no smaller.
            Some(parity) => Self::values(parity.class, parity.worst_levels, "exact", words::parity(parity)),
        }
    }

    /// The answer to a question; none if it was not asked.
    pub fn probe(probe: Option<&Probe>) -> Self {
        let Some(probe) = probe else { return Self::unknown("not asked") };
        let text = clean(&words::answer(&probe.answer));
        match &probe.answer {
            ProbeAnswer::AsReference => Self::new(Tone::Same, "=", text, 0.0),
            ProbeAnswer::Differs { class, levels } => Self::values(*class, *levels, "=", text),
            ProbeAnswer::Broken { .. } => Self::new(Tone::Far, "broken", text, f64::INFINITY),
            ProbeAnswer::Returns => Self::new(Tone::Far, "returns", text, f64::INFINITY),
            ProbeAnswer::Raises { reference, .. } => match reference {
                _ if probe.agrees => Self::new(Tone::Same, "raises", text + ", same as the reference", 0.0),
                Some(other) => {
                    let text = format!("{text}; the reference raises {}", clean(other));
                    Self::new(Tone::Other, "raises", text, f64::INFINITY)
                }
                None => Self::new(Tone::Far, "raises", text + "; the reference returns", f64::INFINITY),
            },
            ProbeAnswer::NotComparable => Self::unknown(&text),
            ProbeAnswer::Ended => Self::new(Tone::Far, "ended", text, f64::INFINITY),
        }
    }

    /// The first finding of a failed check; none if it did not fail.
    pub fn check(failed: Option<&FailedCheck>) -> Self {
        match failed {
            None => Self::new(Tone::Same, "ok", "no finding", 0.0),
            Some(failed) => {
                let finding = clean(&failed.finding);
                Self::new(Tone::Far, "fails", format!("fails: {finding}"), f64::INFINITY)
            }
        }
    }
}
