//! Examines several releases at the same time, each with a reference of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

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
    worker::{About, Interrupted, Options, Subject},
};

/// The most releases that are examined at the same time; each takes two processes of about a gigabyte.
const MOST_AT_ONCE: usize = 4;
/// How often, at least, the interrupt is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// One of the two classes of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class {
    /// The release's place in the list.
    release: usize,
    /// Whether it is the one that computes in Pillow.
    pil: bool,
}

/// What a thread that examines releases tells.
enum News {
    /// What the thread of this number does.
    Progress(usize, String),
    /// This class was examined; with it, what the reference is.
    Examined(Class, Box<(Backend, About)>),
    /// The thread gave up.
    Failed(anyhow::Error),
}

/// Examines both classes of every release, as many releases at a time as there are threads to compute on, up to four.
/// `progress` is called with the number of a place, from 0, and what is done there. After Ctrl-C, the releases that were
/// examined are returned, marked partial, if there are any.
///
/// # Errors
/// If the reference fails, or on Ctrl-C before a release was examined.
pub fn walk(
    versions: &[String],
    reference: &Subject,
    options: &Options,
    settings: &Settings,
    progress: &mut dyn FnMut(usize, &str),
) -> Result<Releases> {
    let places = options.threads.min(MOST_AT_ONCE).min(2 * versions.len()).max(1);
    // What ends every wait: Ctrl-C, or the failure of one thread.
    let halt = Arc::new(AtomicBool::new(false));
    let options_of_each =
        Options { threads: options.threads / places, interrupt: Arc::clone(&halt), ..options.clone() };
    let portions = portions(versions.len(), places);
    let walk =
        Walk { versions, portions, reference, options: options_of_each, settings, next: AtomicUsize::new(0) };
    let mut examined: Vec<[Option<Backend>; 2]> = versions.iter().map(|_| [None, None]).collect();
    let (mut about, mut failure) = (About::default(), None);
    thread::scope(|scope| {
        let (sender, news) = mpsc::channel();
        for place in 0..places {
            let (walk, sender) = (&walk, sender.clone());
            scope.spawn(move || walk.examine_in_turn(place, &sender));
        }
        drop(sender);
        loop {
            if options.interrupt.load(Ordering::Relaxed) {
                halt.store(true, Ordering::Relaxed);
            }
            match news.recv_timeout(GLANCE) {
                Ok(News::Progress(place, what)) => progress(place, &what),
                Ok(News::Examined(Class { release, pil }, found)) => {
                    let (backend, reference) = *found;
                    examined[release][usize::from(pil)] = Some(backend);
                    about = reference;
                }
                Ok(News::Failed(error)) => {
                    halt.store(true, Ordering::Relaxed);
                    // The others then fail because they are interrupted.
                    failure.get_or_insert(error);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    let whole = versions.iter().zip(examined).filter_map(|(version, classes)| match classes {
        [Some(torchvision), Some(pil)] => Some(Release { version: version.clone(), torchvision, pil }),
        _ => None,
    });
    let releases: Vec<Release> = whole.collect();
    let partial = match failure {
        Some(error) if error.is::<Interrupted>() && !releases.is_empty() => true,
        Some(error) => return Err(error),
        None => false,
    };
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

/// What each thread takes at a time: both classes of a release, which one process imports once. The releases that would
/// leave places idle at the end are taken class by class.
fn portions(releases: usize, places: usize) -> Vec<Vec<Class>> {
    let whole = releases / places * places;
    let classes = |release| [false, true].map(|pil| Class { release, pil });
    let both = (0..whole).map(|release| classes(release).to_vec());
    both.chain((whole..releases).flat_map(classes).map(|class| vec![class])).collect()
}

/// What the threads that examine releases share.
struct Walk<'a> {
    versions: &'a [String],
    portions: Vec<Vec<Class>>,
    reference: &'a Subject,
    options: Options,
    settings: &'a Settings,
    /// The portion that the next free thread takes.
    next: AtomicUsize,
}

impl Walk<'_> {
    /// Takes one portion after the other until none is left, always with the same reference.
    fn examine_in_turn(&self, place: usize, news: &Sender<News>) {
        let mut session = None;
        while let Some(portion) = self.portions.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            for &class in portion {
                let examined = self.examine(class, &mut session, &mut |what| {
                    // Nobody listens any more only if the walk has ended.
                    let _ = news.send(News::Progress(place, what.to_owned()));
                });
                let (told, failed) = match examined {
                    Ok(found) => (News::Examined(class, Box::new(found)), false),
                    Err(error) => (News::Failed(error), true),
                };
                if news.send(told).is_err() || failed {
                    return;
                }
            }
        }
    }

    /// Examines one class.
    fn examine(
        &self,
        class: Class,
        session: &mut Option<Session>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(Backend, About)> {
        let subject = Subject::Release { version: self.versions[class.release].clone(), pil: class.pil };
        let session = match session {
            Some(session) => {
                session.replace_candidate(&subject)?;
                session
            }
            empty => {
                let session = empty.insert(Session::new(self.reference, &subject, self.options.clone())?);
                session.remember();
                session
            }
        };
        let backend =
            examine_one(session, self.settings, &mut |what| progress(&format!("{subject}: {what}")))?;
        Ok((backend, session.abouts().1.clone()))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_examined_once_and_no_place_is_idle_for_a_whole_release() {
        for (releases, places) in [(1, 2), (7, 2), (8, 2), (3, 4), (5, 1), (9, 4)] {
            let portions = portions(releases, places);
            let mut classes: Vec<_> =
                portions.iter().flatten().map(|class| (class.release, class.pil)).collect();
            classes.sort_unstable();
            let wanted: Vec<_> =
                (0..releases).flat_map(|release| [(release, false), (release, true)]).collect();
            assert_eq!(classes, wanted);
            let whole = portions.iter().filter(|portion| portion.len() == 2).count();
            assert_eq!(whole, releases / places * places);
        }
    }
}
