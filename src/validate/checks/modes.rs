//! PIL images that are not RGB: the candidate must do what the reference does, and raise when it raises.

use anyhow::Result;
use serde_json::json;

use crate::{
    validate::{
        calls::{REFERENCE_NOT_PYTHON, call},
        exam::Exam,
    },
    worker::protocol::Form,
};

pub(super) fn grey(exam: &mut Exam<'_>) -> Result<Option<String>> {
    modes(exam, "grey", &["L", "1"])
}

pub(super) fn palette(exam: &mut Exam<'_>) -> Result<Option<String>> {
    modes(exam, "palette", &["P", "P-transparent"])
}

pub(super) fn alpha(exam: &mut Exam<'_>) -> Result<Option<String>> {
    modes(exam, "alpha", &["RGBA", "LA"])
}

pub(super) fn cmyk(exam: &mut Exam<'_>) -> Result<Option<String>> {
    modes(exam, "cmyk", &["CMYK"])
}

pub(super) fn sixteen_bit(exam: &mut Exam<'_>) -> Result<Option<String>> {
    modes(exam, "sixteen-bit", &["I;16"])
}

pub(super) fn exif(exam: &mut Exam<'_>) -> Result<Option<String>> {
    modes(exam, "exif", &["EXIF"])
}

/// Each mode as it is, and with the conversion to RGB that the reference offers.
fn modes(exam: &mut Exam<'_>, check: &'static str, modes: &[&str]) -> Result<Option<String>> {
    if !exam.session.reference_in_python() {
        return Ok(Some(REFERENCE_NOT_PYTHON.to_owned()));
    }
    exam.session.candidate.make()?;
    let converts = exam.session.candidate.accepts("do_convert_rgb");
    for mode in modes {
        for convert in [false, true] {
            if convert && !converts {
                continue;
            }
            let mut image = exam.noise(1, 64, 48)?;
            image.mode = (*mode).into();
            let mut call = call(vec![image]);
            // The modes are Pillow's, so these images are always passed as PIL images, whatever the class is otherwise
            // fed.
            call.form = Form::Pil;
            if convert {
                call.keywords.insert("do_convert_rgb".into(), json!(true));
            }
            let (reference, candidate) = exam.call_both(&call)?;
            if let Some(why) = exam.disagree(&reference, &candidate)? {
                let with = if convert { " with do_convert_rgb=True" } else { "" };
                exam.fail(check, format!("mode {mode}{with}: {why}"), "");
            }
        }
    }
    Ok(None)
}
