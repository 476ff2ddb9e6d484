//! The command of a program: split as a shell would, and found as a shell would, but run without one.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{self, Path, PathBuf},
};

use anyhow::Result;
use patchmark_results::input_error;

/// The program's absolute path and its arguments; `subject` is what the user wrote.
///
/// # Errors
/// An input error that names the subject if the command is empty, has an open quote, or names no program.
pub(in crate::worker) fn words(subject: &str, command: &str) -> Result<Vec<String>> {
    let mut words = shell_words::split(command)
        .map_err(|error| input_error!("{subject}: {error}; write exec:COMMAND as in a shell"))?;
    let Some(name) = words.first_mut() else {
        return Err(input_error!("{subject:?} does not name a program; write exec:COMMAND"));
    };
    let found = find(name).map_err(|why| input_error!("{subject}: {why}"))?;
    // Symbolic links are not followed: Python finds its environment by the path that it is started with.
    let found = path::absolute(&found).unwrap_or(found);
    let Ok(found) = found.into_os_string().into_string() else {
        return Err(input_error!("{subject}: the program's path is not UTF-8"));
    };
    *name = found;
    Ok(words)
}

/// Finds a program by its path, or by its name in `PATH`; the error says why there is none.
fn find(name: &str) -> std::result::Result<PathBuf, String> {
    if name.contains('/') {
        let path = PathBuf::from(name);
        return match fs::metadata(&path) {
            Err(error) => Err(format!("{name} cannot be started: {error}")),
            Ok(found) if !found.is_file() => Err(format!("{name} is not a file")),
            Ok(_) if !is_program(&path) => Err(format!("{name} is not executable; try chmod +x {name}")),
            Ok(_) => Ok(path),
        };
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| is_program(path));
    found.ok_or_else(|| {
        let here = if Path::new(name).is_file() {
            format!("; write ./{name} for the one here")
        } else {
            String::new()
        };
        format!("there is no program {name} in PATH{here}")
    })
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
