//! Whether a fault is seen again: one that comes and goes cannot be reproduced by its replay command.

use anyhow::Result;

use super::{
    checks::{CHECKS, Guard},
    exam::{Exam, Stop},
    shrink,
    sight::Sight,
};

/// Times that a failed check or call is tried again.
const TIMES: usize = 3;

/// Tries again what failed, and notes in the first finding if it is not seen every time.
pub(super) fn note(exam: &mut Exam<'_>, check: &str) -> Result<()> {
    let Some(guard) = CHECKS.iter().find(|known| known.name == check).map(|known| known.guard) else {
        return Ok(());
    };
    let mut seen = 0;
    for _ in 0..TIMES {
        let again = match guard {
            // Uses are tried again when they are found. A worker that ended is not made to end again.
            Guard::Uses | Guard::Worker if check != "accepts" => return Ok(()),
            Guard::Calls { run, .. } => fails(exam, check, run)?,
            _ => {
                let Some(call) = exam.shown_by(check).and_then(Sight::call).cloned() else { return Ok(()) };
                shrink::shows(exam, check, &call)?
            }
        };
        seen += usize::from(again);
    }
    if seen < TIMES
        && let Some(finding) = exam.row(check).and_then(|row| row.findings.first_mut())
        // Of a use it was said when it was found.
        && finding.code.is_empty()
    {
        finding.detail.push_str(&format!("; not repeatable: seen again in {seen} of {TIMES} repetitions"));
    }
    Ok(())
}

/// Whether a check that makes its own calls fails again; what it finds is not recorded.
fn fails(exam: &mut Exam<'_>, check: &str, run: fn(&mut Exam<'_>) -> Result<Option<String>>) -> Result<bool> {
    let kept = exam.set_aside(check);
    let ended = run(exam);
    let failed = exam.failed(check);
    exam.restore(kept);
    match ended {
        Ok(_) => Ok(failed),
        // Raising or ending the worker is how a check of calls fails, too.
        Err(error) => error.downcast::<Stop>().map(|_| true),
    }
}
