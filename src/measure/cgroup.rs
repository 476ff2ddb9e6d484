//! The control groups that this process is in, from its own up to the root: each may limit it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folders of the groups, own first.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    /// Of the unified hierarchy (version 2).
    unified: Vec<PathBuf>,
    /// Of version 1's hierarchy for memory.
    memory: Vec<PathBuf>,
    /// Of version 1's hierarchy for CPU time.
    cpu: Vec<PathBuf>,
}

impl Groups {
    /// The groups of this process, in a file system with that root: `/` except in tests.
    pub(super) fn of(root: &Path) -> Self {
        let read = |file: &str| fs::read_to_string(root.join(file)).unwrap_or_default();
        let (own, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
        let folders = |version: u32, controller: &str| folders(root, &own, &mounts, version, controller);
        Self { unified: folders(2, ""), memory: folders(1, "memory"), cpu: folders(1, "cpu") }
    }

    /// The least memory that any group leaves, with that group's limit, in bytes. Cached files do not count as used,
    /// because the system drops them when memory is short.
    pub(super) fn memory(&self) -> Option<(u64, u64)> {
        let left = |folder: &PathBuf, limit: &str, used: &str, cached: [&str; 2]| {
            let limit = number(folder, limit)?;
            let used = number(folder, used).unwrap_or(0);
            let cached: u64 = cached.iter().filter_map(|key| field(folder, "memory.stat", key)).sum();
            Some((limit.saturating_sub(used.saturating_sub(cached)), limit))
        };
        let unified = self.unified.iter().filter_map(|folder| {
            left(folder, "memory.max", "memory.current", ["inactive_file", "active_file"])
        });
        let separate = self.memory.iter().filter_map(|folder| {
            let cached = ["total_inactive_file", "total_active_file"];
            left(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", cached)
        });
        // Version 1 says "no limit" with a number next to the largest.
        unified.chain(separate).filter(|(_, limit)| *limit < 1 << 60).min()
    }

    /// The smallest quota of any group, in CPUs.
    pub(super) fn cpu_quota(&self) -> Option<f64> {
        let unified = self.unified.iter().filter_map(|folder| {
            let text = fs::read_to_string(folder.join("cpu.max")).ok()?;
            let (quota, period) = text.trim().split_once(' ')?;
            quotient(quota.parse().ok()?, period.parse().ok()?)
        });
        let separate = self.cpu.iter().filter_map(|folder| {
            // No quota is −1, which is no unsigned number.
            quotient(number(folder, "cpu.cfs_quota_us")?, number(folder, "cpu.cfs_period_us")?)
        });
        unified.chain(separate).min_by(f64::total_cmp)
    }

    /// How often any group was throttled because it had used up its quota.
    pub(super) fn throttled_periods(&self) -> u64 {
        let folders = self.unified.iter().chain(&self.cpu);
        folders.filter_map(|folder| field(folder, "cpu.stat", "nr_throttled")).sum()
    }
}

fn quotient(quota: u64, period: u64) -> Option<f64> {
    (period > 0).then(|| quota as f64 / period as f64)
}

/// The number in a file; `None` if it holds none, such as `max`.
fn number(folder: &Path, file: &str) -> Option<u64> {
    fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()
}

/// A line's number in a file of names and numbers.
fn field(folder: &Path, file: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(folder.join(file)).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))?;
    value.trim().parse().ok()
}

/// The own group's folder and its ancestors', as far as they are mounted.
fn folders(root: &Path, own: &str, mounts: &str, version: u32, controller: &str) -> Vec<PathBuf> {
    let group = own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        // The unified hierarchy has no controllers in this list.
        controllers.split(',').any(|each| each == controller).then_some(path)
    });
    let mount = mounts.lines().find_map(|line| {
        let (place, what) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let (top, point) = (place.next()?, place.next()?);
        let mut what = what.split(' ');
        let (kind, options) = (what.next()?, what.nth(1).unwrap_or_default());
        let fits = match version {
            2 => kind == "cgroup2",
            _ => kind == "cgroup" && options.split(',').any(|each| each == controller),
        };
        fits.then_some((top, point))
    });
    let (Some(group), Some((top, point))) = (group, mount) else { return Vec::new() };
    let point = root.join(point.trim_start_matches('/'));
    // In a container the mount may begin at a group below the system's root, or the group may lie outside the mount.
    let below = Path::new(group).strip_prefix(top).unwrap_or(Path::new(""));
    let below = if below.components().any(|part| part.as_os_str() == "..") { Path::new("") } else { below };
    below.ancestors().map(|group| point.join(group)).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::test_system::system, *};

    const UNIFIED: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn the_tightest_of_all_ancestors_counts() {
        let root = system(&[
            ("proc/self/cgroup", "0::/a/b/c\n"),
            ("proc/self/mountinfo", UNIFIED),
            ("sys/fs/cgroup/a/memory.max", "1000\n"),
            ("sys/fs/cgroup/a/memory.current", "700\n"),
            ("sys/fs/cgroup/a/memory.stat", "anon 200\nfile 500\ninactive_file 300\nactive_file 100\n"),
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("sys/fs/cgroup/a/b/c/memory.max", "900\n"),
            ("sys/fs/cgroup/a/b/c/memory.current", "100\n"),
            ("sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n"),
            ("sys/fs/cgroup/a/cpu.stat", "usage_usec 1\nnr_periods 9\nnr_throttled 3\n"),
            ("sys/fs/cgroup/a/b/c/cpu.stat", "nr_throttled 4\n"),
        ]);
        let groups = Groups::of(root.path());
        assert_eq!(groups.memory(), Some((700, 1000)), "300 of the 700 bytes that are used");
        assert_eq!(groups.cpu_quota(), Some(1.5));
        assert_eq!(groups.throttled_periods(), 7);
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let mount = UNIFIED.replace(" / /sys", " /docker/1 /sys");
        let root = system(&[
            ("proc/self/cgroup", "0::/docker/1/job\n"),
            ("proc/self/mountinfo", &mount),
            ("sys/fs/cgroup/memory.max", "5000\n"),
            ("sys/fs/cgroup/job/memory.max", "max\n"),
        ]);
        assert_eq!(Groups::of(root.path()).memory(), Some((5000, 5000)));
    }

    #[test]
    fn version_1_is_read_too_and_its_huge_number_is_no_limit() {
        let mounts = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                      35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let root = system(&[
            ("proc/self/cgroup", "4:memory:/job\n1:cpu:/job\n0::/\n"),
            ("proc/self/mountinfo", mounts),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "3000\n"),
            ("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "1000\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n"),
        ]);
        let groups = Groups::of(root.path());
        assert_eq!((groups.memory(), groups.cpu_quota()), (Some((2000, 3000)), Some(0.5)));
    }

    #[test]
    fn a_system_without_groups_has_no_limits() {
        let root = system(&[]);
        let groups = Groups::of(root.path());
        assert_eq!((groups.memory(), groups.cpu_quota(), groups.throttled_periods()), (None, None, 0));
    }
}
