//! Keeps a worker from harming the machine: limits its resources, and ends it with everything that it started.

use std::{fs, io, os::fd::RawFd, path::Path};

/// The environment variable by which every descendant of a worker is recognised, even in another session.
pub(super) const TOKEN: &str = "PATCHMARK_WORKER_TOKEN";

/// Largest file that a worker may write: 2 GiB.
const MAX_FILE: u64 = 2 << 30;

/// Runs in the child between fork and exec, so it makes only calls that are safe there.
pub(super) fn prepare_child(parent: libc::pid_t, socket: RawFd) -> io::Result<()> {
    // SAFETY: every call takes plain numbers or a pointer to a local that outlives it, and all of
    // them are async-signal-safe.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        // Processes whose parent ends become children of the worker, so that they are found as its descendants.
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
        // The coordinator may have ended before the line above took effect.
        if libc::getppid() != parent {
            libc::_exit(1);
        }
        for (resource, limit) in [(libc::RLIMIT_CORE, 0), (libc::RLIMIT_FSIZE, MAX_FILE)] {
            let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
            libc::setrlimit(resource, &raw const limit);
        }
        if libc::fcntl(socket, libc::F_SETFD, 0) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Hides the socket from programs that the subject may start.
pub(super) fn close_on_exec(socket: RawFd) {
    // SAFETY: takes plain numbers; the first read reports a bad descriptor as an error.
    unsafe { libc::fcntl(socket, libc::F_SETFD, libc::FD_CLOEXEC) };
}

/// Has the kernel end a process with the one that started it. Runs in the child between fork and exec.
pub(super) fn end_with_parent() -> io::Result<()> {
    // SAFETY: takes plain numbers, and is async-signal-safe.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    Ok(())
}

/// Limits the address space of this process, irrevocably, to what it has now plus `bytes`.
pub(super) fn cap_memory(bytes: u64) -> io::Result<()> {
    cap_memory_of(std::process::id(), bytes)
}

/// The same for a process that this one started; what it has started itself keeps the limit that it had.
pub(super) fn cap_memory_of(process: u32, bytes: u64) -> io::Result<()> {
    let pages = fs::read_to_string(format!("/proc/{process}/statm"))?;
    let pages: u64 = pages.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0);
    // SAFETY: takes a plain number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let now = pages.saturating_mul(u64::try_from(page).unwrap_or(4096));
    let limit = now.saturating_add(bytes);
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    let process = libc::pid_t::try_from(process).map_err(io::Error::other)?;
    // SAFETY: the pointer is to a local that outlives the call, and the old limit is not asked for.
    match unsafe { libc::prlimit(process, libc::RLIMIT_AS, &raw const limit, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sends a signal to a process.
pub(super) fn signal(process: u32, number: i32) {
    if let Ok(process) = libc::pid_t::try_from(process) {
        // SAFETY: takes plain numbers; the process is a child that has not been waited for.
        unsafe { libc::kill(process, number) };
    }
}

/// Kills everything that a process started. It must not have been waited for, since its number could then be another's.
pub(super) fn kill_descendants(process: u32) {
    descendants(process).into_iter().for_each(|process| signal(process, libc::SIGKILL));
}

/// Kills the worker's process group and every process that carries its token.
pub(super) fn kill_all(worker: u32, token: &str) {
    if let Ok(group) = libc::pid_t::try_from(worker) {
        // SAFETY: takes plain numbers; the worker leads its own process group.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
    // A process that is forked during one pass is found in the next.
    for _ in 0..20 {
        let found = carriers(token);
        if found.is_empty() {
            return;
        }
        found.into_iter().for_each(|process| signal(process, libc::SIGKILL));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// The processes that a process started, and those that they started.
fn descendants(process: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> =
        processes().filter_map(|process| Some((process, parent(process)?))).collect();
    let mut found = vec![process];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, own)| *own == parent).map(|(process, _)| *process));
        next += 1;
    }
    found.split_off(1)
}

/// The parent of a process; none if it has ended.
fn parent(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// Every process that this one can see.
fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
}

/// The running processes whose environment holds the token.
fn carriers(token: &str) -> Vec<u32> {
    let wanted = format!("{TOKEN}={token}").into_bytes();
    processes()
        .filter(|process| {
            // The environment of a zombie reads as empty, so processes that wait to be reaped are not found.
            fs::read(Path::new("/proc").join(process.to_string()).join("environ"))
                .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == wanted))
        })
        .collect()
}
