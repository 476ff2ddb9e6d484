//! How much memory the process may still take, and which limit says so.

use std::{fs, path::Path};

use patchmark_results::text::gib;

use super::cgroup::Groups;

/// What a batch may need beyond its estimate: the allocators' own share.
const SPARE: u64 = 64 << 20;

/// Memory that is left below a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Room {
    /// Bytes that are left.
    pub(crate) left: u64,
    /// The limit in bytes.
    pub(crate) limit: u64,
    /// What sets the limit, such as `the memory limit of the control group`.
    pub(crate) by: &'static str,
}

/// The tightest of the process's own limit (`ulimit -v`), the control groups' and the machine's memory; `None` if the
/// system tells none of them.
pub(crate) fn room() -> Option<Room> {
    limits(Path::new("/")).into_iter().flatten().min_by_key(|room| room.left)
}

/// The limit in force, in bytes, if it is below the machine's memory, with what sets it.
pub(crate) fn limit() -> Option<Room> {
    let [own, group, machine] = limits(Path::new("/"));
    let least = [own, group].into_iter().flatten().min_by_key(|room| room.limit)?;
    machine.is_none_or(|machine| least.limit < machine.limit).then_some(least)
}

/// Whether `need` bytes more fit; the error is a sentence that says what does not.
pub(crate) fn fits(need: u64) -> Result<(), String> {
    room().map_or(Ok(()), |room| fits_in(need, &room))
}

fn fits_in(need: u64, room: &Room) -> Result<(), String> {
    if need.saturating_add(need / 10).saturating_add(SPARE) <= room.left {
        return Ok(());
    }
    Err(format!(
        "does not fit in memory: it needs about {}, and {} of {} are left ({})",
        gib(need),
        gib(room.left),
        gib(room.limit),
        room.by
    ))
}

/// The room below the process's own limit, the control groups' and the machine's memory.
fn limits(root: &Path) -> [Option<Room>; 3] {
    let own = address_space().map(|(left, limit)| Room { left, limit, by: "the limit of `ulimit -v`" });
    let group = Groups::of(root).memory();
    let group = group.map(|(left, limit)| Room { left, limit, by: "the memory limit of the control group" });
    [own, group, machine(root)]
}

/// What is left of the limit on the process's address space, and the limit.
fn address_space() -> Option<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a local that outlives the call.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) } != 0;
    if failed || limit.rlim_cur == libc::RLIM_INFINITY {
        return None;
    }
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split_whitespace().next()?.parse().ok()?;
    // SAFETY: takes a plain number.
    let page = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    Some((limit.rlim_cur.saturating_sub(pages.saturating_mul(page)), limit.rlim_cur))
}

/// The machine's memory; unused swap counts, because what fits there does not fail.
fn machine(root: &Path) -> Option<Room> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let field = |name: &str| -> Option<u64> {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(value.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    };
    let left = field("MemAvailable")? + field("SwapFree").unwrap_or(0);
    Some(Room { left, limit: field("MemTotal")?, by: "the machine's memory" })
}

#[cfg(test)]
mod tests {
    use super::{super::test_system::system, *};

    #[test]
    fn what_does_not_fit_says_which_limit_is_in_the_way() {
        let room = Room { left: 3 << 30, limit: 4 << 30, by: "the limit of `ulimit -v`" };
        assert_eq!(fits_in(2 << 30, &room), Ok(()));
        let why = fits_in(3 << 30, &room).unwrap_err();
        assert!(
            why.contains("needs about 3.00 GiB, and 3.00 GiB of 4.00 GiB are left (the limit of"),
            "{why}"
        );
        assert!(fits_in(u64::MAX, &room).is_err());
    }

    #[test]
    fn the_control_group_counts_where_it_is_tighter_than_the_machine() {
        let root = system(&[
            ("proc/self/cgroup", "0::/job\n"),
            ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            (
                "proc/meminfo",
                "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable: 4194304 kB\nSwapFree: 1024 kB\n",
            ),
            ("sys/fs/cgroup/job/memory.max", "1073741824\n"),
        ]);
        let [_, group, machine] = limits(root.path()).map(|room| room.map(|room| (room.left, room.limit)));
        assert_eq!(group, Some((1 << 30, 1 << 30)));
        assert_eq!(machine, Some(((4 << 30) + (1 << 20), 8 << 30)));
    }
}
