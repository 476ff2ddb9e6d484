//! The messages between a worker and the program that it runs: one line of JSON each, as `docs/subject-protocol.md` says.
//!
//! Fields that a program adds are ignored, so that a later version of the protocol may add some, too.

use std::{collections::BTreeMap, path::Path};

use patchmark_results::text::plural;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::worker::protocol::ImageRef;

/// The version of the protocol that a program must speak.
pub const PROTOCOL: u64 = 1;

/// The longest line that is read, in bytes.
pub const LONGEST: usize = 64 << 10;

/// Characters of a line that messages show.
const SHOWN: usize = 80;

/// What the program is asked. Keys are written in this order, which the protocol promises.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "op")]
pub(super) enum Request<'a> {
    /// The first line.
    Start {
        /// [`PROTOCOL`].
        protocol: u64,
        /// Threads that the program may use.
        threads: usize,
    },
    /// A batch.
    Process {
        /// A number that the answer repeats.
        id: u64,
        /// All parameters, under the names of a `preprocessor_config.json`.
        parameters: &'a BTreeMap<String, Value>,
        /// The batch.
        images: Vec<Pixels<'a>>,
        /// Where the tensors are written; none if only the times are wanted.
        outputs: Option<&'a Path>,
        /// How often the batch is processed.
        repeat: usize,
    },
}

/// An image: raw RGB in a file.
#[derive(Debug, Serialize)]
pub(super) struct Pixels<'a> {
    file: &'a Path,
    offset: u64,
    width: usize,
    height: usize,
}

impl<'a> From<&'a ImageRef> for Pixels<'a> {
    fn from(image: &'a ImageRef) -> Self {
        let ImageRef { file, offset, width, height, .. } = image;
        Self { file, offset: *offset, width: *width, height: *height }
    }
}

/// What a program says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Its name.
    pub name: String,
    /// Its version; empty if it has none.
    pub version: String,
    /// The parameters that it takes from a request.
    pub parameters: Vec<String>,
}

/// The greeting as it is written, in which everything might be missing.
#[derive(Deserialize)]
struct WrittenGreeting {
    protocol: Option<u64>,
    name: Option<String>,
    #[serde(default)]
    version: String,
    parameters: Option<Vec<String>>,
}

/// The answer to a batch as it is written.
#[derive(Deserialize)]
struct WrittenAnswer {
    id: Option<u64>,
    ms: Option<Vec<f64>>,
    error: Option<String>,
}

/// The answer to a batch: the milliseconds of each call, or what the program refuses it for.
pub type Answer = std::result::Result<Vec<f64>, String>;

impl Greeting {
    /// Reads the program's first line.
    ///
    /// # Errors
    /// The end of a sentence on the program that says why the line is no greeting.
    pub fn read(line: &[u8]) -> std::result::Result<Self, String> {
        let written: WrittenGreeting = object(line, "the start")?;
        match written.protocol {
            Some(PROTOCOL) => {}
            Some(other) => {
                return Err(format!(
                    "speaks version {other} of the subject protocol, but this patchmark speaks version {PROTOCOL}"
                ));
            }
            None => return Err(missing("the start", "protocol", line)),
        }
        Ok(Self {
            name: written.name.ok_or_else(|| missing("the start", "name", line))?,
            version: written.version,
            parameters: written.parameters.ok_or_else(|| missing("the start", "parameters", line))?,
        })
    }
}

/// Reads the answer to the batch `id`, which was to be processed `repeat` times.
///
/// # Errors
/// The end of a sentence on the program that says why the line is no answer to that batch.
pub fn read_answer(line: &[u8], id: u64, repeat: usize) -> std::result::Result<Answer, String> {
    let to = format!("batch {id}");
    let written: WrittenAnswer = object(line, &to)?;
    let named = written.id.ok_or_else(|| missing(&to, "id", line))?;
    if named != id {
        return Err(format!("answered {to} with the id {named}"));
    }
    if let Some(error) = written.error {
        return Ok(Err(error));
    }
    let ms = written.ms.ok_or_else(|| missing(&to, "ms", line))?;
    if ms.len() != repeat {
        let times = plural(ms.len() as u64, "time");
        return Err(format!("answered {to} with {times} instead of {repeat}"));
    }
    match ms.iter().find(|ms| !ms.is_finite() || **ms < 0.0) {
        Some(wrong) => Err(format!("answered {to} with a time of {wrong} ms")),
        None => Ok(Ok(ms)),
    }
}

