//! A folder that is written completely or not at all, even if the process is killed while it writes.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{input_error, journal::is_journal};

/// The age from which a killed process's temporary folder is removed. The process id alone does not show that the process
/// is gone, since containers that share a disk have ids of their own; but no process writes for this long.
const STALE: Duration = Duration::from_secs(600);

/// Where a result goes: a folder of patchmark's that may be replaced, or one that is empty or does not exist yet.
pub struct Folder {
    parent: PathBuf,
    path: PathBuf,
}

impl Folder {
    /// Checks `dir`. Unless it is empty or missing, it must hold the file `marker`, which shows that
    /// patchmark may replace its contents.
    ///
    /// # Errors
    /// An input error for a path that is not a folder, holds other things or cannot be replaced as a whole.
    pub fn find(dir: &Path, marker: &str) -> Result<Self> {
        // The parent of a bare file name is empty, and means the current folder.
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        // An existing folder is resolved, so that a link to it is kept and `.` has a name.
        let path = match fs::canonicalize(dir) {
            Ok(path) => path,
            Err(error) if error.kind() == ErrorKind::NotFound => dir.to_owned(),
            Err(error) => return Err(input_error!("cannot access {}: {error}", dir.display())),
        };
        if fs::symlink_metadata(&path).is_ok() {
            let entries = fs::read_dir(&path).map_err(|error| {
                input_error!("{} is not a folder that can be written to: {error}", dir.display())
            })?;
            // A folder that holds only results, one per image size, is patchmark's too; they are kept.
            let mut others = entries.flatten().filter(|entry| {
                !entry.path().join(marker).is_file() && !is_journal(&entry.file_name().to_string_lossy())
            });
            if others.next().is_some() && !path.join(marker).is_file() {
                return Err(input_error!(
                    "{} exists but holds no {marker}, so it is not replaced: name a new folder",
                    dir.display()
                ));
            }
        }
        let (Some(parent), Some(_)) = (path.parent(), path.file_name()) else {
            return Err(input_error!("{} cannot be replaced as a whole: name a new folder", dir.display()));
        };
        let parent = if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() };
        Ok(Self { parent, path })
    }

    /// Checks that a temporary folder can be created beside it, or in the nearest parent that exists. Nothing
    /// is left behind, since the command may still fail for another reason.
    ///
    /// # Errors
    /// An input error if it cannot.
    pub fn probe(&self) -> Result<()> {
        let standing = self.parent.ancestors().find(|folder| fs::symlink_metadata(folder).is_ok());
        // A relative path's last ancestor is empty, and means the current folder.
        self.sibling(standing.unwrap_or(Path::new("."))).map(drop)
    }

    /// A temporary folder beside it to write to; missing parents are created.
    ///
    /// # Errors
    /// As for [`Folder::probe`].
    pub fn staging(self) -> Result<Staging> {
        fs::create_dir_all(&self.parent)
            .map_err(|error| input_error!("cannot create the folder {}: {error}", self.parent.display()))?;
        self.sweep();
        let dir = self.sibling(&self.parent)?;
        Ok(Staging { folder: self, dir, discarded: Vec::new() })
    }

    /// The start of a temporary folder's name, before the process id.
    fn prefix(&self) -> String {
        format!(".{}.new-", self.path.file_name().unwrap_or(OsStr::new("run")).to_string_lossy())
    }

    fn sibling(&self, parent: &Path) -> Result<TempDir> {
        let prefix = format!("{}{}-", self.prefix(), process::id());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        // A temporary folder is private by default, but this one becomes the result that others read.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        builder
            .tempdir_in(parent)
            .map_err(|error| input_error!("cannot write to the folder {}: {error}", parent.display()))
    }

    /// Removes what killed processes left beside the folder. Errors are ignored, since nothing depends on it.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.parent) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(&self.prefix())?.split('-').next());
            let Some(owner) = owner.filter(|owner| owner.parse::<u32>().is_ok()) else { continue };
            let dead = Path::new("/proc/self").exists() && !Path::new("/proc").join(owner).exists();
            let age = entry.metadata().and_then(|data| data.modified()).map(|time| time.elapsed());
            let old = matches!(age, Ok(Ok(age)) if age > STALE);
            if dead && old && self.carry_over(&entry.path(), &[]).is_ok() {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Hard-links the old folder's other files into the new folder before the two are swapped.
    fn link(&self, staging: &Path, discarded: &[String]) -> Result<()> {
        let Ok(entries) = fs::read_dir(&self.path) else { return Ok(()) };
        for entry in entries {
            let entry = entry?;
            let kept = staging.join(entry.file_name());
            if is_one_of(&entry.file_name(), discarded) {
                continue;
            }
            if entry.file_type()?.is_file() && fs::symlink_metadata(&kept).is_err() {
                let linked = fs::hard_link(entry.path(), &kept);
                // Some file systems have no hard links.
                linked.or_else(|_| fs::copy(entry.path(), &kept).map(drop))?;
            }
        }
        Ok(())
    }

    /// Moves the old folder's subfolders and symbolic links, which cannot be hard-linked, to the new folder.
    fn carry_over(&self, old: &Path, discarded: &[String]) -> Result<()> {
        for entry in fs::read_dir(old)? {
            let entry = entry?;
            let kept = self.path.join(entry.file_name());
            if is_one_of(&entry.file_name(), discarded) {
                continue;
            }
            if !entry.file_type()?.is_file() && fs::symlink_metadata(&kept).is_err() {
                fs::rename(entry.path(), &kept).with_context(|| format!("keeping {}", kept.display()))?;
            }
        }
        Ok(())
    }
}

