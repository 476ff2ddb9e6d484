//! One call of a subject, and how it passes its images.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One image of a batch: raw RGB in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageRef {
    /// The file that holds `width · height · 3` bytes.
    pub file: PathBuf,
    /// Where those bytes begin in the file.
    pub offset: u64,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The mode in which the image is passed: one of Pillow's names, `P-transparent` or `EXIF`.
    pub mode: String,
}

/// The form in which a call passes its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// What a user of the subject would pass: PIL images for transformers' classes.
    Natural,
    /// A list of PIL images.
    Pil,
    /// One PIL image, not in a list.
    PilSingle,
    /// A list of uint8 tensors `[3, H, W]`.
    Chw,
    /// The same, not contiguous: permuted views of arrays, as users often write it.
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

/// One call of the subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The batch.
    pub images: Vec<ImageRef>,
    /// How the batch is passed.
    pub form: Form,
    /// Keyword arguments besides `return_tensors="pt"`; those that the class does not accept are left out.
    pub keywords: Map<String, Value>,
    /// Where the tensors are written.
    pub outputs: PathBuf,
    /// Whether keywords are passed even if the subject does not name them.
    pub unfiltered: bool,
    /// Whether process state and inputs are compared before and after the call.
    pub probe: bool,
    /// Whether the image objects of the previous call are used again, with these pixels pasted into them.
    pub mutate: bool,
    /// A name under which the returned object is kept.
    pub keep: Option<String>,
    /// Which of several processors is called; none for the only one.
    #[serde(default)]
    pub processor: Option<String>,
    /// Whether torch computes on one thread, whatever the subject was loaded with; a program keeps its threads.
    #[serde(default)]
    pub one_thread: bool,
}

impl Call {
    /// A plain call: natural form, no keywords. The side that makes it fills in where the tensors are written.
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
            one_thread: false,
        }
    }
}
