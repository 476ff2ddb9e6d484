//! A matrix for tests, and what is written of it.

use super::*;
use crate::validate::Class;

/// One class: its parity and, for each of two questions, what it answers; `failed` are its failed checks.
pub(crate) fn backend(parity: Option<(Class, f64)>, answers: [Answer; 2], failed: &[&str]) -> Backend {
    let parity = parity.map(|(class, worst_levels)| {
        let differing = if class == Class::Exact { 0 } else { 939 };
        CorpusParity {
            class,
            calls: 1051,
            differing,
            incomparable: 26,
            worst_levels,
            by_class: [(Class::Exact, 1051 - differing), (class, differing)].into(),
        }
    });
    let finding =
        |check: &&str| FailedCheck { check: (*check).into(), finding: format!("{check} | went wrong") };
    let probe =
        |(given, answer): (&str, Answer)| Probe { given: given.into(), agrees: answer.agrees(), answer };
    Backend {
        class: "transformers.siglip2.Siglip2ImageProcessor".into(),
        parity,
        failed: failed.iter().map(finding).collect(),
        probes: ["3×700 px", "grey"].into_iter().zip(answers).map(probe).collect(),
    }
}

/// A release that raises `exception` for a grey image, as the reference raises RuntimeError.
pub(crate) fn raises(exception: &str) -> Answer {
    Answer::Raises { exception: exception.into(), reference: Some("RuntimeError".into()) }
}

/// Two releases, of which the newer is the reference.
pub(crate) fn matrix() -> Matrix {
    let exact = Some((Class::Exact, 0.0));
    let one_level = Answer::Differs { class: Class::OneLevel, levels: 1.0 };
    let broken = Answer::Broken { finding: "image 0 has rows and columns swapped".into() };
    Matrix {
        schema_version: SCHEMA_VERSION,
        against: "hf (transformers 5.23.0)".into(),
        environment: vec![("python".into(), "3.11.7".into()), ("torch".into(), "2.11.0".into())],
        cpu_capability: "AVX512".into(),
        commit: "0123abc".into(),
        releases: vec![
            Release {
                version: "4.50.0".into(),
                torchvision: backend(exact, [Answer::AsReference, Answer::Returns], &["grey", "alpha"]),
                pil: backend(Some((Class::Different, 254.0)), [broken, raises("ValueError")], &["alpha"]),
            },
            Release {
                version: "5.23.0".into(),
                torchvision: backend(exact, [Answer::AsReference, raises("RuntimeError")], &[]),
                pil: backend(Some((Class::OneLevel, 1.0)), [one_level, raises("ValueError")], &[]),
            },
        ],
    }
}

#[test]
fn a_matrix_is_read_back_as_it_was_written() {
    let text = serde_json::to_string(&matrix()).unwrap();
    assert_eq!(serde_json::from_str::<Matrix>(&text).unwrap(), matrix());
    assert!(text.contains(r#""by_class":{"exact":112,"different":939}"#), "{text}");
    assert!(text.contains(r#"{"kind":"differs","class":"one-level","levels":1.0}"#), "{text}");
}

#[test]
fn the_markdown_has_a_table_of_answers_for_each_class() {
    let text = markdown(&matrix());
    for line in [
        "With python 3.11.7, torch 2.11.0; torch computes at AVX512; patchmark 0123abc.",
        "| 4.50.0 | `Siglip2ImageProcessor` | exact in 1051 calls, 26 not comparable | grey, alpha |",
        "| 4.50.0 | `Siglip2ImageProcessor` | different in 939 of 1051 calls, 254 uint8 levels at worst, 26 not comparable | alpha |",
        "| given | 4.50.0 | 5.23.0 |",
        "| grey | returns, the reference raises | raises RuntimeError |",
        "| 3×700 px | image 0 has rows and columns swapped | one-level, 1.00 levels |",
        "- 4.50.0, grey: grey \\| went wrong",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in {text}");
    }
    assert_eq!(text.matches("## The ").count(), 2);
}
