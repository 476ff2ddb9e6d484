//! A result of `parity` for a pull request's comment.

use std::fmt::Write;

use patchmark_results::{Parity, text::count};

use super::escape::escape;
use crate::words::parity::{differing, headline, notes, worst};

/// The result as Markdown.
pub fn render(run: &Parity) -> String {
    let mut out = format!("# SigLIP 2 parity\n\n**{}**\n\n", escape(&headline(run)));
    out += "| processor | max_num_patches | images | values | differing | worst |\n";
    out += "| :--- | ---: | ---: | ---: | ---: | ---: |\n";
    for row in &run.rows {
        // Writing to a String cannot fail, so the results of `write!` are dropped here and below.
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            escape(&row.processor),
            row.max_num_patches,
            count(row.images as u64),
            count(row.values),
            differing(row),
            worst(row)
        );
    }
    out.push('\n');
    for note in notes(run) {
        let _ = writeln!(out, "- {}", escape(&note));
    }
    let environment = &run.environment;
    let versions: Vec<String> =
        environment.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let _ = writeln!(
        out,
        "- {} on {}, {}; {}; commit {}; {:.0} s",
        escape(&environment.cpu),
        escape(&run.device),
        escape(&environment.cpu_capability),
        escape(&versions.join(", ")),
        escape(&environment.commit),
        run.elapsed_s
    );
    out
}
