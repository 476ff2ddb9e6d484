//! A subject's worker, which processors that differ in parameters share, and the images that it can read.

use std::{
    cell::{Cell, RefCell},
    fs,
    path::PathBuf,
    rc::Rc,
    sync::{Arc, Weak},
};

use anyhow::Result;
use tempfile::TempDir;

use crate::{
    worker::{images::write_image, protocol::ImageRef, side::Side},
    workload::DecodedImage,
};

/// A subject's worker, and the images that it can read.
pub(super) struct Shared {
    pub(super) side: RefCell<Side>,
    /// The beginning of the images' paths.
    images: PathBuf,
    written: RefCell<Vec<(Weak<DecodedImage>, ImageRef)>>,
    /// Names given so far, of files and of prepared batches.
    named: Cell<usize>,
    /// Removed with the last worker that uses it.
    _folder: Rc<TempDir>,
}

impl Shared {
    pub(super) fn new(side: Side, images: PathBuf, folder: Rc<TempDir>) -> Self {
        Self {
            side: RefCell::new(side),
            images,
            written: RefCell::default(),
            named: Cell::new(0),
            _folder: folder,
        }
    }

    pub(super) fn next(&self) -> usize {
        self.named.replace(self.named.get() + 1)
    }

    /// The images in files, each written once and removed once nobody else has it.
    pub(super) fn files(&self, images: &[Arc<DecodedImage>]) -> Result<Vec<ImageRef>> {
        let mut written = self.written.borrow_mut();
        written.retain(|(image, file)| {
            let used = image.strong_count() > 0;
            if !used {
                // What cannot be removed now is removed with the folder.
                drop(fs::remove_file(&file.file));
            }
            used
        });
        let mut files = Vec::with_capacity(images.len());
        for image in images {
            let known = written.iter().find(|(known, _)| std::ptr::eq(known.as_ptr(), Arc::as_ptr(image)));
            files.push(match known {
                Some((_, file)) => file.clone(),
                None => {
                    let mut path = self.images.clone().into_os_string();
                    path.push(format!("-{}", self.next()));
                    let file = write_image(image, path.into())?;
                    written.push((Arc::downgrade(image), file.clone()));
                    file
                }
            });
        }
        Ok(files)
    }
}
