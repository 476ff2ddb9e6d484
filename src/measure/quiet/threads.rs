//! Threads as the system shows them.

use std::{fs, io, process};

/// A thread of this process or of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Thread {
    process: u32,
    id: i32,
}

/// The threads of a process, without the caller's.
///
/// # Errors
/// If the process has ended, or the system has no `/proc`.
pub(super) fn of(process: u32) -> io::Result<Vec<Thread>> {
    // SAFETY: takes nothing and cannot fail.
    let own = unsafe { libc::syscall(libc::SYS_gettid) };
    let id = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<i32>().ok();
    let ids = fs::read_dir(format!("/proc/{process}/task"))?.flatten().filter_map(id);
    Ok(ids.filter(|&id| i64::from(id) != own).map(|id| Thread { process, id }).collect())
}

impl Thread {
    /// The CPU time that it has used; `None` if it has ended or the system does not tell. For a thread of another process
    /// that is running, it may be some milliseconds old.
    pub(super) fn cpu_ns(&self) -> Option<u64> {
        if self.process != process::id() {
            let text = self.read("schedstat")?;
            return text.split_whitespace().next()?.parse().ok();
        }
        // The number of a thread's clock, as Linux defines it: the complement of the thread, per thread (4), by the
        // scheduler's account (2). Reading it costs a fraction of opening a file.
        let clock = (!self.id << 3) | 4 | 2;
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the pointer is to a local; the clock of a thread that has ended is reported as an error.
        if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
            return None;
        }
        Some((time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64))
    }

    /// Whether it is running or waits for a CPU.
    pub(super) fn runs(&self) -> bool {
        // The name before the state is in brackets and may contain any character.
        let state = |text: String| text.rsplit_once(") ").map(|(_, rest)| rest.starts_with('R'));
        self.read("stat").and_then(state).unwrap_or(false)
    }

    /// Its name, which is the program's unless somebody named it.
    pub(super) fn name(&self) -> String {
        self.read("comm").map_or_else(|| "ended".into(), |name| name.trim().to_owned())
    }

    fn read(&self, file: &str) -> Option<String> {
        let Self { process, id } = self;
        let bytes = fs::read(format!("/proc/{process}/task/{id}/{file}")).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}