fn is_one_of(name: &OsStr, names: &[String]) -> bool {
    names.iter().any(|one| name == OsStr::new(one))
}

/// The new contents of a [`Folder`], not yet in place; dropping this deletes them.
pub struct Staging {
    folder: Folder,
    dir: TempDir,
    discarded: Vec<String>,
}

impl Staging {
    /// The temporary folder, where other files and subfolders can be written before [`Staging::replace`].
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Does not keep the old folder's file or subfolder of that name, which belongs to the old result.
    pub fn discard(&mut self, name: impl Into<String>) {
        self.discarded.push(name.into());
    }

    /// Writes one file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.dir.path().join(name);
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&path)?;
            file.write_all(bytes)?;
            // The rename must not reach the disk before the contents.
            file.sync_all()
        };
        write().with_context(|| format!("writing {}", path.display()))
    }

    /// Puts it in the folder's place in one step. Files of the old folder with other names are kept.
    ///
    /// # Errors
    /// If it cannot be moved; the old folder is then unchanged.
    pub fn replace(self) -> Result<()> {
        let Self { folder, dir, discarded } = self;
        sync_below(dir.path()).with_context(|| format!("writing {}", dir.path().display()))?;
        let moved = || format!("moving the new files to {}", folder.path.display());
        if !folder.path.is_dir() {
            fs::rename(dir.path(), &folder.path).with_context(moved)?;
            // The folder has moved, so the guard has nothing to delete.
            let _ = dir.keep();
            return Ok(());
        }
        folder.link(dir.path(), &discarded)?;
        let here = env::current_dir().ok().filter(|here| here.starts_with(&folder.path));
        exchange(dir.path(), &folder.path).with_context(moved)?;
        if let Some(here) = here {
            // Relative paths would otherwise lead into the old folder. It fails if the current folder is not kept.
            let _ = env::set_current_dir(here);
        }
        // The guard now holds the old folder.
        if let Err(error) = folder.carry_over(dir.path(), &discarded) {
            let kept = dir.keep();
            return Err(error.context(format!("the old files are in {}", kept.display())));
        }
        dir.close().context("deleting the old files")
    }
}

/// Syncs the files in subfolders of `dir` to disk; [`Staging::save`] has already synced its own.
fn sync_below(dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        for inner in fs::read_dir(&path)? {
            let inner = inner?.path();
            if inner.is_file() {
                File::open(inner)?.sync_all()?;
            }
        }
        sync_below(&path)?;
    }
    Ok(())
}

/// Swaps two folders in one step, so that either name always refers to a complete folder.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        // Some network file systems cannot swap.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            by_turns(one, other)
        }
        result => Ok(result?),
    }
}

#[cfg(not(target_os = "linux"))]
fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    by_turns(one, other)
}

/// The swap on systems without a single step for it: for a moment `other` does not exist.
fn by_turns(one: &Path, other: &Path) -> std::io::Result<()> {
    let aside = one.with_extension("aside");
    fs::rename(other, &aside)?;
    if let Err(error) = fs::rename(one, other) {
        fs::rename(&aside, other)?;
        return Err(error);
    }
    fs::rename(&aside, one)
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
