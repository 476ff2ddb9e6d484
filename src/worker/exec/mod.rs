//! A program as a subject: it is started once, and asked over the protocol of `docs/subject-protocol.md`.
//!
//! The program takes its own time, from pixels in memory to tensors in memory. What passes between the two processes is
//! the border; it is measured as well, and stays out of the time.

mod command;
pub mod messages;
mod outputs;
mod program;

use std::{
    collections::{BTreeMap, HashMap},
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use tch::Tensor;

pub(super) use self::command::words;
use self::{
    messages::{Greeting, Request as Message, read_answer},
    program::Program,
};
use super::{
    limits,
    native::{raised, returned},
    protocol::{Call, Class, ImageRef, Load, Reply, Request},
    serves::Serves,
};
use crate::processor::Parameters;

/// How long a program may take until it is ready. It is less than a worker may take, so that it is the worker who says so.
const START: Duration = Duration::from_secs(100);

/// Milliseconds by which a program's own times may exceed what passed here: the resolution of its clock.
const CLOCK: f64 = 0.1;

/// The parameters of a call, by name.
type Record = BTreeMap<String, Value>;

/// Why a program did not process a batch.
enum Fault {
    /// It answered that it will not.
    Refused(String),
    /// It ended or broke the protocol, so it cannot be asked again.
    Lost(String),
}

/// A program that is ready for batches.
pub(super) struct Exec {
    command: String,
    program: Program,
    accepted: Vec<String>,
    /// Batches asked for so far.
    asked: u64,
    /// Files of tensors that a later request wants to see again.
    kept: HashMap<String, PathBuf>,
    prepared: HashMap<String, (Vec<ImageRef>, Record)>,
}

impl Exec {
    /// Starts the program; there is none if it cannot be used, which the reply then says.
    pub(super) fn load(load: &Load) -> Result<(Reply, Option<Self>)> {
        let Class::Exec { command, words, python_path } = &load.class else { bail!("not a program") };
        let unusable =
            |why: String| Reply::Unusable { message: format!("{command} cannot be used: it {why}") };
        let mut program = match Program::start(words, python_path.as_deref()) {
            Ok(program) => program,
            Err(why) => return Ok((unusable(why), None)),
        };
        let start = Message::Start { protocol: messages::PROTOCOL, threads: load.threads };
        let greeted = program.ask(&start, Some(START)).and_then(|(line, _)| Greeting::read(&line));
        let greeting = match greeted {
            Ok(greeting) => greeting,
            Err(why) => return Ok((unusable(why), None)),
        };
        match limits::cap_memory_of(program.process(), load.memory) {
            // One that has ended already is noticed at its first batch.
            Err(error) if program.runs() => return Err(error).context("failed to limit a program's memory"),
            _ => {}
        }
        let Greeting { name, version, parameters } = greeting;
        let reply = Reply::Loaded {
            class: format!("{name} {version}").trim().to_owned(),
            versions: BTreeMap::from([(name, version)]),
            capability: String::new(),
            state_changes: Vec::new(),
            accepted: Some(parameters.clone()),
            signature: Map::new(),
            program: Some(program.process()),
        };
        let exec = Self {
            command: command.clone(),
            program,
            accepted: parameters,
            asked: 0,
            kept: HashMap::new(),
            prepared: HashMap::new(),
        };
        Ok((reply, Some(exec)))
    }

    /// NaFlex's parameters with the keywords of a call; those that the program does not take are left out.
    fn parameters(&self, keywords: &Map<String, Value>, unfiltered: bool) -> Record {
        let taken = keywords.iter().filter(|(name, _)| unfiltered || self.accepted.contains(name));
        let mut record = Parameters::default().record();
        record.extend(taken.map(|(name, value)| (name.clone(), value.clone())));
        record
    }

    /// Has a batch processed; returns the milliseconds of each call, and those that the border took.
    fn process(
        &mut self,
        images: &[ImageRef],
        parameters: &Record,
        outputs: Option<&Path>,
        repeat: usize,
    ) -> Result<(Vec<f64>, f64), Fault> {
        let id = self.asked;
        self.asked += 1;
        let images = images.iter().map(Into::into).collect();
        let request = Message::Process { id, parameters, images, outputs, repeat };
        let (line, passed) = self.program.ask(&request, None).map_err(Fault::Lost)?;
        let ms = read_answer(&line, id, repeat).map_err(Fault::Lost)?.map_err(Fault::Refused)?;
        let (own, passed) = (ms.iter().sum::<f64>(), passed.as_secs_f64() * 1e3);
        if own > passed + CLOCK * repeat as f64 {
            let what = format!("says that batch {id} took {own} ms, but answered after {passed} ms");
            return Err(Fault::Lost(what));
        }
        Ok((ms, (passed - own).max(0.0)))
    }

    fn call(&mut self, call: &Call) -> Result<(Reply, Vec<(String, Tensor)>), Fault> {
        let parameters = self.parameters(&call.keywords, call.unfiltered);
        // Each call has a file of its own, so that no earlier one can pass for its result.
        let file = env::temp_dir().join(format!("outputs-{}.safetensors", self.asked));
        let (ms, _) = self.process(&call.images, &parameters, Some(file.as_path()), 1)?;
        let read = outputs::read(&file);
        match &call.keep {
            Some(slot) => {
                self.kept.insert(slot.clone(), file);
            }
            // What cannot be removed now is removed with the worker's folder.
            None => drop(fs::remove_file(file)),
        }
        let tensors = read.map_err(|error| Fault::Refused(format!("{error:#}")))?;
        Ok((returned(&tensors, ms.iter().sum(), String::new()), tensors))
    }

    /// The tensors of an earlier call, as they are now.
    fn dump(&mut self, slot: &str) -> Result<(Reply, Vec<(String, Tensor)>), Fault> {
        let file = self.kept.remove(slot).unwrap_or_default();
        let tensors = outputs::read(&file).map_err(|error| Fault::Refused(format!("{error:#}")))?;
        drop(fs::remove_file(file));
        Ok((returned(&tensors, 0.0, String::new()), tensors))
    }

    fn times(&mut self, slot: &str, calls: usize) -> Result<Reply, Fault> {
        let Some((images, parameters)) = self.prepared.get(slot).cloned() else {
            return Err(Fault::Refused(format!("{slot} is not prepared")));
        };
        let (ms, border) = self.process(&images, &parameters, None, calls)?;
        Ok(Reply::Timed { ms, border_ms: Some(border) })
    }
}

impl Serves for Exec {
    fn answer(&mut self, request: &Request) -> Result<(Reply, Vec<(String, Tensor)>)> {
        let answer = match request {
            Request::Call(call) => self.call(call),
            Request::Dump { slot, .. } => self.dump(slot),
            Request::Prepare { slot, images, keywords, .. } => {
                let parameters = self.parameters(keywords, false);
                self.prepared.insert(slot.clone(), (images.clone(), parameters));
                Ok((Reply::Done, Vec::new()))
            }
            Request::Time { slot, calls } => self.times(slot, *calls).map(|reply| (reply, Vec::new())),
            Request::Load(_) | Request::Use { .. } | Request::Concurrent { .. } => {
                bail!("not a request for {}", self.command)
            }
        };
        Ok(match answer {
            Ok(answer) => answer,
            Err(Fault::Refused(why)) => (raised(&anyhow::anyhow!("{why}")), Vec::new()),
            Err(Fault::Lost(what)) => {
                (Reply::Lost { what: format!("lost its program: {} {what}", self.command) }, Vec::new())
            }
        })
    }
}
