//! One subject with its worker, which is started again after it ended.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Result, bail};
use patchmark_results::input_error;
use serde_json::{Map, Value};

use super::{
    client::{Limits, Worker},
    death::Death,
    launch::Launch,
    observation::{Observation, Returned},
    protocol::{Call, Class, Load, Reply, Request},
    subject::Subject,
};
use crate::program::Launcher;

/// How often a worker may end before it is no longer started again.
const DEATHS: usize = 3;
/// The same for ends at the time limit, which cost the whole limit each time.
const TIMEOUTS: usize = 2;

/// What a worker reported about its subject.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The class that was made.
    pub class: String,
    /// Package name to version.
    pub versions: BTreeMap<String, String>,
    /// torch's vector level.
    pub capability: String,
    /// What importing and making it changed in the process.
    pub state_changes: Vec<String>,
    /// The keyword arguments that it names; none if it accepts any.
    pub accepted: Option<Vec<String>>,
    /// The keyword arguments that it names, with the values that it has if they are not given.
    pub signature: Map<String, Value>,
    /// The process in which it runs, if that is not the worker.
    pub program: Option<u32>,
}

/// A reply, or why there is none.
#[derive(Debug)]
pub(crate) enum Answer {
    Reply(Reply),
    Died(Death),
    Unavailable,
}

/// One subject with its worker. The worker is started when first needed, and again after it ended.
pub struct Side {
    pub(crate) launch: Launch,
    load: Load,
    limits: Limits,
    interrupt: Arc<AtomicBool>,
    outputs: PathBuf,
    pub(crate) worker: Option<Worker>,
    loading: bool,
    loaded: bool,
    deaths: usize,
    timeouts: usize,
    early: Option<Answer>,
    /// What its worker reported about it.
    pub about: About,
}

impl Side {
    pub(crate) fn new(
        launch: Launch,
        load: Load,
        limits: Limits,
        interrupt: Arc<AtomicBool>,
        outputs: PathBuf,
    ) -> Self {
        Self {
            launch,
            load,
            limits,
            interrupt,
            outputs,
            worker: None,
            loading: false,
            loaded: false,
            deaths: 0,
            timeouts: 0,
            early: None,
            about: About::default(),
        }
    }

    /// Starts a worker, unless one runs, and tells it to make the subject, unless that is done. It does not wait, so that
    /// several sides load at the same time.
    pub(crate) fn start(&mut self) -> Result<()> {
        if self.loading || self.loaded {
            return Ok(());
        }
        let worker = match &mut self.worker {
            Some(worker) => worker,
            empty => empty.insert(Worker::spawn(&self.launch, Arc::clone(&self.interrupt))?),
        };
        worker.send(&Request::Load(self.load.clone()));
        self.loading = true;
        Ok(())
    }

    /// Starts a worker and makes the subject, unless that is done; returns the answer if that failed.
    pub(crate) fn make(&mut self) -> Result<Option<Answer>> {
        if self.loaded {
            return Ok(None);
        }
        if self.deaths >= DEATHS || self.timeouts >= TIMEOUTS {
            return Ok(Some(Answer::Unavailable));
        }
        self.start()?;
        self.loading = false;
        let Some(worker) = &mut self.worker else { bail!("a worker was not started") };
        let reply = worker.receive(self.limits.load)?;
        match self.settle(reply) {
            Answer::Reply(Reply::Loaded {
                class,
                versions,
                capability,
                state_changes,
                accepted,
                signature,
                program,
            }) => {
                self.about =
                    About { class, versions, capability, state_changes, accepted, signature, program };
                self.loaded = true;
                Ok(None)
            }
            Answer::Reply(Reply::Unusable { message }) => self.unusable(&message),
            other => Ok(Some(other)),
        }
    }

    /// What follows from a subject that cannot be made: the user has to name another, unless this one could be made before.
    fn unusable(&mut self, message: &str) -> Result<Option<Answer>> {
        let printed = match (&self.load.class, &self.worker) {
            (Class::Exec { .. }, Some(worker)) => worker.printed(),
            _ => String::new(),
        };
        if !self.about.class.is_empty() {
            let what = format!("could not start its program again: {message}");
            return Ok(Some(self.settle(Err(Death { what, output: printed, timed_out: false }))));
        }
        Err(match printed.as_str() {
            "" => input_error!("{message}"),
            printed => input_error!("{message}\n{printed}"),
        })
    }

