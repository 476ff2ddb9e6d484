//! Single questions to a release: what it makes of one call.

use anyhow::Result;
use serde_json::{Value, json};

use super::record::{Answer, Probe};
use crate::{
    validate::{
        Class, Observation, Rules, Session, Settings,
        exam::{call, first_line, limit_of},
        inspect::inspect,
    },
    worker::protocol::Call,
    workload::{CorpusSpec, Pattern},
};

/// A question, as a call.
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

/// Asks the candidate and the reference.
///
/// # Errors
/// If the reference fails, or on Ctrl-C.
pub(super) fn ask(session: &mut Session, settings: &Settings, question: &Question) -> Result<Probe> {
    let (width, height) = question.size;
    let spec = CorpusSpec { name: "probe".into(), width, height, pattern: Pattern::Noise(77) };
    let mut image = session.image(&spec.render())?;
    image.mode = question.mode.into();
    let keywords = question.keywords.as_object().cloned().unwrap_or_default();
    let call = Call { keywords, unfiltered: true, ..call(vec![image]) };
    let (right, given) = session.both(&call)?;
    let answer = answer(&right, &given, limit_of(&call), &settings.rules)?;
    Ok(Probe { given: question.given.into(), agrees: answer.agrees(), answer })
}

fn answer(right: &Observation, given: &Observation, limit: i64, rules: &Rules) -> Result<Answer> {
    Ok(match (right, given) {
        (right, Observation::Raised { message, .. }) => {
            let reference = match right {
                Observation::Raised { message, .. } => Some(exception(message)),
                _ => None,
            };
            Answer::Raises { exception: exception(message), reference }
        }
        (Observation::Returned(right), Observation::Returned(given)) => {
            let found = inspect(right, given, limit, rules)?;
            match (found.broken.first(), found.parity) {
                (Some((_, sentence)), _) => Answer::Broken { finding: sentence.clone() },
                (None, Some(measured)) => match measured.class() {
                    Class::Exact => Answer::AsReference,
                    class => Answer::Differs { class, levels: measured.worst_levels },
                },
                (None, None) => Answer::NotComparable,
            }
        }
        (Observation::Raised { .. }, Observation::Returned(_)) => Answer::Returns,
        _ => Answer::Ended,
    })
}

/// The type's name, without its module and the message.
fn exception(message: &str) -> String {
    let kind = message.split(':').next().unwrap_or_default();
    first_line(kind.rsplit('.').next().unwrap_or(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::Returned;

    fn raised(message: &str) -> Observation {
        Observation::Raised { message: message.into(), traceback: String::new() }
    }

    #[test]
    fn exceptions_agree_by_their_type_alone() {
        let returned = || Observation::Returned(Returned::default());
        let rules = Rules::default();
        let ask = |right: &Observation, given: &Observation| answer(right, given, 256, &rules).unwrap();
        let (value, other) = (raised("ValueError: one"), raised("builtins.ValueError: two"));
        let found = ask(&value, &other);
        assert!(found.agrees() && found.to_string() == "raises ValueError", "{found}");
        assert!(!ask(&raised("RuntimeError: one"), &value).agrees());
        let found = ask(&returned(), &value);
        assert_eq!(found, Answer::Raises { exception: "ValueError".into(), reference: None });
        assert!(!found.agrees());
        assert_eq!(ask(&value, &returned()), Answer::Returns);
        assert_eq!(ask(&value, &Observation::Unavailable), Answer::Ended);
    }
}
