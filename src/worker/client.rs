//! The coordinator's end: starts a worker, sends it requests, and ends it.

use std::{
    io::{self, Read},
    os::{
        fd::AsRawFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    process::Child,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use patchmark_results::text::first_line;
use tempfile::TempDir;

use super::{
    death::{self, Death},
    frames,
    launch::Launch,
    limits,
    output::{FLOOD, Output},
    protocol::{Reply, Request, VERSION},
};

/// How long a worker may take to say hello.
const START: Duration = Duration::from_secs(30);
/// How often a waiting coordinator checks that the worker is still running.
const GLANCE: Duration = Duration::from_millis(50);
/// How long an aborted worker may take to print its Python traceback.
const LAST_WORDS: Duration = Duration::from_millis(400);

/// The limits of a worker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Time for one call.
    pub call: Duration,
    /// Time for importing and making the subject.
    pub load: Duration,
    /// Bytes of memory in addition to what the libraries take.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { call: Duration::from_secs(30), load: Duration::from_secs(120), memory: 4 << 30 }
    }
}

/// A running worker; dropping it ends the process and everything that it started.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    stream: UnixStream,
    buffer: Vec<u8>,
    output: Output,
    token: String,
    interrupt: Arc<AtomicBool>,
    commit: String,
    /// The worker's TMPDIR, removed when it is dropped.
    _temporary: TempDir,
}

impl Worker {
    /// Starts a worker and waits for its hello; `interrupt` ends every wait.
    ///
    /// Must be called from a thread that outlives the worker, because Linux kills the worker when that thread ends.
    ///
    /// # Errors
    /// If the binary cannot be started or speaks another protocol.
    pub fn spawn(launch: &Launch, interrupt: Arc<AtomicBool>) -> Result<Self> {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let (stream, theirs) = UnixStream::pair().context("failed to make a socket for a worker")?;
        let temporary = tempfile::Builder::new().prefix("patchmark-worker-").tempdir()?;
        let since_epoch = std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_nanos());
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let token = format!("{}-{number}-{since_epoch}", std::process::id());
        let socket = theirs.as_raw_fd();
        let mut command = launch.command(socket, &token, temporary.path());
        let parent = libc::pid_t::try_from(std::process::id())?;
        // SAFETY: the closure makes only async-signal-safe calls and allocates nothing.
        unsafe { command.pre_exec(move || limits::prepare_child(parent, socket)) };
        let mut child =
            command.spawn().with_context(|| format!("failed to start a worker from {}", launch.program))?;
        drop(theirs);
        let output = Output::default();
        if let Some(pipe) = child.stdout.take() {
            output.drain(pipe);
        }
        if let Some(pipe) = child.stderr.take() {
            output.drain(pipe);
        }
        stream.set_read_timeout(Some(GLANCE))?;
        stream.set_write_timeout(Some(START))?;
        let mut worker = Self {
            child,
            stream,
            buffer: Vec::new(),
            output,
            token,
            interrupt,
            commit: String::new(),
            _temporary: temporary,
        };
        worker.greet(launch)?;
        Ok(worker)
    }

    /// Waits until the program says that it is a worker of this build's protocol.
    fn greet(&mut self, launch: &Launch) -> Result<()> {
        match self.receive(START)? {
            Ok(Reply::Hello { version: VERSION, commit }) => {
                self.commit = commit;
                Ok(())
            }
            Ok(Reply::Hello { version, .. }) => bail!(
                "{} speaks version {version} of the worker protocol, but this build speaks version {VERSION}",
                launch.program
            ),
            Ok(other) => bail!("{} does not answer as a worker of patchmark: {other:?}", launch.program),
            Err(death) => {
                let last = death.output.lines().map(str::trim).rfind(|line| !line.is_empty());
                let printed = last.map(|line| format!(", and last printed {:?}", first_line(line)));
                bail!(
                    "{} does not answer as a worker of patchmark: it {death}{}",
                    launch.program,
                    printed.unwrap_or_default()
                )
            }
        }
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The end of what it has printed, once the threads that drain the pipes have had time to reach it.
    pub(super) fn printed(&self) -> String {
        thread::sleep(GLANCE);
        self.output.tail()
    }

    /// The commit that the worker's program was built from.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// Sends a request; if the worker has ended, the next [`Worker::receive`] reports it.
    pub fn send(&mut self, request: &Request) {
        // The missing reply says more than this error would.
        let _ = frames::write(&mut self.stream, request);
    }

    /// Waits for the reply to the last request.
    ///
    /// # Errors
    /// The outer error is Ctrl-C; the inner error says how the worker ended.
    pub fn receive(&mut self, limit: Duration) -> Result<Result<Reply, Death>> {
        let deadline = Instant::now() + limit;
        let mut chunk = [0; 1 << 14];
        loop {
            match frames::take(&mut self.buffer) {
                Ok(Some(Reply::Lost { what })) => {
                    // The threads that drain the pipes may not have reached the program's last words yet.
                    thread::sleep(GLANCE);
                    return Ok(Err(self.end(what, false)));
                }
                Ok(Some(reply)) => return Ok(Ok(reply)),
                Ok(None) => {}
                Err(error) => {
                    return Ok(Err(self.end(format!("sent an invalid frame to patchmark ({error})"), false)));
                }
            }
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(Interrupted.into());
            }
            if self.output.total() > FLOOD {
                let what = format!("printed more than {} MiB and was ended", FLOOD >> 20);
                return Ok(Err(self.end(what, false)));
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(Err(self.ended())),
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
                {
                    // A process that the subject forked may keep the socket open after the worker ended.
                    if matches!(self.child.try_wait(), Ok(Some(_))) {
                        return Ok(Err(self.ended()));
                    }
                    if Instant::now() >= deadline {
                        // On an abort, faulthandler prints the Python traceback of every thread.
                        limits::signal(self.child.id(), libc::SIGABRT);
                        thread::sleep(LAST_WORDS);
                        let what = format!("took longer than {} s and was ended", limit.as_secs_f64());
                        return Ok(Err(self.end(what, true)));
                    }
                }
                Err(error) => return Ok(Err(self.end(format!("lost its socket ({error})"), false))),
            }
        }
    }

    /// How a worker that closed its socket ended.
    fn ended(&mut self) -> Death {
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                // The threads that drain the pipes may not have reached their end yet.
                thread::sleep(GLANCE);
                return self.end(death::describe(status), false);
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.end("closed patchmark's socket".into(), false)
    }

    /// Ends the process and everything that it started.
    fn kill(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            limits::kill_descendants(self.child.id());
        }
        limits::kill_all(self.child.id(), &self.token);
        // Reap the child, so that no zombie remains; a second wait returns at once.
        let _ = self.child.wait();
    }

    fn end(&mut self, what: String, timed_out: bool) -> Death {
        self.kill();
        Death { what, output: self.output.tail(), timed_out }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ctrl-C while waiting for a worker.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;
