//! Examines release after release.

use anyhow::Result;
use patchmark_results::{
    ParityClass, Releases,
    releases::{Backend, FailedCheck, RELEASES_VERSION, Release, ReleaseParity},
    text::clean,
    validation::CorpusParity,
};

use super::probe::{ask, questions};
use crate::{
    validate::{run::examine, session::Session, settings::Settings},
    worker::{Interrupted, Options, Subject},
};

/// Examines both classes of every release. After Ctrl-C, the releases before are returned, marked partial, if there are any.
///
/// # Errors
/// If the reference fails, or on Ctrl-C in the first release.
pub fn walk(
    versions: &[String],
    reference: &Subject,
    options: &Options,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Releases> {
    let mut session: Option<Session> = None;
    let (mut releases, mut partial) = (Vec::new(), false);
    for version in versions {
        let mut backend = |pil: bool| -> Result<Backend> {
            let subject = Subject::Release { version: version.clone(), pil };
            let session = match &mut session {
                Some(session) => {
                    session.replace_candidate(&subject)?;
                    session
                }
                empty => {
                    let session = empty.insert(Session::new(reference, &subject, options.clone())?);
                    session.remember();
                    session
                }
            };
            examine_one(session, settings, &mut |what| progress(&format!("{subject}: {what}")))
        };
        let both = backend(false).and_then(|torchvision| Ok((torchvision, backend(true)?)));
        match both {
            Ok((torchvision, pil)) => releases.push(Release { version: version.clone(), torchvision, pil }),
            Err(error) if error.is::<Interrupted>() && !releases.is_empty() => {
                partial = true;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let about = session.as_ref().map(|session| session.abouts().1.clone()).unwrap_or_default();
    let shared = ["python", "torch", "torchvision", "pillow", "numpy"];
    let environment = shared
        .into_iter()
        .filter_map(|package| Some((package.to_owned(), about.versions.get(package)?.clone())))
        .collect();
    let reference = about.versions.get("transformers").map_or_else(
        || reference.to_string(),
        |version| format!("{reference} (transformers {version}, {})", about.class),
    );
    Ok(Releases {
        schema_version: RELEASES_VERSION,
        reference,
        environment,
        cpu_capability: about.capability,
        commit: env!("PATCHMARK_BUILD_COMMIT").into(),
        partial,
        skipped_files: settings.skipped_files.clone(),
        releases,
    })
}

fn examine_one(
    session: &mut Session,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Backend> {
    let outcome = examine(session, settings, progress)?;
    let failed = outcome.failed().filter(|row| row.name != "parity").map(|row| {
        let first = row.findings.first().map_or("", |finding| &finding.detail);
        FailedCheck { check: row.name.clone(), finding: clean(first) }
    });
    let failed = failed.collect();
    let parity = outcome.parity.map(|parity: CorpusParity| ReleaseParity {
        class: parity.class,
        calls: parity.cases,
        differing: parity.cases - parity.by_class.get(&ParityClass::Exact).copied().unwrap_or(0),
        incomparable: parity.incomparable,
        worst_levels: parity.total.worst_levels,
        by_class: parity.by_class,
    });
    let mut probes = Vec::new();
    for question in questions() {
        progress(question.given);
        probes.push(ask(session, settings, &question)?);
    }
    Ok(Backend { class: session.candidate.about.class.clone(), parity, failed, probes })
}