fn object<'a, T: Deserialize<'a>>(line: &'a [u8], to: &str) -> std::result::Result<T, String> {
    serde_json::from_slice(line)
        .map_err(|error| format!("wrote {} instead of an answer to {to} ({error})", shown(line)))
}

fn missing(to: &str, field: &str, line: &[u8]) -> String {
    format!("answered {to} without {field:?}: {}", shown(line))
}

/// The beginning of a line, quoted.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_as_the_protocol_promises() {
        let start = Request::Start { protocol: PROTOCOL, threads: 2 };
        assert_eq!(serde_json::to_string(&start).unwrap(), r#"{"op":"start","protocol":1,"threads":2}"#);
        let image =
            ImageRef { file: "/tmp/i".into(), offset: 3, width: 2, height: 1, mode: "RGB".to_owned() };
        let parameters = crate::processor::Parameters::default().record();
        let process = Request::Process {
            id: 7,
            parameters: &parameters,
            images: vec![Pixels::from(&image)],
            outputs: None,
            repeat: 3,
        };
        assert_eq!(
            serde_json::to_string(&process).unwrap(),
            r#"{"op":"process","id":7,"parameters":{"do_normalize":true,"do_rescale":true,"do_resize":true,"image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5],"max_num_patches":256,"patch_size":16,"resample":2,"rescale_factor":0.00392156862745098},"images":[{"file":"/tmp/i","offset":3,"width":2,"height":1}],"outputs":null,"repeat":3}"#
        );
    }

    #[test]
    fn greetings_are_read_and_faults_in_them_named() {
        let read = |line: &str| Greeting::read(line.as_bytes());
        let full =
            read(r#"{"protocol":1,"name":"mine","version":"2","parameters":["patch_size"],"more":[]}"#);
        let named = Greeting {
            name: "mine".to_owned(),
            version: "2".to_owned(),
            parameters: vec!["patch_size".to_owned()],
        };
        assert_eq!(full, Ok(named));
        for (line, says) in [
            ("", "instead of an answer"),
            ("hello", "\"hello\""),
            ("[]", "instead of an answer"),
            (r#"{"name":"mine"}"#, "without \"protocol\""),
            (r#"{"protocol":2}"#, "version 2"),
            (r#"{"protocol":1,"parameters":[]}"#, "without \"name\""),
            (r#"{"protocol":1,"name":"mine"}"#, "without \"parameters\""),
            (r#"{"protocol":"1"}"#, "instead of an answer"),
        ] {
            let why = read(line).unwrap_err();
            assert!(why.contains(says), "{line}: {why}");
        }
    }

    #[test]
    fn answers_are_those_to_the_batch_that_was_asked_for() {
        let read = |line: &str| read_answer(line.as_bytes(), 7, 2);
        assert_eq!(read(r#"{"id":7,"ms":[1,2.5],"more":1}"#), Ok(Ok(vec![1.0, 2.5])));
        assert_eq!(read(r#"{"id":7,"error":"no"}"#), Ok(Err("no".to_owned())));
        for (line, says) in [
            (r#"{"id":6,"ms":[1,2]}"#, "batch 7 with the id 6"),
            (r#"{"ms":[1,2]}"#, "without \"id\""),
            (r#"{"id":7}"#, "without \"ms\""),
            (r#"{"id":7,"ms":[1]}"#, "1 time instead of 2"),
            (r#"{"id":7,"ms":[1,-2]}"#, "-2 ms"),
            (r#"{"id":7,"ms":[1,1e999]}"#, "instead of an answer"),
            (r#"{"id":-7,"ms":[1,2]}"#, "instead of an answer"),
        ] {
            let why = read(line).unwrap_err();
            assert!(why.contains(says), "{line}: {why}");
        }
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let why = Greeting::read("ü".repeat(1000).as_bytes()).unwrap_err();
        assert!(why.contains(&format!("\"{}\"…", "ü".repeat(SHOWN))), "{why}");
    }
}