    /// Has the subject made again in the same worker, so that damage done in one check does not affect the next.
    pub(crate) fn renew(&mut self) {
        self.loaded = false;
    }

    fn settle(&mut self, reply: std::result::Result<Reply, Death>) -> Answer {
        match reply {
            Ok(reply) => Answer::Reply(reply),
            Err(death) => {
                self.worker = None;
                (self.loading, self.loaded) = (false, false);
                self.deaths += 1;
                self.timeouts += usize::from(death.timed_out);
                Answer::Died(death)
            }
        }
    }

    pub(crate) fn begin(&mut self, request: &Request) -> Result<()> {
        self.early = self.make()?;
        if let (None, Some(worker)) = (&self.early, &mut self.worker) {
            worker.send(request);
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, limit: Duration) -> Result<Answer> {
        if let Some(early) = self.early.take() {
            return Ok(early);
        }
        let Some(worker) = &mut self.worker else { bail!("a worker was not asked") };
        let reply = worker.receive(limit)?;
        Ok(self.settle(reply))
    }

    pub(crate) fn ask(&mut self, request: &Request) -> Result<Answer> {
        self.begin(request)?;
        self.finish(self.limits.call)
    }

    /// Makes a call and returns what it showed.
    pub(crate) fn call(&mut self, call: &Call) -> Result<Observation> {
        let answer = self.ask(&self.addressed(call))?;
        self.observe(answer)
    }

    /// The call as a request to this side, which writes to its own output file.
    pub(crate) fn addressed(&self, call: &Call) -> Request {
        Request::Call(Call { outputs: self.outputs.clone(), ..call.clone() })
    }

    /// A use as a request to this side, which writes to its own output file.
    pub(crate) fn addressed_use(&self, code: &str) -> Request {
        Request::Use { code: code.into(), outputs: self.outputs.clone() }
    }

    pub(crate) fn observe(&self, answer: Answer) -> Result<Observation> {
        Ok(match answer {
            Answer::Died(death) => Observation::Died(death),
            Answer::Unavailable => Observation::Unavailable,
            Answer::Reply(Reply::Raised { message, traceback, .. }) => {
                Observation::Raised { message, traceback }
            }
            Answer::Reply(Reply::Returned { mapping, entries, ms, state_changes, input_changes, feed }) => {
                let mut returned = Returned {
                    mapping,
                    entries,
                    ms,
                    state_changes,
                    input_changes,
                    feed,
                    ..Returned::default()
                };
                returned.read(&self.outputs)?;
                Observation::Returned(Rc::new(returned))
            }
            Answer::Reply(other) => bail!("a worker answered {other:?} to a call"),
        })
    }

    /// The present content of an object that an earlier call kept.
    pub(crate) fn dump(&mut self, slot: &str) -> Result<Observation> {
        let request = Request::Dump { slot: slot.into(), outputs: self.outputs.clone() };
        let answer = self.ask(&request)?;
        self.observe(answer)
    }

    /// The commit that its worker's program was built from; none while no worker runs.
    pub(crate) fn commit(&self) -> Option<&str> {
        self.worker.as_ref().map(Worker::commit)
    }

    /// The processes that compute, the worker's and its program's; none while no worker runs.
    pub(crate) fn processes(&self) -> impl Iterator<Item = u32> {
        let worker = self.worker.as_ref();
        worker.into_iter().flat_map(move |worker| [Some(worker.process()), self.about.program]).flatten()
    }

    /// Whether it accepts a keyword argument.
    pub fn accepts(&self, keyword: &str) -> bool {
        self.about.accepted.as_ref().is_none_or(|accepted| accepted.iter().any(|each| each == keyword))
    }
}

/// How workers are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The patchmark that serves.
    pub program: Launcher,
    /// Limits of each worker.
    pub limits: Limits,
    /// Threads of torch in each worker.
    pub threads: usize,
    /// Whether they keep freed memory (see [`Launch::keep_memory`]).
    pub keep_memory: bool,
    /// Ends every wait when set.
    pub interrupt: Arc<AtomicBool>,
}

/// A side whose worker is not started yet and will write its tensors to `outputs`.
pub(crate) fn side(subject: &Subject, options: &Options, outputs: PathBuf) -> Result<Side> {
    let mut launch = subject.launch(options.program.clone())?;
    launch.keep_memory = options.keep_memory;
    let load = subject.load(options.threads, options.limits.memory);
    Ok(Side::new(launch, load, options.limits, Arc::clone(&options.interrupt), outputs))
}
