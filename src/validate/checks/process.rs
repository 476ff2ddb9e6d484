//! What a call must leave unchanged: its inputs and the process.

use anyhow::{Result, bail};

use crate::{
    validate::{
        calls::call,
        exam::{Exam, Stop},
    },
    worker::{
        Answer, Observation,
        protocol::{Form, Reply, Request},
    },
};

pub(super) fn inputs(exam: &mut Exam<'_>) -> Result<Option<String>> {
    for (form, named) in [(Form::Pil, "PIL images"), (Form::Chw, "CHW tensors"), (Form::Hwc, "HWC arrays")] {
        // One image already has the target size, so that no copy made by the resize hides a write to the input.
        let images = vec![exam.noise(600, 64, 48)?, exam.noise(601, 256, 256)?, exam.noise(602, 30, 90)?];
        let mut call = call(images);
        (call.form, call.probe) = (form, true);
        let (reference, candidate) = exam.call_both(&call)?;
        // A form that is refused is another check's finding.
        let (Observation::Returned(reference), Observation::Returned(candidate)) = (&reference, &candidate)
        else {
            continue;
        };
        for change in
            candidate.input_changes.iter().filter(|change| !reference.input_changes.contains(change))
        {
            exam.fail("inputs-untouched", format!("given {named}: {change}"), "");
        }
    }
    Ok(None)
}

pub(super) fn state(exam: &mut Exam<'_>) -> Result<Option<String>> {
    exam.session.candidate.renew();
    exam.session.candidate.make()?;
    exam.session.reference.make()?;
    let usual = exam.session.reference.about.state_changes.clone();
    let made = exam.session.candidate.about.state_changes.clone();
    for change in made.iter().filter(|change| !usual.contains(change)) {
        exam.fail("global-state", format!("importing or making the class changes {change}"), "");
    }
    let images = vec![exam.noise(610, 64, 48)?, exam.noise(611, 30, 90)?];
    let mut call = call(images);
    call.probe = true;
    // Twice, because the first call may set up something that later calls leave unchanged.
    for turn in ["the first", "a later"] {
        let (reference, candidate) = exam.call_both(&call)?;
        let candidate = exam.returned(candidate)?;
        let Observation::Returned(reference) = &reference else { continue };
        for change in
            candidate.state_changes.iter().filter(|change| !reference.state_changes.contains(change))
        {
            exam.fail("global-state", format!("{turn} call changes {change}"), "");
        }
    }
    Ok(None)
}

pub(super) fn threads(exam: &mut Exam<'_>) -> Result<Option<String>> {
    let batches = vec![
        vec![exam.noise(620, 64, 48)?, exam.noise(621, 30, 90)?],
        vec![exam.noise(622, 64, 48)?, exam.noise(623, 30, 90)?],
    ];
    let answer = exam.session.candidate.ask(&Request::Concurrent { batches, rounds: 12 })?;
    match answer {
        Answer::Reply(Reply::Concurrent { problems }) => {
            for problem in problems {
                exam.fail("threads", problem, "");
            }
            Ok(None)
        }
        Answer::Reply(Reply::Raised { message, traceback, .. }) => {
            Err(Stop::Raised { message, traceback }.into())
        }
        Answer::Died(death) => Err(exam.died(&death).into()),
        Answer::Unavailable => Err(Stop::Gone("ended too often before".into()).into()),
        Answer::Reply(other) => bail!("a worker answered {other:?}"),
    }
}
