//! Releases of transformers in words.

use patchmark_results::{
    ParityClass, Releases,
    releases::{ProbeAnswer, ReleaseParity},
    text::{count, number, plural},
};

/// What they show, in one sentence.
pub fn headline(releases: &Releases) -> String {
    let all = releases.releases.len();
    let classes = releases.classes().map(|(title, backends)| {
        let exact = backends.iter().filter(|(_, backend)| backend.exact()).count();
        format!("{exact} of {all} with the {title} class")
    });
    let partial = if releases.partial { "Interrupted, so releases are missing. " } else { "" };
    format!("{partial}Releases with the reference's bits on RGB images: {}.", classes.join(", "))
}

/// Parity of one class with the reference.
pub fn parity(parity: &ReleaseParity) -> String {
    let ReleaseParity { class, calls, differing, worst_levels, .. } = parity;
    let calls = plural(*calls as u64, "call");
    let found = match class {
        ParityClass::Exact => format!("exact in {calls}"),
        class => {
            format!(
                "{class} in {} of {calls}, {} uint8 levels at worst",
                count(*differing as u64),
                number(*worst_levels)
            )
        }
    };
    match parity.incomparable {
        0 => found,
        some => format!("{found}, {some} not comparable"),
    }
}

/// A release's answer to a call.
pub fn answer(answer: &ProbeAnswer) -> String {
    match answer {
        ProbeAnswer::AsReference => "same as the reference".to_owned(),
        ProbeAnswer::Differs { class, levels } => format!("{class}, {} levels", number(*levels)),
        ProbeAnswer::Broken { finding } => finding.clone(),
        ProbeAnswer::Returns => "returns; the reference raises".to_owned(),
        ProbeAnswer::Raises { exception, .. } => format!("raises {exception}"),
        ProbeAnswer::NotComparable => "not comparable".to_owned(),
        ProbeAnswer::Ended => "its worker ended".to_owned(),
    }
}
