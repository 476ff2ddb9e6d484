//! A running program that speaks the subject protocol, and the lines that it writes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use super::messages::{LONGEST, Request};
use crate::worker::{death, limits};

/// How long a program that closed stdout may take to end, before it is said to go on without.
const ENDING: Duration = Duration::from_secs(1);

/// How the next line was read.
enum Line {
    /// A whole line, without its end.
    Whole(Vec<u8>),
    /// More bytes than a line may have.
    TooLong,
    /// The program closed stdout, perhaps within a line.
    End,
}

/// A running program; dropping it ends the process and everything that it started.
pub(super) struct Program {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<Line>,
}

impl Program {
    /// Starts a program with pipes as stdin and stdout; it shares stderr with this process.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn start(words: &[String], python_path: Option<&Path>) -> Result<Self, String> {
        let (name, arguments) = words.split_first().ok_or("is empty")?;
        let mut command = Command::new(name);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(path) = python_path {
            command.env("PYTHONPATH", path);
        }
        // SAFETY: the closure makes one async-signal-safe call and allocates nothing.
        unsafe { command.pre_exec(limits::end_with_parent) };
        let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or("has no pipes")?;
        // One line waits at most: a program that writes on and on blocks, and does not fill memory.
        let (sender, lines) = sync_channel(1);
        thread::spawn(move || read_lines(stdout, &sender));
        Ok(Self { child, stdin, lines })
    }

    /// Its process.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub(super) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a request and waits for the next line, for as long as `limit` if there is one; returns it with the time that
    /// passed.
    ///
    /// # Errors
    /// The end of a sentence on the program that says why there is no line.
    pub(super) fn ask(
        &mut self,
        request: &Request<'_>,
        limit: Option<Duration>,
    ) -> Result<(Vec<u8>, Duration), String> {
        let mut line = serde_json::to_vec(request).map_err(|error| format!("cannot be asked: {error}"))?;
        line.push(b'\n');
        let started = Instant::now();
        // A program that no longer reads has ended, or closed stdin; the missing line says more than this error.
        let _ = self.stdin.write_all(&line).and_then(|()| self.stdin.flush());
        let line = match limit {
            Some(limit) => self.lines.recv_timeout(limit),
            None => self.lines.recv().map_err(RecvTimeoutError::from),
        };
        match line {
            Ok(Line::Whole(line)) => Ok((line, started.elapsed())),
            Ok(Line::TooLong) => Err(format!("wrote a line of more than {} KiB to stdout", LONGEST >> 10)),
            Ok(Line::End) | Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("did not answer within {} s", limit.unwrap_or_default().as_secs_f64()))
            }
        }
    }

    /// How a program that closed stdout ended.
    fn ended(&mut self) -> String {
        let deadline = Instant::now() + ENDING;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return death::describe(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        "closed stdout before it answered".to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.runs() {
            limits::kill_descendants(self.child.id());
        }
        // It may have ended by itself; a second wait returns at once.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines until there are no more, or nobody takes them.
fn read_lines(stdout: ChildStdout, lines: &SyncSender<Line>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let read = stdout.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut line);
        let whole = line.pop_if(|last| *last == b'\n').is_some();
        let next = match read {
            Ok(_) if whole => Line::Whole(line),
            Ok(_) if line.len() > LONGEST => Line::TooLong,
            Ok(_) | Err(_) => Line::End,
        };
        let last = !matches!(next, Line::Whole(_));
        if lines.send(next).is_err() || last {
            return;
        }
    }
}
