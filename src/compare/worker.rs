//! The hidden command `worker`: times one sample at a time for another build of patchmark.

use std::io::{BufRead, Write};

use anyhow::{Context, Result};

use super::{
    bench::Bench,
    protocol::{Answer, Ask, Greeting, PROTOCOL},
};

/// Answers the questions of `input` until it ends.
///
/// `threads` sets torch's threads once a setup names them.
///
/// # Errors
/// If a question cannot be read or an answer cannot be written.
pub fn serve(
    input: impl BufRead,
    mut output: impl Write,
    threads: impl Fn(usize) -> Result<usize>,
) -> Result<()> {
    let greeting = Greeting { patchmark_worker: PROTOCOL, commit: env!("PATCHMARK_BUILD_COMMIT").into() };
    say(&mut output, &greeting)?;
    let mut bench = None;
    for line in input.lines() {
        let ask: Ask = serde_json::from_str(&line?).context("the question cannot be read")?;
        let answer = match ask {
            Ask::Load(setup) => threads(setup.threads)
                .and_then(|_| Bench::load(&setup))
                // Importing transformers changes torch's threads on some machines.
                .and_then(|loaded| threads(setup.threads).map(|_| loaded))
                .map(|(loaded, rows)| {
                    bench = Some(loaded);
                    Answer::Loaded(rows)
                }),
            Ask::Take { row, repeats } => {
                let bench = bench.as_ref().context("nothing is loaded");
                bench.and_then(|bench| bench.take(row, repeats)).map(Answer::Took)
            }
        };
        say(&mut output, &answer.unwrap_or_else(|error| Answer::Failed(format!("{error:#}"))))?;
    }
    Ok(())
}

fn say(output: &mut impl Write, value: &impl serde::Serialize) -> Result<()> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    output.write_all(line.as_bytes())?;
    Ok(output.flush()?)
}
