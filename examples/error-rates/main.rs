//! Measures how often `compare` is wrong: `make error-rates`.
//!
//! `error-rates simulate OUT` simulates comparisons with known true effects, from synthetic and recorded noise.
//! `error-rates real PATCHMARK OUT` compares a built patchmark with itself on this machine, with and without an
//! injected slow-down. Both write JSON and Markdown into the folder OUT.

mod real;
mod simulated;

use std::{env, fs, path::Path, process::ExitCode};

use anyhow::{Context, Result, bail};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["simulate", out] => simulated::study(Path::new(out)),
        ["real", binary, out] => real::study(Path::new(binary), Path::new(out)),
        _ => bail!("usage: error-rates simulate OUT | error-rates real PATCHMARK OUT"),
    }
}

/// Writes both forms of a study.
fn save(out: &Path, name: &str, study: &impl serde::Serialize, markdown: &str) -> Result<()> {
    fs::create_dir_all(out)?;
    let write = |extension: &str, text: &str| {
        let path = out.join(format!("{name}.{extension}"));
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    };
    write("json", &(serde_json::to_string_pretty(study)? + "\n"))?;
    write("md", markdown)?;
    print!("{markdown}");
    Ok(())
}
