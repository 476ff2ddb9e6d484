//! The words of a command line, one per line of the input. Nothing is run.

#![no_main]

use std::iter;

use clap::Parser;
use libfuzzer_sys::fuzz_target;
use patchmark::commands::Cli;

fuzz_target!(|text: &str| {
    let words = iter::once("patchmark").chain(text.lines());
    if let Err(refusal) = Cli::try_parse_from(words) {
        refusal.to_string();
    }
});
