//! The messages between coordinator and worker: JSON in the frames of `frames`, over one socket.
//!
//! Pixels and tensors are not sent in frames: images are raw RGB in files that both sides can read, and outputs are
//! written as safetensors to a file that the request names.

mod call;

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use call::{Call, Form, ImageRef};

/// The version of the protocol. Both sides, which may be two builds of patchmark, must speak the same version.
pub const VERSION: u32 = 2;

/// Which class a worker serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Class {
    /// transformers' own class of a backend, `torchvision` or `pil`.
    Transformers {
        /// The library that computes.
        backend: String,
    },
    /// A class in a user's file.
    File {
        /// The absolute path of the file.
        file: PathBuf,
        /// The class's name.
        class: String,
    },
    /// A program that speaks the subject protocol.
    Exec {
        /// The subject, as the user named it.
        command: String,
        /// The program, by an absolute path, and its arguments.
        words: Vec<String>,
        /// The user's `PYTHONPATH`, which the worker itself must not have.
        python_path: Option<PathBuf>,
    },
    /// Patchmark's own processors, called from Rust.
    Own {
        /// Their names in the registry; a request that names no processor is for the first.
        names: Vec<String>,
        /// A `preprocessor_config.json` with their parameters; none for NaFlex's.
        preprocessor: Option<PathBuf>,
        /// `cpu` or `cuda:N`: the device of their outputs.
        device: String,
    },
}

/// Names the subject. It is the first request, and is sent again if a worker serves several subjects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// What to make.
    #[serde(flatten)]
    pub class: Class,
    /// What `natural` means for this subject.
    pub form: Form,
    /// Keyword arguments of the constructor.
    pub parameters: Map<String, Value>,
    /// Threads of torch and of the subject.
    pub threads: usize,
    /// Bytes of address space that the worker may add after its libraries are loaded.
    pub memory: u64,
}

/// What the coordinator asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "op")]
pub enum Request {
    /// See [`Load`].
    Load(Load),
    /// See [`Call`].
    Call(Call),
    /// Writes the tensors of an object kept by an earlier call, as they are now.
    Dump {
        /// The name given in [`Call::keep`].
        slot: String,
        /// Where the tensors are written.
        outputs: PathBuf,
    },
    /// Runs Python code that makes an instance of `Processor`, the subject's class, and leaves the result of a call in
    /// `outputs`.
    Use {
        /// The code.
        code: String,
        /// Where the tensors are written.
        outputs: PathBuf,
    },
    /// Makes the inputs of a timed call.
    Prepare {
        /// A name for them.
        slot: String,
        /// The batch.
        images: Vec<ImageRef>,
        /// How the batch is passed.
        form: Form,
        /// Keyword arguments of the call.
        keywords: Map<String, Value>,
        /// Which of several processors will be called; none for the only one.
        #[serde(default)]
        processor: Option<String>,
    },
    /// Calls the subject with prepared inputs, drops the results, and returns the times.
    Time {
        /// The name given in `Prepare`.
        slot: String,
        /// How many calls.
        calls: usize,
    },
    /// Calls one instance from as many threads as there are batches.
    Concurrent {
        /// One per thread.
        batches: Vec<Vec<ImageRef>>,
        /// Calls per thread.
        rounds: usize,
    },
}

/// One value of the returned mapping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its key.
    pub name: String,
    /// `tensor`, or the name of its Python type; of a list also its members': `list of Tensor`.
    pub kind: String,
    /// torch's name of the dtype; empty if it is not an array.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// `cpu` or `cuda`.
    pub device: String,
    /// Whether it is part of an autograd graph.
    pub grad: bool,
    /// What it is as text, if it is not an array.
    #[serde(default)]
    pub text: String,
}

/// What a worker answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Reply {
    /// The first frame of a worker.
    Hello {
        /// [`VERSION`] of the worker.
        version: u32,
        /// The commit that it was built from.
        #[serde(default)]
        commit: String,
    },
    /// The subject is ready.
    Loaded {
        /// The class that was made.
        class: String,
        /// Package name to version, empty for a subject without Python.
        versions: BTreeMap<String, String>,
        /// torch's vector level.
        capability: String,
        /// What importing and making it changed in the process.
        state_changes: Vec<String>,
        /// The keyword arguments that it names; none if it accepts any.
        accepted: Option<Vec<String>>,
        /// The keyword arguments that it names, with the values that it has if they are not given.
        #[serde(default)]
        signature: Map<String, Value>,
        /// The process in which it runs, if that is not the worker.
        program: Option<u32>,
    },
    /// There is no such subject; the user has to name another.
    Unusable {
        /// Why not.
        message: String,
    },
    /// The call returned; its tensors are in the file that the request named.
    Returned {
        /// Whether the result is a mapping at all.
        mapping: bool,
        /// Its values, in the mapping's order.
        entries: Vec<Entry>,
        /// Milliseconds that the call took.
        ms: f64,
        /// What it changed in the process.
        state_changes: Vec<String>,
        /// What it changed in its inputs.
        input_changes: Vec<String>,
        /// The form that it was fed, for one of patchmark's own processors.
        #[serde(default)]
        feed: String,
    },
    /// The call raised.
    Raised {
        /// The exception's class.
        kind: String,
        /// Its class and message.
        message: String,
        /// The end of its traceback.
        traceback: String,
    },
    /// The answer to `Time`.
    Timed {
        /// Milliseconds of each call.
        ms: Vec<f64>,
        /// For a program, the milliseconds that the whole request took beside these.
        #[serde(skip_serializing_if = "Option::is_none")]
        border_ms: Option<f64>,
    },
    /// The subject's program ended or broke its protocol: the worker is of no more use.
    Lost {
        /// The end of a sentence on the worker that says what happened.
        what: String,
    },
    /// The answer to `Concurrent`.
    Concurrent {
        /// What went wrong, at most one sentence per thread.
        problems: Vec<String>,
    },
    /// The request was carried out and has no result.
    Done,
}
