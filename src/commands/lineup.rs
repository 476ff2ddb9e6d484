//! The processors that `--processors` names: patchmark's own, and subjects that run in workers.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use patchmark_results::{input_error, subjects};
use tch::Device;

use crate::{
    interrupt::Interrupt,
    processor::{self, Parameters, Processor},
    program::Launcher,
    worker::{Limits, Options, Processors, Subject},
};

/// How long a request may take: thousands of images take minutes, and a subject that hangs must end its row some time.
const CALL: Duration = Duration::from_secs(600);

/// A processor by name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// One that runs in this process.
    Own(&'static str),
    /// One that runs in a worker.
    Subject(Subject),
}

/// Processors by name, in the order given.
#[derive(Debug)]
pub(super) struct Lineup {
    named: Vec<Named>,
    device: Device,
}

impl Lineup {
    /// Parses names and subjects that are separated by commas. `all` stands for the processors that are useful on
    /// `device`. A comma in quotes does not separate.
    ///
    /// # Errors
    /// An input error for an unknown, repeated or missing name, and for one that cannot run with `device`.
    pub(super) fn parse(list: &str, device: Device) -> Result<Self> {
        let mut named: Vec<Named> = Vec::new();
        for given in separated(list) {
            if !subjects::in_worker(given) {
                named.extend(processor::parse_names(given, device)?.into_iter().map(Named::Own));
                continue;
            }
            if device != Device::Cpu {
                return Err(input_error!(
                    "{given} runs in a worker process on the CPU; leave it out, or give --device cpu"
                ));
            }
            named.push(Named::Subject(Subject::parse(given)?));
        }
        for (index, one) in named.iter().enumerate() {
            if named[..index].iter().any(|other| other.same(one)) {
                return Err(input_error!("processor {} is named twice", one.name()));
            }
        }
        Ok(Self { named, device })
    }

    /// The names, in order.
    pub(super) fn names(&self) -> Vec<String> {
        self.named.iter().map(Named::name).collect()
    }

    /// What makes the processors; workers start with them.
    ///
    /// # Errors
    /// If no temporary folder can be made.
    pub(super) fn maker(&self, threads: usize, interrupt: &Arc<Interrupt>) -> Result<Maker<'_>> {
        let options = Options {
            program: Launcher::own()?,
            // Batch sizes that do not fit are left out before they are tried.
            limits: Limits { call: CALL, memory: u64::MAX, ..Limits::default() },
            threads,
            keep_memory: false,
            interrupt: Arc::clone(interrupt),
        };
        Ok(Maker { lineup: self, workers: Processors::new(options)?, threads })
    }
}

impl Named {
    fn name(&self) -> String {
        match self {
            Self::Own(name) => (*name).to_owned(),
            Self::Subject(subject) => subject.to_string(),
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Subject(one), Self::Subject(other)) => one.same(other),
            _ => self == other,
        }
    }
}

/// Makes the processors of a lineup.
pub(super) struct Maker<'a> {
    lineup: &'a Lineup,
    workers: Processors,
    threads: usize,
}

impl Maker<'_> {
    /// One processor with each set of parameters, in the lineup's order.
    ///
    /// # Errors
    /// An input error for parameters that are not supported, or a class or release that does not exist.
    pub(super) fn make(&self, parameters: &Parameters) -> Result<Vec<Box<dyn Processor>>> {
        let device = self.lineup.device;
        let make = |named: &Named| match named {
            Named::Own(name) => processor::create_or_explain(name, parameters, device, self.threads),
            Named::Subject(subject) => self.workers.make(subject, parameters),
        };
        self.lineup.named.iter().map(make).collect()
    }

    /// Waits until all workers have loaded their subjects.
    ///
    /// # Errors
    /// An input error if there is no such class or program.
    pub(super) fn wait(&self) -> Result<()> {
        self.workers.wait()
    }
}

/// The parts of a list between commas, each without space around it; quotes, which stay, hide commas as in a shell.
fn separated(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote, mut escaped) = (Vec::new(), 0, None, false);
    for (index, letter) in list.char_indices() {
        match (letter, quote) {
            _ if escaped => escaped = false,
            ('\\', None | Some('"')) => escaped = true,
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            (',', None) => {
                parts.push(list[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_separate_unless_they_are_quoted() {
        assert_eq!(separated("hf, batched"), ["hf", "batched"]);
        assert_eq!(separated(""), [""]);
        assert_eq!(separated("exec:'a,b' -x \"c,'d\",hf"), ["exec:'a,b' -x \"c,'d\"", "hf"]);
        assert_eq!(separated(r"exec:a\,b,hf"), [r"exec:a\,b", "hf"]);
        assert_eq!(separated("exec:it\\'s,hf"), ["exec:it\\'s", "hf"]);
    }

    #[test]
    fn own_names_and_subjects_keep_their_order() {
        let list = "transformers==4.57.6,fused,exec:sh -c 'exit 1,2',hf";
        let lineup = Lineup::parse(list, Device::Cpu).unwrap();
        assert_eq!(lineup.names(), ["transformers==4.57.6", "fused", "exec:sh -c 'exit 1,2'", "hf"]);
        assert!(Lineup::parse("all,exec:sh", Device::Cpu).unwrap().names().len() > 5);
    }

    #[test]
    fn what_cannot_be_measured_is_refused_by_name() {
        for (list, named) in [
            ("hf,quick", "\"quick\""),
            ("hf,hf", "hf is named twice"),
            ("all,hf", "hf is named twice"),
            ("exec:sh,exec: sh", "exec: sh is named twice"),
            ("hf,exec:", "exec:COMMAND"),
            ("hf,", "\"\""),
            ("python:none.py:C,hf", "none.py"),
        ] {
            let error = Lineup::parse(list, Device::Cpu).unwrap_err();
            assert!(error.is::<patchmark_results::InputError>(), "{list}");
            assert!(error.to_string().contains(named), "{list}: {error}");
        }
        let error = Lineup::parse("exec:sh", Device::Cuda(0)).unwrap_err();
        assert!(error.to_string().contains("--device cpu"), "{error}");
    }
}
