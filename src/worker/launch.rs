//! How a worker's process is started: its program, its environment and its release of transformers.

use std::{
    env,
    ffi::OsString,
    os::{fd::RawFd, unix::process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::limits;
use crate::program::Launcher;

/// How a worker is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The patchmark that serves.
    pub program: Launcher,
    /// A folder that comes before the environment's packages, with another release of transformers.
    pub overlay: Option<PathBuf>,
    /// Whether its allocator, if it is glibc's, keeps freed memory for the process. By default, the order in which a process
    /// allocates and frees decides whether a batch's memory goes back to the system after a call, and the next call pays for
    /// it with page faults. Two processes of one class can differ by 25% for that reason, as long as they live.
    pub keep_memory: bool,
}

impl Launch {
    /// The command that runs a worker in a process group of its own: without a network, and with the release that it names.
    pub(super) fn command(&self, socket: RawFd, token: &str, temporary: &Path) -> Command {
        let mut command = self.program.command();
        command
            .args(["worker", "--socket", &socket.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env(limits::TOKEN, token)
            .env("TMPDIR", temporary)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("HF_HUB_OFFLINE", "1")
            .env("TRANSFORMERS_OFFLINE", "1")
            .env_remove("PYTHONPATH")
            .process_group(0);
        if let Some(path) = self.program.python_path(self.overlay.as_deref()) {
            command.env("PYTHONPATH", path);
        }
        if self.keep_memory {
            // 32 MiB is the largest block that glibc allows in its heap. What the user has set comes last and so counts.
            let mut tunables =
                OsString::from("glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1073741824");
            if let Some(own) = env::var_os("GLIBC_TUNABLES") {
                tunables.push(":");
                tunables.push(own);
            }
            command.env("GLIBC_TUNABLES", tunables);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allocator_keeps_freed_memory_only_where_that_is_asked_for() {
        let tunables = |keep_memory| {
            let launch =
                Launch { program: Launcher::binary(Path::new("patchmark")), overlay: None, keep_memory };
            let command = launch.command(3, "token", Path::new("/tmp"));
            let value = command.get_envs().find(|(name, _)| *name == "GLIBC_TUNABLES");
            value.map(|(_, value)| value.unwrap_or_default().to_owned())
        };
        assert!(tunables(true).unwrap().to_string_lossy().contains("glibc.malloc.trim_threshold="));
        assert_eq!(tunables(false), None);
    }
}
