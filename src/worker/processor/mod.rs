//! Subjects in workers in place of processors, for commands that run processors in turn.

mod in_worker;
mod inputs;
mod shared;

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use anyhow::{Context, Result};
use tempfile::TempDir;

use self::{in_worker::InWorker, shared::Shared};
use super::{
    side::{Options, side},
    subject::Subject,
};
use crate::processor::{Parameters, Processor};

/// Makes processors of subjects. Processors of one subject share its worker.
pub struct Processors {
    options: Options,
    folder: Rc<TempDir>,
    workers: RefCell<HashMap<String, Rc<Shared>>>,
}

impl Processors {
    /// There are no workers until there is a processor.
    ///
    /// # Errors
    /// If no temporary folder can be made.
    pub fn new(options: Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("patchmark-subjects-").tempdir();
        let folder = folder.context("failed to make a temporary folder for the images of workers")?;
        Ok(Self { options, folder: Rc::new(folder), workers: RefCell::default() })
    }

    /// The subject as a processor with these parameters; its worker starts to load at once.
    ///
    /// # Errors
    /// An input error if there is no such class or release, and an error if no worker can be started.
    pub fn make(&self, subject: &Subject, parameters: &Parameters) -> Result<Box<dyn Processor>> {
        let name = subject.to_string();
        let mut workers = self.workers.borrow_mut();
        let worker = match workers.get(&name) {
            Some(worker) => Rc::clone(worker),
            None => {
                let number = workers.len();
                let outputs = self.folder.path().join(format!("outputs-{number}"));
                let mut side = side(subject, &self.options, outputs)?;
                side.start()?;
                let images = self.folder.path().join(format!("image-{number}"));
                let worker = Rc::new(Shared::new(side, images, Rc::clone(&self.folder)));
                workers.insert(name.clone(), Rc::clone(&worker));
                worker
            }
        };
        let form = if subject.is_python() { "PIL" } else { "HWC" };
        Ok(Box::new(InWorker::new(name, form, parameters.keywords(), worker)))
    }

    /// Waits until all subjects are loaded, so that one which does not exist is refused before anything is measured.
    ///
    /// # Errors
    /// An input error if there is no such class or program. A subject that fails otherwise fails each batch.
    pub fn wait(&self) -> Result<()> {
        for worker in self.workers.borrow().values() {
            worker.side.borrow_mut().make()?;
        }
        Ok(())
    }
}
