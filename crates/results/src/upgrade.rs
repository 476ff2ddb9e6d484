//! Upgrades of documents from older versions to the one that this build reads.
//!
//! An upgrade adds what the older version did not save and changes no figure.

use serde_json::{Value, json};

use crate::kind::Kind;

/// The document as the current version would have saved it; none if that version can no longer be read.
pub(crate) fn upgrade(kind: Kind, version: u64, mut document: Value) -> Option<Value> {
    match (kind, version) {
        (Kind::Run, 1) => run_of_1(&mut document),
        (Kind::Compare | Kind::Gate, 1) => decision_of_1(&mut document),
        (Kind::Validation, 2) => validation_of_2(&mut document),
        // It had no row that is not slower; the rest is the same.
        (Kind::Validation, 3) => {}
        (Kind::Releases, 2) => rename(&mut document, &[("against", "reference")]),
        _ => return None,
    }
    document["schema_version"] = kind.version().into();
    Some(document)
}

/// Version 1 saved an estimate of zeros if nothing was measured, and did not save which processors must equal the
/// reference: all but `hf-pil`.
fn run_of_1(run: &mut Value) {
    for batch in elements(run, "batches") {
        for samples in ["decode_ms", "tokenize_ms", "memory_limit_ms"] {
            without_zeros(batch, samples);
        }
        for forward in elements(batch, "forwards") {
            without_zeros(forward, "forward_ms");
            without_zeros(forward, "launch_ms");
        }
        for row in elements(batch, "processors") {
            without_zeros(row, "preprocess_ms");
            let must_equal = row["name"] != "hf-pil";
            if let Some(row) = row.as_object_mut() {
                row.insert("must_equal".to_owned(), must_equal.into());
            }
        }
    }
}

/// Version 1 called a decision improved if some of its rows were improved and the others equivalent, and left rows
/// inconclusive that are now called not slower. The rows keep their verdicts, which decided the exit code.
fn decision_of_1(decision: &mut Value) {
    let mixed = elements(decision, "rows")
        .any(|row| row["counts"] == true && row["finding"] != "new" && row["verdict"] == "equivalent");
    if mixed && decision["verdict"] == "improved" {
        decision["verdict"] = "not_slower".into();
    }
}

/// Anything that is not the object of `field` is left to the types to refuse.
fn without_zeros(of: &mut Value, field: &str) {
    if let Some(estimate) = of.get_mut(field).and_then(|samples| samples.get_mut("estimate"))
        && ["median", "low", "high"].iter().all(|field| estimate[field].as_f64() == Some(0.0))
    {
        *estimate = Value::Null;
    }
}

/// Version 2 judged times with an error rate of 5% at six looks, and did not save that rule.
fn validation_of_2(document: &mut Value) {
    let speed = document["speed"].as_array().map_or(&[][..], Vec::as_slice);
    let efforts = speed.iter().filter_map(|row| row["judgement"]["min_effect"].as_f64());
    let least = efforts.fold(f64::INFINITY, f64::min);
    let rule = (!speed.is_empty()).then(|| {
        json!({
            // The rule's minimum effect, unless the A/A floor was larger at every batch size.
            "min_effect": if least.is_finite() { least } else { 0.1 },
            "error_rate": 0.05,
            "rows": speed.len(),
            "looks": 6,
        })
    });
    let exact = json!({ "allow": "exact", "atol": null, "rtol": null });
    let tolerance = if document["relaxed"].is_null() { exact } else { Value::Null };
    if let Some(validation) = document.as_object_mut() {
        validation.insert("rule".to_owned(), rule.unwrap_or_default());
        validation.insert("tolerance".to_owned(), tolerance);
    }
    rename(
        document,
        &[
            ("against", "reference"),
            ("against_class", "reference_class"),
            ("against_versions", "reference_versions"),
        ],
    );
}

/// Gives fields their current names.
fn rename(document: &mut Value, names: &[(&str, &str)]) {
    let Some(fields) = document.as_object_mut() else { return };
    for (older, name) in names {
        if let Some(value) = fields.remove(*older) {
            fields.insert((*name).to_owned(), value);
        }
    }
}

/// The elements of an array in a field; empty if there is no array, which the types then refuse.
fn elements<'a>(value: &'a mut Value, field: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten()
}
