//! What a worker serves: one of patchmark's own processors, a user's class or program, or a release of transformers.

use std::{env, fmt, path::PathBuf};

use anyhow::Result;
use patchmark_results::{input_error, subjects};
use serde_json::Map;

use super::{
    exec,
    launch::Launch,
    overlays,
    protocol::{Class, Form, Load},
};
use crate::{
    processor::{NAMES, must_equal_reference},
    program::Launcher,
};

/// What comes between a class and the release that it runs under.
const UNDER: &str = "@transformers==";

/// Anything that can be named instead of a processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The name of a processor, including `hf`.
    Own(&'static str),
    /// `python:FILE:CLASS`, or `python:FILE:CLASS@transformers==VERSION` to run it under that release.
    File {
        /// The path as the user wrote it.
        given: PathBuf,
        /// The absolute path.
        file: PathBuf,
        /// The class's name.
        class: String,
        /// The release of transformers that it runs under; none for the environment's.
        release: Option<String>,
    },
    /// `transformers==VERSION`, or `transformers-pil==VERSION` for its Pillow class.
    Release {
        /// The version, such as `4.57.6`.
        version: String,
        /// Whether the Pillow class is meant rather than torchvision's.
        pil: bool,
    },
    /// `exec:COMMAND`: a program that speaks the subject protocol.
    Exec {
        /// The command as the user wrote it.
        command: String,
        /// The program's absolute path and its arguments.
        words: Vec<String>,
    },
}

