//! Probes of a release: what it does with one unusual call.

use anyhow::Result;
use patchmark_results::{
    ParityClass, Tolerance,
    releases::{Probe, ProbeAnswer},
    text::first_line,
};
use serde_json::{Value, json};

use crate::{
    validate::{
        calls::{call, limit_of},
        inspect::inspect,
        session::Session,
        settings::Settings,
    },
    worker::{Observation, protocol::Call},
    workload::{CorpusSpec, Pattern},
};

/// One probe, as a call.
pub(super) struct Question {
    pub given: &'static str,
    size: (usize, usize),
    mode: &'static str,
    keywords: Value,
}

pub(super) fn questions() -> Vec<Question> {
    let question = |given, size, mode, keywords| Question { given, size, mode, keywords };
    vec![
        question("an unknown keyword", (64, 48), "RGB", json!({ "no_such_keyword": 1 })),
        question("interpolation=2", (64, 48), "RGB", json!({ "interpolation": 2 })),
        question("1×1 px", (1, 1), "RGB", json!({})),
        question("3×700 px", (3, 700), "RGB", json!({})),
        question("700×3 px", (700, 3), "RGB", json!({})),
        question("grey", (64, 48), "L", json!({})),
        question("grey, do_convert_rgb", (64, 48), "L", json!({ "do_convert_rgb": true })),
        question("palette", (64, 48), "P", json!({})),
        question("RGBA", (64, 48), "RGBA", json!({})),
        question("RGBA, do_convert_rgb", (64, 48), "RGBA", json!({ "do_convert_rgb": true })),
        question("CMYK, do_convert_rgb", (64, 48), "CMYK", json!({ "do_convert_rgb": true })),
        question("16-bit grey", (64, 48), "I;16", json!({})),
    ]
}

/// Makes the call on candidate and reference and compares what they do.
///
/// # Errors
/// If the reference fails, or on Ctrl-C.
pub(super) fn ask(session: &mut Session, settings: &Settings, question: &Question) -> Result<Probe> {
    let (width, height) = question.size;
    let spec = CorpusSpec { name: "probe".into(), width, height, pattern: Pattern::Noise(77) };
    let mut image = session.image_of(&spec.name, question.size, || spec.render())?;
    image.mode = question.mode.into();
    let keywords = question.keywords.as_object().cloned().unwrap_or_default();
    let call = Call { keywords, unfiltered: true, ..call(vec![image]) };
    let (reference, candidate) = session.call_both(&call)?;
    let answer = answer(&reference, &candidate, limit_of(&call), &settings.tolerance)?;
    Ok(Probe { given: question.given.into(), agrees: answer.agrees(), answer })
}

fn answer(
    reference: &Observation,
    candidate: &Observation,
    limit: i64,
    tolerance: &Tolerance,
) -> Result<ProbeAnswer> {
    Ok(match (reference, candidate) {
        (reference, Observation::Raised { message, .. }) => {
            let reference = match reference {
                Observation::Raised { message, .. } => Some(exception(message)),
                _ => None,
            };
            ProbeAnswer::Raises { exception: exception(message), reference }
        }
        (Observation::Returned(reference), Observation::Returned(candidate)) => {
            let found = inspect(reference, candidate, limit, tolerance)?;
            match (found.broken.first(), found.parity) {
                (Some((_, sentence)), _) => ProbeAnswer::Broken { finding: sentence.clone() },
                (None, Some(measured)) => match measured.class() {
                    ParityClass::Exact => ProbeAnswer::AsReference,
                    class => ProbeAnswer::Differs { class, levels: measured.worst_levels },
                },
                (None, None) => ProbeAnswer::NotComparable,
            }
        }
        (Observation::Raised { .. }, Observation::Returned(_)) => ProbeAnswer::Returns,
        _ => ProbeAnswer::Ended,
    })
}

/// The name of the exception's type, without its module and the message.
fn exception(message: &str) -> String {
    let kind = message.split(':').next().unwrap_or_default();
    first_line(kind.rsplit('.').next().unwrap_or(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::Returned;

    fn raised(message: &str) -> Observation {
        Observation::Raised { message: message.into(), traceback: String::new() }
    }

    #[test]
    fn exceptions_agree_by_their_type_alone() {
        let returned = || Observation::Returned(Returned::default().into());
        let tolerance = Tolerance::default();
        let ask = |reference: &Observation, candidate: &Observation| {
            answer(reference, candidate, 256, &tolerance).unwrap()
        };
        let (value, other) = (raised("ValueError: one"), raised("builtins.ValueError: two"));
        let found = ask(&value, &other);
        assert!(found.agrees(), "{found:?}");
        assert!(
            matches!(&found, ProbeAnswer::Raises { exception, .. } if exception == "ValueError"),
            "{found:?}"
        );
        assert!(!ask(&raised("RuntimeError: one"), &value).agrees());
        let found = ask(&returned(), &value);
        assert_eq!(found, ProbeAnswer::Raises { exception: "ValueError".into(), reference: None });
        assert!(!found.agrees());
        assert_eq!(ask(&value, &returned()), ProbeAnswer::Returns);
        assert_eq!(ask(&value, &Observation::Unavailable), ProbeAnswer::Ended);
    }
}
