//! Parameters passed at the call.

use anyhow::Result;
use serde_json::json;

use crate::validate::{calls::call, exam::Exam};

pub(super) fn max_num_patches(exam: &mut Exam<'_>) -> Result<Option<String>> {
    given_at_call(exam, "max_num_patches", &[16, 100])
}

pub(super) fn patch_size(exam: &mut Exam<'_>) -> Result<Option<String>> {
    given_at_call(exam, "patch_size", &[14, 32])
}

fn given_at_call(exam: &mut Exam<'_>, name: &'static str, values: &[i64]) -> Result<Option<String>> {
    let check = if name == "patch_size" { "patch-size" } else { "max-num-patches" };
    exam.session.candidate.make()?;
    if !exam.session.candidate.accepts(name) {
        exam.fail(check, format!("the subject does not take {name} at the call"), "");
        return Ok(None);
    }
    for &value in values {
        let mut call = call(vec![exam.noise(1, 64, 48)?]);
        call.keywords.insert(name.into(), value.into());
        let (reference, candidate) = exam.call_both(&call)?;
        if let Some(why) = exam.disagree(&reference, &candidate)? {
            exam.fail(check, format!("with {name}={value}: {why}"), "");
        }
    }
    Ok(None)
}

pub(super) fn pass(exam: &mut Exam<'_>) -> Result<Option<String>> {
    let image = exam.noise(1, 64, 48)?;
    let plain = call(vec![image]);
    let before = exam.call_candidate(&plain)?;
    for (name, value) in [("max_num_patches", 16), ("patch_size", 14)] {
        let mut call = plain.clone();
        call.keywords.insert(name.into(), value.into());
        exam.call_candidate(&call)?;
        let after = exam.call_candidate(&plain)?;
        let shape = |side: &crate::worker::Returned| side.values().map(|values| values.size());
        if shape(&before) != shape(&after) {
            let detail = format!(
                "a call without arguments after one with {name}={value} gives pixel_values of shape {:?} instead of {:?}",
                shape(&after).unwrap_or_default(),
                shape(&before).unwrap_or_default()
            );
            exam.fail("arguments-pass", detail, "");
        }
    }
    Ok(None)
}

pub(super) fn device(exam: &mut Exam<'_>) -> Result<Option<String>> {
    exam.session.candidate.make()?;
    if !exam.session.candidate.accepts("device") {
        return Ok(Some("the class has no device argument".into()));
    }
    let mut call = call(vec![exam.noise(1, 64, 48)?]);
    call.keywords.insert("device".into(), json!("cpu"));
    let (reference, candidate) = exam.call_both(&call)?;
    if let Some(why) = exam.disagree(&reference, &candidate)? {
        exam.fail("device-argument", format!("with device=\"cpu\": {why}"), "");
    }
    Ok(None)
}
