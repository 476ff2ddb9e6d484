//! Options that the environment sets, so that an error about one can name the variable.

use std::{env, ffi::OsString};

use clap::Command;

use crate::console;

/// An option and the variable that set it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Twin {
    option: String,
    variable: String,
}

/// The called command's options that the environment sets and the command line does not.
pub(super) fn of(command: &Command, arguments: &[OsString]) -> Vec<Twin> {
    let words: Vec<_> = arguments.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let called = words.iter().find_map(|word| command.find_subcommand(word.as_ref()));
    let options = called.into_iter().flat_map(Command::get_arguments);
    let set = options.filter_map(|option| {
        let (variable, long) = (option.get_env()?, format!("--{}", option.get_long()?));
        let typed = words.iter().any(|word| word.split('=').next() == Some(long.as_str()));
        let set = env::var_os(variable).is_some_and(|value| !value.is_empty());
        (set && !typed).then(|| Twin { option: long, variable: variable.to_string_lossy().into_owned() })
    });
    set.collect()
}

/// Names, on stderr, the variable behind each option that a message mentions.
pub(super) fn tell(twins: &[Twin], message: &str) {
    let told = twins.iter().filter(|twin| {
        let mut words = message.split(|c: char| !(c.is_alphanumeric() || c == '-'));
        words.any(|word| word == twin.option)
    });
    for Twin { option, variable } in told {
        console::tell!("note: {option} is set by the environment variable {variable}");
    }
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn set(arguments: &[&str]) -> Vec<Twin> {
        // Cargo sets the first variable for every test it runs.
        let option = |long: &'static str, variable: &'static str| Arg::new(long).long(long).env(variable);
        let command = Command::new("patchmark").subcommand(
            Command::new("bench")
                .arg(option("budget", "CARGO_PKG_NAME"))
                .arg(option("out", "NOT_SET_AT_ALL")),
        );
        of(&command, &arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_typed_is_not_from_the_environment() {
        let expected = Twin { option: "--budget".into(), variable: "CARGO_PKG_NAME".into() };
        assert_eq!(set(&["patchmark", "bench"]), [expected]);
        assert_eq!(set(&["patchmark", "bench", "--budget=2s"]), []);
        assert_eq!(set(&["patchmark", "bench", "--budget", "2s"]), []);
        assert_eq!(set(&["patchmark"]), []);
    }
}
