//! What coordinator and worker say to each other: length-framed JSON over one socket.
//!
//! Pixels and tensors do not travel in frames: images lie as raw RGB in files that both sides can
//! read, outputs are written as safetensors to a file that the request names.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    path::PathBuf,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Both sides must speak the same; the coordinator starts its own binary, so a mismatch is a fault.
pub const VERSION: u32 = 1;

/// Longest frame that is read, so that a candidate that writes to the socket cannot fill memory.
const MAX_FRAME: u32 = 16 << 20;

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
    /// One of patchmark's own processors, without Python.
    Own {
        /// Its name in the registry.
        name: String,
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
    },
    /// Calls with prepared inputs, drops the results, and gives the fastest time.
    Time {
        /// The name given in `Prepare`.
        slot: String,
        /// How many calls.
        calls: usize,
    },
    /// Calls one instance from as many threads as there are batches.
    Concurrent {
        /// One a thread.
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
        /// Milliseconds that the fastest call took.
        ms: f64,
    },
    /// The answer to `Concurrent`.
    Concurrent {
        /// What went wrong, at most one sentence a thread.
        problems: Vec<String>,
    },
    /// Nothing more to say.
    Done,
}

/// Writes one frame: its length as four little-endian bytes, then JSON.
///
/// # Errors
/// If the other side is gone.
pub fn write(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| io::Error::other("a frame is too long"))?;
    stream.write_all(&length.to_le_bytes())?;
    stream.write_all(&body)?;
    stream.flush()
}

/// Takes one whole frame off the front of `buffer`, where there is one.
///
/// # Errors
/// For a length that no frame has, and for JSON of another shape.
pub fn take<T: DeserializeOwned>(buffer: &mut Vec<u8>) -> io::Result<Option<T>> {
    let Some(prefix) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*prefix);
    if length > MAX_FRAME {
        return Err(io::Error::other(format!("a frame claims {length} bytes")));
    }
    let end = 4 + length as usize;
    let Some(body) = buffer.get(4..end) else { return Ok(None) };
    let message = serde_json::from_slice(body)?;
    buffer.drain(..end);
    Ok(Some(message))
}

/// Reads one frame; none at the end of the stream.
///
/// # Errors
/// As [`take`], and where the stream ends within a frame.
pub fn read<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<Option<T>> {
    let mut prefix = [0; 4];
    match stream.read_exact(&mut prefix) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(prefix);
    if length > MAX_FRAME {
        return Err(io::Error::other(format!("a frame claims {length} bytes")));
    }
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_back_whole_and_one_by_one() {
        let mut bytes = Vec::new();
        write(&mut bytes, &Request::Time { slot: "a".into(), calls: 1 }).unwrap();
        write(&mut bytes, &Request::Time { slot: "b".into(), calls: 1 }).unwrap();
        let mut buffer = bytes[..bytes.len() - 1].to_vec();
        assert_eq!(take(&mut buffer).unwrap(), Some(Request::Time { slot: "a".into(), calls: 1 }));
        assert_eq!(take::<Request>(&mut buffer).unwrap(), None, "the second is not whole yet");
        let mut stream = bytes.as_slice();
        assert!(read::<Request>(&mut stream).unwrap().is_some());
        assert!(read::<Request>(&mut stream).unwrap().is_some());
        assert!(read::<Request>(&mut stream).unwrap().is_none());
    }

    #[test]
    fn a_frame_that_lies_about_its_length_is_refused() {
        assert!(take::<Reply>(&mut vec![255, 255, 255, 255, 0]).is_err());
        assert!(read::<Reply>(&mut [255_u8, 255, 255, 255].as_slice()).is_err());
        assert!(take::<Reply>(&mut b"\x02\0\0\0no".to_vec()).is_err());
    }
}
