//! How this program was started, and how to start it again: as a standalone binary, or as an extension module loaded by
//! a Python interpreter (the wheel).

use std::{
    env,
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context, Result};

/// The interpreter that loaded the extension module.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its executable: Python's `sys.executable`.
    pub python: PathBuf,
    /// The package's `__main__.py`, which starts patchmark as a script.
    pub script: PathBuf,
    /// The command line, with the program's name first: Python's `sys.argv`.
    pub arguments: Vec<OsString>,
}

static HOST: OnceLock<Host> = OnceLock::new();

/// Records that this program runs inside an interpreter; only the first call counts.
pub fn set_host(host: Host) {
    HOST.get_or_init(|| host);
}

/// The interpreter that this program runs in; `None` for a standalone binary.
pub fn host() -> Option<&'static Host> {
    HOST.get()
}

/// The command line, with the program's name first.
pub fn arguments() -> Vec<OsString> {
    host().map_or_else(|| env::args_os().collect(), |host| host.arguments.clone())
}

/// What starts a patchmark: a binary, or an interpreter with the wheel's script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launcher {
    program: PathBuf,
    script: Option<PathBuf>,
}

impl Launcher {
    /// This patchmark itself.
    ///
    /// # Errors
    /// If the system cannot tell the path of this binary.
    pub fn own() -> Result<Self> {
        Ok(match host() {
            Some(host) => Self { program: host.python.clone(), script: Some(host.script.clone()) },
            None => Self::binary(&env::current_exe().context("failed to find patchmark's own binary")?),
        })
    }

    /// Another binary.
    pub fn binary(path: &Path) -> Self {
        Self { program: path.to_owned(), script: None }
    }

    /// Whether both start the same program, byte for byte.
    ///
    /// # Errors
    /// If a program cannot be read.
    pub fn same(&self, other: &Self) -> io::Result<bool> {
        if self.script.is_some() || other.script.is_some() {
            return Ok(self == other);
        }
        // The lengths first, which nearly always differ, because the programs are large.
        Ok(fs::metadata(&self.program)?.len() == fs::metadata(&other.program)?.len()
            && fs::read(&self.program)? == fs::read(&other.program)?)
    }

    /// A command to which patchmark's own arguments are yet to be added.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.script);
        command
    }

    /// The `PYTHONPATH` to start it with, `overlay` first; `None` if the variable must not be set. A wheel keeps the
    /// current value, because Python may have found the wheel itself through it.
    pub fn python_path(&self, overlay: Option<&Path>) -> Option<OsString> {
        let kept = self.script.as_ref().and_then(|_| env::var_os("PYTHONPATH"));
        let paths = overlay.map(Path::to_owned).into_iter().chain(kept.iter().flat_map(env::split_paths));
        // A folder whose name contains the separator cannot be passed to Python at all.
        env::join_paths(paths).ok().filter(|joined| !joined.is_empty())
    }
}

impl fmt::Display for Launcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.script.as_ref().unwrap_or(&self.program).display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_is_started_as_it_is_and_a_wheel_through_its_interpreter() {
        let binary = Launcher::binary(Path::new("/bin/patchmark"));
        assert_eq!(binary.command().get_program(), "/bin/patchmark");
        assert_eq!(binary.command().get_args().count(), 0);
        let wheel =
            Launcher { program: "/bin/python3".into(), script: Some("/site/patchmark/__main__.py".into()) };
        assert_eq!(wheel.command().get_program(), "/bin/python3");
        assert_eq!(wheel.command().get_args().collect::<Vec<_>>(), ["/site/patchmark/__main__.py"]);
    }

    #[test]
    fn programs_are_the_same_if_their_bytes_are() {
        let folder = tempfile::tempdir().unwrap();
        let program = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            Launcher::binary(&path)
        };
        let (one, copy) = (program("one", b"abc"), program("copy", b"abc"));
        assert!(one.same(&copy).unwrap());
        assert!(!one.same(&program("other", b"abd")).unwrap());
        assert!(!one.same(&program("longer", b"abcd")).unwrap());
        assert!(one.same(&Launcher::binary(&folder.path().join("absent"))).is_err());
    }

    #[test]
    fn a_binary_sees_no_python_path_but_the_overlay() {
        let binary = Launcher::binary(Path::new("/bin/patchmark"));
        assert_eq!(binary.python_path(None), None);
        assert_eq!(binary.python_path(Some(Path::new("/overlay"))), Some("/overlay".into()));
    }
}
