//! What coordinator and worker say to each other: JSON in the frames of [`super::frames`], over one socket.
//!
//! Pixels and tensors do not travel in frames: images lie as raw RGB in files that both sides can
//! read, outputs are written as safetensors to a file that the request names.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of the protocol. Both sides must speak the same; they may be two builds of patchmark.
pub const VERSION: u32 = 2;

/// One image of a batch: raw RGB in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageRef {
    /// The file that holds `width · height · 3` bytes.
    pub file: PathBuf,
    /// Where they begin.
    pub offset: u64,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The Pillow mode that the image is given in; `RGB`, `EXIF`, `P-transparent` and Pillow's names.
    pub mode: String,
}

/// The form in which a call hands over its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// What a user of the subject would hold: PIL images for transformers' classes.
    Natural,
    /// A list of PIL images.
    Pil,
    /// One PIL image, not in a list.
    PilSingle,
    /// A list of uint8 tensors `[3, H, W]`.
    Chw,
    /// The same, not contiguous: the permuted view of an array that people write.
    ChwView,
    /// One contiguous tensor `[3, H, W]`.
    ChwSingle,
    /// A list of uint8 arrays `[H, W, 3]`.
    Hwc,
    /// One such array.
    HwcSingle,
    /// One uint8 tensor `[B, 3, H, W]`.
    Stacked,
}

/// Which class a worker serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Class {
    /// transformers' own class of a backend, `torchvision` or `pil`.
    Transformers {
        /// What computes.
        backend: String,
    },
    /// A class of a user's file.
    File {
        /// The absolute path of the file.
        file: PathBuf,
        /// The class's name.
        class: String,
    },
    /// Patchmark's own processors, called from Rust.
    Own {
        /// Their names in the registry; a request that names none is for the first.
        names: Vec<String>,
        /// A preprocessor_config.json with what they compute; none for NaFlex's parameters.
        preprocessor: Option<PathBuf>,
        /// `cpu` or `cuda:N`: where their outputs end.
        device: String,
    },
}

/// Names the subject; the first request, and again where a worker serves several.
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

/// One call of the subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The batch.
    pub images: Vec<ImageRef>,
    /// How it is handed over.
    pub form: Form,
    /// Keyword arguments besides `return_tensors="pt"`; those that the class does not take are left out.
    pub keywords: Map<String, Value>,
    /// Where the tensors are written.
    pub outputs: PathBuf,
    /// Whether keywords reach the subject even where it does not name them.
    pub unfiltered: bool,
    /// Whether process state and inputs are looked at before and after.
    pub probe: bool,
    /// Whether the objects of the call before are used again, with these pixels pasted into them.
    pub mutate: bool,
    /// A name under which the returned object stays alive.
    pub keep: Option<String>,
    /// Which of several processors is called; none for the only one.
    #[serde(default)]
    pub processor: Option<String>,
}

impl Call {
    /// A plain call: in the natural form, without keywords; its side fills in where the tensors go.
    pub fn plain(images: Vec<ImageRef>) -> Self {
        Self {
            images,
            form: Form::Natural,
            keywords: Map::new(),
            outputs: PathBuf::new(),
            unfiltered: false,
            probe: false,
            mutate: false,
            keep: None,
            processor: None,
        }
    }
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
    /// Makes the inputs of a timed call.
    Prepare {
        /// A name for them.
        slot: String,
        /// The batch.
        images: Vec<ImageRef>,
        /// How it is handed over.
        form: Form,
        /// Keyword arguments of the call.
        keywords: Map<String, Value>,
        /// Which of several processors will be called; none for the only one.
        #[serde(default)]
        processor: Option<String>,
    },
    /// Calls with prepared inputs, drops the results, and gives the times.
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
        /// Calls of each thread.
        rounds: usize,
    },
}

/// One value of the returned mapping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its key.
    pub name: String,
    /// `tensor`, or the name of the Python type that it is instead.
    pub kind: String,
    /// torch's name of the dtype, empty where it is no array.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// `cpu` or `cuda`.
    pub device: String,
    /// Whether it is part of an autograd graph.
    pub grad: bool,
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
        /// The class that serves.
        class: String,
        /// Package name to version, empty for a subject without Python.
        versions: BTreeMap<String, String>,
        /// torch's vector level.
        capability: String,
        /// What importing and making it changed in the process.
        state_changes: Vec<String>,
        /// The keyword arguments that it names; none where it takes any.
        accepted: Option<Vec<String>>,
    },
    /// There is no such subject: the user's to mend.
    Unusable {
        /// Why not.
        message: String,
    },
    /// The call returned; its tensors are in the file that the request named.
    Returned {
        /// Whether the result is a mapping at all.
        mapping: bool,
        /// Its values, in its order.
        entries: Vec<Entry>,
        /// Milliseconds that the call took.
        ms: f64,
        /// What it changed in the process.
        state_changes: Vec<String>,
        /// What it did to its inputs.
        input_changes: Vec<String>,
        /// What it was fed, for one of patchmark's own processors.
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
    },
    /// The answer to `Concurrent`.
    Concurrent {
        /// What went wrong, at most one sentence per thread.
        problems: Vec<String>,
    },
    /// Nothing more to say.
    Done,
}
