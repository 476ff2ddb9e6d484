//! The names of subjects: patchmark's own processors, and the forms in which others are named.

use strsim::osa_distance;

/// The processors that run on any machine, in the order of the ladder: from what people run today to the fastest.
pub const NAMES: [&str; 10] =
    ["hf", "hf-chw", "hf-pil", "naive", "threaded", "batched", "fused", "fused-chw", "fused-pil", "fused-u8"];

/// The processors that need a CUDA device; in the ladder they follow [`NAMES`].
pub const GPU_NAMES: [&str; 2] = ["fused-cuda", "fused-cuda-resident"];

/// What begins the name of a user's class: `python:FILE:CLASS`.
pub const CLASS: &str = "python:";
/// What begins the name of a release of transformers: `transformers==VERSION`.
pub const RELEASE: &str = "transformers==";
/// What begins the name of a release whose Pillow class is meant: `transformers-pil==VERSION`.
pub const PILLOW_RELEASE: &str = "transformers-pil==";
/// What begins the name of a program: `exec:COMMAND`.
pub const PROGRAM: &str = "exec:";
/// What begins the name of torch's DataLoader with a number of workers: `loader-8`.
const LOADER: &str = "loader-";

/// The name of torch's DataLoader with that many worker processes.
pub fn loader(workers: usize) -> String {
    format!("{LOADER}{workers}")
}

/// Whether `name` begins as that of a subject which only runs in a worker: a class, a release or a program.
pub fn in_worker(name: &str) -> bool {
    [CLASS, RELEASE, PILLOW_RELEASE, PROGRAM].iter().any(|start| name.starts_with(start))
}

/// Whether `name` has the form of a subject that is not on the ladder, whether or not it exists.
pub fn has_form(name: &str) -> bool {
    let after = |prefix| name.strip_prefix(prefix).filter(|rest| !rest.is_empty());
    after(CLASS).is_some_and(|rest| {
        rest.rsplit_once(':').is_some_and(|(file, class)| !file.is_empty() && !class.is_empty())
    }) || after(RELEASE).or_else(|| after(PILLOW_RELEASE)).is_some()
        || after(PROGRAM).is_some_and(|command| !command.trim().is_empty())
        || after(LOADER).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A name for charts, where room is short: files and programs without their folders, and a class with the release that it
/// runs under. Other names are as they are.
pub fn short(name: &str) -> String {
    let last = |path: &str| path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path).to_owned();
    if let Some(class) = name.strip_prefix(CLASS) {
        return last(class).replace("@transformers==", "@");
    }
    match name.strip_prefix(PROGRAM) {
        Some(command) => format!("{PROGRAM}{}", command.split(' ').map(last).collect::<Vec<_>>().join(" ")),
        None => name.to_owned(),
    }
}

/// The name among `known` that was probably meant by `name`; none if nothing is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong, but at least one.
    let most = (name.chars().count() / 3).max(1);
    let name = name.to_lowercase();
    let near = known.into_iter().map(|known| (osa_distance(&name, &known.to_lowercase()), known));
    near.filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant_and_another_word_none() {
        let meant = |name| nearest(name, NAMES);
        for (name, found) in [
            ("batchd", "batched"),
            ("Batched", "batched"),
            ("fuesd", "fused"),
            ("fused_chw", "fused-chw"),
            ("h", "hf"),
            ("thread", "threaded"),
        ] {
            assert_eq!(meant(name), Some(found), "{name}");
        }
        assert_eq!([meant("opencv"), meant("everything"), meant("")], [None; 3]);
    }

    #[test]
    fn short_names_have_no_folders() {
        for (name, says) in [
            ("fused", "fused"),
            ("transformers==4.57.6", "transformers==4.57.6"),
            ("python:a/b/c.py:D", "c.py:D"),
            ("python:c.py:D@transformers==4.57.6", "c.py:D@4.57.6"),
            ("exec:./a/b -x", "exec:b -x"),
            ("exec:.venv/bin/python a/b.py", "exec:python b.py"),
            ("exec:/", "exec:/"),
        ] {
            assert_eq!(short(name), says);
        }
    }

    #[test]
    fn forms_are_told_from_names() {
        for name in [
            "python:mine.py:Mine",
            "transformers==4.57.6",
            "transformers-pil==5.0.0",
            "exec:./mine -x",
            &loader(8),
        ] {
            assert!(has_form(name), "{name}");
        }
        for name in [
            "fused",
            "python:mine.py",
            "python::Mine",
            "transformers==",
            "transformers=4",
            "exec: ",
            "loader-",
            "loader-x",
        ] {
            assert!(!has_form(name), "{name}");
        }
    }
}
