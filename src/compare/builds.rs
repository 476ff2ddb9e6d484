//! Two builds of patchmark, each in processes of its own that are started anew every few rounds:
//! a process keeps the memory layout that it was started with, and with it some percent of its time.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

use super::{
    bench::repeats,
    contest::{Contest, Round, RowName},
    processors::{batch, label},
    protocol::{Answer, Ask, Greeting, LoadedRow, PROTOCOL, Setup},
};
use crate::{input_error, program::Launcher};

/// The longest that a worker may take for one answer: loading a hundred photographs on a slow disk.
const PATIENCE: Duration = Duration::from_secs(300);

/// The base's and the candidate's build.
pub struct Builds {
    base: Launcher,
    candidate: Launcher,
    setup: Setup,
    names: Vec<RowName>,
    repeats: Vec<u32>,
    /// Base, candidate, and the base once more as its own control.
    workers: Vec<Worker>,
    /// The commits of base and candidate.
    pub commits: [String; 2],
}

impl Builds {
    /// Starts both builds once to learn their rows; only the candidate is made slower.
    ///
    /// # Errors
    /// An input error for a base that is no patchmark or is too old for the protocol.
    pub fn load(base: &Launcher, candidate: &Launcher, setup: &Setup) -> Result<Self> {
        let (mut first, mut second) = (Worker::start(base)?, Worker::start(candidate)?);
        let one = first.load(&Setup { slowdown: 0.0, ..setup.clone() })?;
        let other = second.load(setup)?;
        if one.len() != other.len() {
            bail!("the builds list {} and {} rows for one set-up", one.len(), other.len());
        }
        let commits = [first.commit.clone(), second.commit.clone()];
        let rows = || one.iter().zip(&other);
        Ok(Self {
            base: base.clone(),
            candidate: candidate.clone(),
            setup: setup.clone(),
            names: rows().map(|(one, other)| name(one, other)).collect(),
            repeats: rows().map(|(one, other)| repeats(one.warm_ms.min(other.warm_ms))).collect(),
            workers: Vec::new(),
            commits,
        })
    }
}

fn name(base: &LoadedRow, candidate: &LoadedRow) -> RowName {
    let failed = base.failure.is_some() || candidate.failure.is_some();
    let parity = "the two builds' outputs differ; `patchmark parity` of each says which is right";
    RowName {
        subject: label(if candidate.feed.is_empty() { base } else { candidate }),
        batch: batch(candidate),
        base_failure: base.failure.clone(),
        candidate_failure: candidate.failure.clone(),
        parity: (!failed && base.digest != candidate.digest).then(|| parity.to_owned()),
    }
}

impl Contest for Builds {
    fn rows(&self) -> &[RowName] {
        &self.names
    }

    fn restarts(&self) -> bool {
        true
    }

    fn restart(&mut self) -> Result<()> {
        self.workers.clear();
        for (binary, slowdown) in
            [(&self.base, 0.0), (&self.candidate, self.setup.slowdown), (&self.base, 0.0)]
        {
            let mut worker = Worker::start(binary)?;
            worker.ask(&Ask::Load(Setup { slowdown, ..self.setup.clone() }))?;
            self.workers.push(worker);
        }
        // All three load at once; only the times themselves must have the machine alone.
        for worker in &mut self.workers {
            worker.loaded()?;
        }
        Ok(())
    }

    fn round(&mut self, row: usize, mirrored: bool) -> Result<Round> {
        let repeats = self.repeats[row];
        // A B C C B A, or C B A A B C: a drift hits all three alike.
        let mut order = [0, 1, 2, 2, 1, 0];
        if mirrored {
            order = order.map(|worker| 2 - worker);
        }
        let mut times = [[0.0; 2]; 3];
        for (index, worker) in order.into_iter().enumerate() {
            times[worker][index / 3] =
                self.workers.get_mut(worker).context("no worker runs")?.take(row, repeats)?;
        }
        Ok(Round { base: times[0], candidate: times[1], control: Some(times[2]) })
    }
}

/// A process of a build that answers one question at a time; dropping it ends it.
struct Worker {
    program: Launcher,
    commit: String,
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Worker {
    fn start(program: &Launcher) -> Result<Self> {
        let refused = |why: &str| {
            input_error!(
                "--base-binary {program}: {why}; give a patchmark built from the base commit that has `compare`"
            )
        };
        let mut command = program.command();
        command.arg("sampler").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A Ctrl-C in the terminal is for the parent, which finishes its round first.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| refused(&format!("cannot be run: {error}")))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("a worker has no stdout")?;
        let (sender, answers) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut worker = Self { program: program.clone(), commit: String::new(), child, stdin, answers };
        let greeting: Greeting =
            worker.hear().map_err(|_| refused("does not answer as a worker of patchmark"))?;
        if greeting.patchmark_worker != PROTOCOL {
            return Err(refused(&format!(
                "speaks version {} of the worker's protocol, and this build speaks {PROTOCOL}",
                greeting.patchmark_worker
            )));
        }
        worker.commit = greeting.commit;
        Ok(worker)
    }

    fn load(&mut self, setup: &Setup) -> Result<Vec<LoadedRow>> {
        self.ask(&Ask::Load(setup.clone()))?;
        self.loaded()
    }

    fn loaded(&mut self) -> Result<Vec<LoadedRow>> {
        match self.hear()? {
            Answer::Loaded(rows) => Ok(rows),
            other => Err(self.unexpected(other)),
        }
    }

    fn take(&mut self, row: usize, repeats: u32) -> Result<f64> {
        self.ask(&Ask::Take { row, repeats })?;
        match self.hear()? {
            Answer::Took(ms) => Ok(ms),
            other => Err(self.unexpected(other)),
        }
    }

    fn ask(&mut self, ask: &Ask) -> Result<()> {
        let mut line = serde_json::to_string(ask)?;
        line.push('\n');
        let stdin = self.stdin.as_mut().context("a worker has no stdin")?;
        let sent = stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush());
        sent.with_context(|| format!("{} ended while it was timed", self.program))
    }

    fn hear<T: DeserializeOwned>(&mut self) -> Result<T> {
        let line = self.answers.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                anyhow::anyhow!("{} did not answer within {} s", self.program, PATIENCE.as_secs())
            }
            RecvTimeoutError::Disconnected => {
                anyhow::anyhow!("{} ended while it was timed", self.program)
            }
        })?;
        serde_json::from_str(&line).with_context(|| format!("{} answered {line:?}", self.program))
    }

    fn unexpected(&self, answer: Answer) -> anyhow::Error {
        match answer {
            Answer::Failed(reason) => input_error!("{}: {reason}", self.program),
            other => anyhow::anyhow!("{} answered {other:?} to another question", self.program),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Its input ends, and with it the worker; one that hangs is ended.
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
