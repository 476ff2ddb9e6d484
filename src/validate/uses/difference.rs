//! What differs between the results of one use.

use anyhow::Result;
use patchmark_results::{Difference, Tolerance, text::first_line};
use tch::{Kind, Tensor};

use crate::{
    parity::{self, bits::equal},
    worker::{Observation, Returned, protocol::Entry},
};

/// What is wrong with one value of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    /// It, or the whole result, is not there.
    Raised,
    /// The result is not a mapping, or has other keys.
    Keys,
    /// It is of another Python type, on another device, or part of an autograd graph.
    Kind,
    /// It has another dtype.
    Dtype,
    /// It has another shape.
    Shape,
    /// It is NaN or infinite at other places.
    Finite,
    /// It has other content.
    Content,
}

/// One fault of a result.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The key; empty for the whole result.
    name: String,
    aspect: Aspect,
    /// How far values are apart, if that is the fault.
    values: Option<Difference>,
    /// A sentence about it.
    pub sentence: String,
    /// The candidate's traceback, if it raised.
    pub trace: String,
}

impl Fault {
    fn new(name: &str, aspect: Aspect, sentence: String) -> Self {
        Self { name: name.into(), aspect, values: None, sentence, trace: String::new() }
    }

    /// The check that guards what is wrong, if the use itself is plain.
    pub(super) fn check(&self) -> &'static str {
        match (self.aspect, self.name.as_str()) {
            (Aspect::Raised, _) => "accepts",
            (Aspect::Keys, _) => "keys",
            (Aspect::Kind, _) => "tensor-types",
            (Aspect::Dtype, _) => "dtypes",
            (Aspect::Shape, _) => "shapes",
            (Aspect::Finite, _) => "finite",
            (Aspect::Content, "pixel_attention_mask") => "mask",
            (Aspect::Content, "spatial_shapes") => "spatial-shapes",
            (Aspect::Content, _) => "parity",
        }
    }

    /// Whether one of the faults that plain calls have says the same.
    fn is_among(&self, usual: &[Self]) -> bool {
        usual.iter().any(|known| {
            known.name == self.name
                && known.aspect == self.aspect
                && match (&known.values, &self.values) {
                    (Some(known), Some(found)) => {
                        found.class() <= known.class() && found.worst <= 2.0 * known.worst
                    }
                    (None, Some(_)) => false,
                    _ => true,
                }
        })
    }
}

/// What differs; `usual` are the faults that plain calls have, which other checks report.
///
/// # Errors
/// If tensors cannot be compared.
pub(super) fn differences(
    reference: &Observation,
    candidate: &Observation,
    usual: &[Fault],
    tolerance: &Tolerance,
) -> Result<Vec<Fault>> {
    let mut faults = match (reference, candidate) {
        // Where the reference fails without having refused the use, whatever the candidate does is accepted.
        (Observation::Raised { message, .. }, Observation::Returned(_)) if is_refusal(message) => {
            let sentence = format!("returns a result where the reference raises {}", first_line(message));
            vec![Fault::new("", Aspect::Raised, sentence)]
        }
        (Observation::Returned(_), Observation::Raised { message, traceback }) => {
            let sentence = format!("raises {} where the reference returns a result", first_line(message));
            let fault = Fault::new("", Aspect::Raised, sentence);
            vec![Fault { trace: traceback.clone(), ..fault }]
        }
        (Observation::Returned(reference), Observation::Returned(candidate)) => {
            results(reference, candidate, tolerance)?
        }
        _ => Vec::new(),
    };
    faults.retain(|fault| !fault.is_among(usual));
    Ok(faults)
}

/// Whether an exception says that a call is wrong, as transformers' own checks do, and not that something broke.
fn is_refusal(message: &str) -> bool {
    ["ValueError", "TypeError"].iter().any(|kind| message.starts_with(kind))
}