impl Subject {
    /// Parses a subject from the command line.
    ///
    /// # Errors
    /// An input error for an unknown name, a missing file or a malformed version.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(rest) = text.strip_prefix(subjects::CLASS) {
            let (rest, release) = match rest.rsplit_once(UNDER) {
                Some((rest, version)) => {
                    overlays::check_version(version)?;
                    (rest, Some(version.to_owned()))
                }
                None => (rest, None),
            };
            let Some((file, class)) = rest.rsplit_once(':').filter(|(file, _)| !file.is_empty()) else {
                return Err(input_error!("{text:?} does not name a class; write python:FILE:CLASS"));
            };
            let first = class.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
            if !first || !class.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return Err(input_error!("{class:?} is not a class name; write python:FILE:CLASS"));
            }
            let path = PathBuf::from(file);
            let absolute = path
                .canonicalize()
                .map_err(|error| input_error!("cannot read {file}: {error}; write python:FILE:CLASS"))?;
            if !absolute.is_file() {
                return Err(input_error!("{file} is not a file; write python:FILE:CLASS"));
            }
            return Ok(Self::File { given: path, file: absolute, class: class.into(), release });
        }
        if let Some(command) = text.strip_prefix(subjects::PROGRAM) {
            return Ok(Self::Exec { command: command.into(), words: exec::words(text, command)? });
        }
        for (prefix, pil) in [(subjects::RELEASE, false), (subjects::PILLOW_RELEASE, true)] {
            if let Some(version) = text.strip_prefix(prefix) {
                overlays::check_version(version)?;
                return Ok(Self::Release { version: version.into(), pil });
            }
        }
        NAMES.into_iter().find(|name| *name == text).map(Self::Own).ok_or_else(|| {
            let meant = subjects::nearest(text, NAMES);
            let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"));
            input_error!(
                "unknown subject {text:?}{meant}; use python:FILE:CLASS, exec:COMMAND, transformers==VERSION or one of {}",
                NAMES.join(", ")
            )
        })
    }

    /// Whether both are one subject, however their paths are written.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::File { file, class, release, .. },
                Self::File { file: other, class: others, release: under, .. },
            ) => (file, class, release) == (other, others, under),
            (Self::Exec { words, .. }, Self::Exec { words: other, .. }) => words == other,
            _ => self == other,
        }
    }

    /// Whether it is called in Python, and so with everything that a Python caller may pass.
    pub fn is_python(&self) -> bool {
        match self {
            Self::Own(name) => name.starts_with("hf"),
            Self::Exec { .. } => false,
            Self::File { .. } | Self::Release { .. } => true,
        }
    }

    /// Whether a difference from the reference is a fault, as far as the name tells: Pillow's arithmetic gives other
    /// bits.
    pub fn must_equal_reference(&self) -> bool {
        match self {
            Self::Own(name) => must_equal_reference(name),
            Self::Release { pil, .. } => !pil,
            Self::File { .. } | Self::Exec { .. } => true,
        }
    }

    /// How its worker is started; a release that is not installed is fetched.
    ///
    /// # Errors
    /// If a release cannot be installed.
    pub fn launch(&self, program: Launcher) -> Result<Launch> {
        let mut launch = Launch { program, overlay: None, keep_memory: false };
        if let Self::Release { version, .. } | Self::File { release: Some(version), .. } = self {
            launch.overlay = Some(overlays::ensure(version)?);
        }
        Ok(launch)
    }

    /// The request that tells its worker what to make.
    pub fn load(&self, threads: usize, memory: u64) -> Load {
        let transformers = |backend: &str| Class::Transformers { backend: backend.into() };
        let (class, form) = match self {
            Self::Own("hf") | Self::Release { pil: false, .. } => (transformers("torchvision"), Form::Pil),
            Self::Own("hf-chw") => (transformers("torchvision"), Form::Chw),
            Self::Own("hf-pil") | Self::Release { pil: true, .. } => (transformers("pil"), Form::Pil),
            Self::Own(name) => (
                Class::Own { names: vec![(*name).into()], preprocessor: None, device: "cpu".into() },
                Form::Natural,
            ),
            Self::File { file, class, .. } => {
                (Class::File { file: file.clone(), class: class.clone() }, Form::Pil)
            }
            Self::Exec { words, .. } => {
                let python_path = env::var_os("PYTHONPATH").map(PathBuf::from);
                (Class::Exec { command: self.to_string(), words: words.clone(), python_path }, Form::Natural)
            }
        };
        Load { class, form, parameters: Map::new(), threads, memory }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(name) => formatter.write_str(name),
            Self::File { given, class, release, .. } => {
                write!(formatter, "python:{}:{class}", given.display())?;
                release.iter().try_for_each(|version| write!(formatter, "{UNDER}{version}"))
            }
            Self::Release { version, pil: false } => write!(formatter, "transformers=={version}"),
            Self::Release { version, pil: true } => write!(formatter, "transformers-pil=={version}"),
            Self::Exec { command, .. } => write!(formatter, "{}{command}", subjects::PROGRAM),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_read_and_written_alike() {
        let file = tempfile::Builder::new().suffix(".py").tempfile().unwrap();
        let written = format!("python:{}:Mine", file.path().display());
        let under = format!("{written}@transformers==4.57.6");
        for text in ["hf", "fused", "transformers==4.57.6", "transformers-pil==5.0.0", &written, &under] {
            assert_eq!(Subject::parse(text).unwrap().to_string(), text);
        }
        let quoted = "exec:env 'A=b c' sh";
        assert_eq!(Subject::parse(quoted).unwrap().to_string(), quoted);
        assert!(!Subject::parse(quoted).unwrap().is_python());
        assert!(Subject::parse("hf-pil").unwrap().is_python());
        assert!(!Subject::parse("batched").unwrap().is_python());
    }

    #[test]
    fn one_file_is_one_subject_however_its_path_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (file, copy) = (folder.path().join("a.py"), folder.path().join("b.py"));
        std::fs::write(&file, "").unwrap();
        std::fs::write(&copy, "").unwrap();
        let subject = |path: &std::path::Path, class| {
            Subject::parse(&format!("python:{}:{class}", path.display())).unwrap()
        };
        let detour = folder.path().join(".").join("a.py");
        assert!(subject(&file, "A").same(&subject(&detour, "A")));
        assert!(!subject(&file, "A").same(&subject(&file, "B")));
        assert!(!subject(&file, "A").same(&subject(&file, "A@transformers==4.57.6")));
        assert!(!subject(&file, "A").same(&subject(&copy, "A")), "what they import may differ");
        assert!(!Subject::parse("hf").unwrap().same(&Subject::parse("hf-chw").unwrap()));
        let program = |command| Subject::parse(command).unwrap();
        assert!(program("exec:sh -c 'a'").same(&program("exec:  sh -c a")));
        assert!(!program("exec:sh -c a").same(&program("exec:sh -c b")));
    }

    #[test]
    fn what_is_no_subject_is_refused_by_name() {
        for text in [
            "quick",
            "python:",
            "python:none.py:C",
            "python:/:C",
            "transformers==",
            "transformers==-e x",
            "exec:",
            "exec:no-such-program",
            "exec:./no-such-program",
            "exec:/",
            "exec:/etc/passwd",
            "exec:sh 'unfinished",
        ] {
            let error = Subject::parse(text).unwrap_err();
            assert!(error.is::<patchmark_results::InputError>(), "{text}");
        }
    }
}
