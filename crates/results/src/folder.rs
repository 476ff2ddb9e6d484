//! A folder that is written whole or not at all, whatever interrupts the writing.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::input_error;

/// How old a killed process's temporary folder must be before it is swept away: process numbers
/// mean nothing between containers that share a disk, and none writes for this long.
const STALE: Duration = Duration::from_secs(600);

/// Where results go: a folder of ours that may be replaced, or none yet.
pub struct Folder {
    parent: PathBuf,
    path: PathBuf,
}

impl Folder {
    /// Looks at `dir`. Unless it is empty or not there, it must hold the file `marker`, which tells
    /// that its contents are patchmark's to replace.
    ///
    /// # Errors
    /// An input error for a folder of other things, or one whose parent cannot be made.
    pub fn find(dir: &Path, marker: &str) -> Result<Self> {
        // The parent of a bare file name is empty, and means the current folder.
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        // An existing folder is resolved, so that a link to it stays and `.` has a name.
        let path = match fs::canonicalize(dir) {
            Ok(path) => path,
            Err(error) if error.kind() == ErrorKind::NotFound => dir.to_owned(),
            Err(error) => return Err(input_error!("cannot look at {}: {error}", dir.display())),
        };
        if fs::symlink_metadata(&path).is_ok() {
            let entries = fs::read_dir(&path)
                .map_err(|error| input_error!("{} is not a folder to write to: {error}", dir.display()))?;
            // A folder of nothing but results, one a size of images, is patchmark's too; they are kept.
            let mut others = entries.flatten().filter(|entry| !entry.path().join(marker).is_file());
            if others.next().is_some() && !path.join(marker).is_file() {
                return Err(input_error!(
                    "{} exists and holds no {marker}, so it is left alone: name a new folder",
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

    /// Whether a temporary folder can be made beside it, or where its parents will stand. Nothing is left:
    /// what is asked for may still turn out wrong elsewhere.
    ///
    /// # Errors
    /// An input error where it cannot.
    pub fn probe(&self) -> Result<()> {
        let standing = self.parent.ancestors().find(|folder| fs::symlink_metadata(folder).is_ok());
        // A relative path's last ancestor is empty, and means the current folder.
        self.sibling(standing.unwrap_or(Path::new("."))).map(drop)
    }

    /// A temporary folder beside it to write to; its parents are made where they are missing.
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

    /// The start of the names of temporary folders, before the process's number.
    fn prefix(&self) -> String {
        format!(".{}.new-", self.path.file_name().unwrap_or(OsStr::new("run")).to_string_lossy())
    }

    fn sibling(&self, parent: &Path) -> Result<TempDir> {
        let prefix = format!("{}{}-", self.prefix(), process::id());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        // A temporary folder is private by default, and this one becomes the run that others read.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        builder
            .tempdir_in(parent)
            .map_err(|error| input_error!("cannot write to the folder {}: {error}", parent.display()))
    }

    /// Removes what processes that were killed left beside the folder. Tidying, so nothing fails.
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

    /// Links the other files of the older folder into the new one, before it takes its place.
    fn link(&self, staging: &Path) -> Result<()> {
        let Ok(entries) = fs::read_dir(&self.path) else { return Ok(()) };
        for entry in entries {
            let entry = entry?;
            let kept = staging.join(entry.file_name());
            if entry.file_type()?.is_file() && fs::symlink_metadata(&kept).is_err() {
                let linked = fs::hard_link(entry.path(), &kept);
                // Some file systems have no links.
                linked.or_else(|_| fs::copy(entry.path(), &kept).map(drop))?;
            }
        }
        Ok(())
    }

    /// Moves the older folder's folders, which cannot be linked, and links to the new one.
    fn carry_over(&self, old: &Path, discarded: &[&str]) -> Result<()> {
        for entry in fs::read_dir(old)? {
            let entry = entry?;
            let kept = self.path.join(entry.file_name());
            if discarded.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if !entry.file_type()?.is_file() && fs::symlink_metadata(&kept).is_err() {
                fs::rename(entry.path(), &kept).with_context(|| format!("keeping {}", kept.display()))?;
            }
        }
        Ok(())
    }
}

/// The new contents of a [`Folder`], not yet in its place; dropping it deletes them.
pub struct Staging {
    folder: Folder,
    dir: TempDir,
    discarded: Vec<&'static str>,
}

impl Staging {
    /// Where files and folders of more than one file can be written before [`Staging::replace`].
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Lets go of the older folder's folder of that name: what it holds belongs to the older result.
    pub fn discard(&mut self, name: &'static str) {
        self.discarded.push(name);
    }

    /// Writes one file.
    ///
    /// # Errors
    /// If the disk does not take it.
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

    /// Puts it in the folder's place in one step. Files of the older folder with other names are kept.
    ///
    /// # Errors
    /// If it cannot be moved; the older folder is then as it was.
    pub fn replace(self) -> Result<()> {
        let Self { folder, dir, discarded } = self;
        sync_below(dir.path()).with_context(|| format!("writing {}", dir.path().display()))?;
        let moved = || format!("moving the new files to {}", folder.path.display());
        if !folder.path.is_dir() {
            fs::rename(dir.path(), &folder.path).with_context(moved)?;
            // It has moved: nothing is left for the guard to delete.
            let _ = dir.keep();
            return Ok(());
        }
        folder.link(dir.path())?;
        exchange(dir.path(), &folder.path).with_context(moved)?;
        // The guard now holds the older folder.
        if let Err(error) = folder.carry_over(dir.path(), &discarded) {
            let kept = dir.keep();
            return Err(error.context(format!("the older files are in {}", kept.display())));
        }
        dir.close().context("deleting the older files")
    }
}

/// Brings the files in the folders below `dir` to the disk; [`Staging::save`] has done so for its own.
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

/// Swaps two folders: at no moment is either name without a complete folder.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        // Some network file systems cannot.
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

/// The swap where there is no single step for it: for a moment `other` is not there.
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