fn results(reference: &Returned, candidate: &Returned, tolerance: &Tolerance) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    if reference.mapping != candidate.mapping {
        faults.push(Fault::new("", Aspect::Keys, "returns no mapping with keys".into()));
        return Ok(faults);
    }
    let named = |side: &Returned, name: &str| side.entries.iter().find(|entry| entry.name == name).cloned();
    for entry in candidate.entries.iter().filter(|entry| named(reference, &entry.name).is_none()) {
        faults.push(Fault::new(&entry.name, Aspect::Keys, format!("{} should not be there", entry.name)));
    }
    for wanted in &reference.entries {
        match named(candidate, &wanted.name) {
            None => {
                faults.push(Fault::new(&wanted.name, Aspect::Keys, format!("{} is missing", wanted.name)))
            }
            Some(entry) => faults.extend(value(wanted, &entry, reference, candidate, tolerance)?),
        }
    }
    Ok(faults)
}

fn value(
    wanted: &Entry,
    entry: &Entry,
    reference: &Returned,
    candidate: &Returned,
    tolerance: &Tolerance,
) -> Result<Option<Fault>> {
    let name = &entry.name;
    let fault = |aspect, sentence| Ok(Some(Fault::new(name, aspect, sentence)));
    let kind = |entry: &Entry| match entry.kind.as_str() {
        "tensor" => "torch.Tensor".to_owned(),
        other => other.to_owned(),
    };
    if entry.kind != wanted.kind {
        return fault(Aspect::Kind, format!("{name} is a {} instead of a {}", kind(entry), kind(wanted)));
    }
    if entry.device != wanted.device || entry.grad != wanted.grad {
        let (has, needs) = if entry.grad { ("", " no") } else { (" no", "") };
        let sentence = if entry.device == wanted.device {
            format!("{name} requires{has} gradient where the reference's requires{needs} gradient")
        } else {
            format!("{name} is on {} instead of {}", entry.device, wanted.device)
        };
        return fault(Aspect::Kind, sentence);
    }
    if entry.dtype != wanted.dtype {
        return fault(Aspect::Dtype, format!("{name} is {} instead of {}", entry.dtype, wanted.dtype));
    }
    if entry.shape != wanted.shape {
        return fault(
            Aspect::Shape,
            format!("{name} has shape {:?} instead of {:?}", entry.shape, wanted.shape),
        );
    }
    let (Some(expected), Some(found)) = (reference.tensors.get(name), candidate.tensors.get(name)) else {
        let same = entry.text == wanted.text;
        let short = |text: &str| text.chars().take(80).collect::<String>();
        let sentence = format!("{name} is {} instead of {}", short(&entry.text), short(&wanted.text));
        return if same { Ok(None) } else { fault(Aspect::Content, sentence) };
    };
    if equal(expected, found)? {
        return Ok(None);
    }
    if name != "pixel_values" {
        return fault(Aspect::Content, format!("{name} has other values"));
    }
    // Which values are NaN is not a question of how far apart they are.
    let infinite = |tensor: &Tensor| Ok::<_, anyhow::Error>(tensor.f_isfinite()?.f_logical_not()?);
    if !infinite(expected)?.f_equal(&infinite(found)?)? {
        return fault(Aspect::Finite, format!("{name} is NaN or infinite at other places"));
    }
    let (shape, all) = match expected.size().as_slice() {
        &[images, patches, values] => ([images, patches, values], vec![patches; usize::try_from(images)?]),
        _ => ([1, 1, -1], vec![1]),
    };
    let shaped = |tensor: &Tensor| tensor.f_to_kind(Kind::Float)?.f_reshape(shape);
    let measured = parity::measure(&shaped(expected)?, &shaped(found)?, &all, tolerance)?;
    if tolerance.accept(&measured) {
        return Ok(None);
    }
    let fault = Fault::new(name, Aspect::Content, format!("{name}: {}", measured.describe()));
    Ok(Some(Fault { values: Some(measured), ..fault }))
}
