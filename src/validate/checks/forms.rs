//! The forms in which users of transformers pass images.

use anyhow::Result;

use crate::{
    validate::{calls::call, exam::Exam},
    worker::protocol::Form,
};

pub(super) fn single_image(exam: &mut Exam<'_>) -> Result<Option<String>> {
    for (form, named) in [
        (Form::PilSingle, "a PIL image"),
        (Form::ChwSingle, "a CHW tensor"),
        (Form::HwcSingle, "an HWC array"),
    ] {
        in_form(exam, "single-image", form, named, &[(64, 48)])?;
    }
    Ok(None)
}

pub(super) fn chw(exam: &mut Exam<'_>) -> Result<Option<String>> {
    for (form, named) in [
        (Form::Chw, "a list of CHW tensors"),
        (Form::ChwView, "a list of CHW tensors that are views of HWC memory"),
    ] {
        in_form(exam, "chw-tensors", form, named, &[(64, 48), (100, 40), (64, 48)])?;
    }
    Ok(None)
}

pub(super) fn hwc(exam: &mut Exam<'_>) -> Result<Option<String>> {
    in_form(exam, "hwc-arrays", Form::Hwc, "a list of HWC arrays", &[(64, 48), (100, 40), (64, 48)])?;
    Ok(None)
}

pub(super) fn stacked(exam: &mut Exam<'_>) -> Result<Option<String>> {
    in_form(
        exam,
        "stacked-tensor",
        Form::Stacked,
        "one tensor [B, 3, H, W]",
        &[(64, 48), (64, 48), (64, 48)],
    )?;
    Ok(None)
}

fn in_form(
    exam: &mut Exam<'_>,
    check: &'static str,
    form: Form,
    named: &str,
    sizes: &[(usize, usize)],
) -> Result<()> {
    let mut images = Vec::new();
    for (index, &(width, height)) in sizes.iter().enumerate() {
        images.push(exam.noise(20 + index as u64, width, height)?);
    }
    let mut call = call(images);
    call.form = form;
    let (reference, candidate) = exam.call_both(&call)?;
    if let Some(why) = exam.disagree(&reference, &candidate)? {
        exam.fail(check, format!("given {named}: {why}"), "");
    }
    Ok(())
}
