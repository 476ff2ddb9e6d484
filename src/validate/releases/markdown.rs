//! The matrix as Markdown.

use std::fmt::Write;

use super::record::{Backend, Matrix, failing, given};
use crate::report::format::clean;

/// What it found, in one sentence.
pub fn headline(matrix: &Matrix) -> String {
    let all = matrix.releases.len();
    let classes = matrix.classes().map(|(title, backends)| {
        let exact = backends.iter().filter(|(_, backend)| backend.exact()).count();
        format!("{exact} with the {title} class")
    });
    format!("Of {all} releases, these have the reference's bits on RGB images: {}.", classes.join(", "))
}

/// The matrix as Markdown.
pub fn markdown(matrix: &Matrix) -> String {
    let mut out = String::new();
    let packages: Vec<String> =
        matrix.environment.iter().map(|(package, version)| format!("{package} {version}")).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "# Releases of transformers against {}\n", cell(&matrix.against));
    let _ = writeln!(
        out,
        "With {}; torch computes at {}; patchmark {}.",
        cell(&packages.join(", ")),
        cell(&matrix.cpu_capability),
        cell(&matrix.commit)
    );
    for (title, backends) in matrix.classes() {
        let _ = writeln!(out, "\n## The {title} class\n");
        overview(&mut out, &backends);
        answers(&mut out, &backends);
        for (version, backend) in &backends {
            for failed in &backend.failed {
                let (check, finding) = (cell(&failed.check), cell(&failed.finding));
                let _ = writeln!(out, "\n- {}, {check}: {finding}", cell(version));
            }
        }
    }
    out
}

fn overview(out: &mut String, backends: &[(&str, &Backend)]) {
    *out += "| release | class | parity | other checks that fail |\n| --- | --- | --- | --- |\n";
    for (version, backend) in backends {
        let class = cell(backend.class.rsplit('.').next().unwrap_or_default());
        let parity = backend.parity.as_ref().map_or("not compared".to_owned(), ToString::to_string);
        let failed = failing(&[(*version, *backend)]);
        let failed = if failed.is_empty() { "none".to_owned() } else { cell(&failed.join(", ")) };
        let _ = writeln!(out, "| {} | `{class}` | {parity} | {failed} |", cell(version));
    }
}

fn answers(out: &mut String, backends: &[(&str, &Backend)]) {
    let versions: Vec<String> = backends.iter().map(|(version, _)| cell(version)).collect();
    let rule = " --- |".repeat(versions.len());
    let _ = writeln!(out, "\n| given | {} |\n| --- |{rule}", versions.join(" | "));
    for given in given(backends) {
        let answer = |backend: &Backend| {
            let probe = backend.probes.iter().find(|probe| probe.given == given);
            probe.map_or(String::new(), |probe| cell(&probe.answer.to_string()))
        };
        let answers: Vec<String> = backends.iter().map(|(_, backend)| answer(backend)).collect();
        let _ = writeln!(out, "| {} | {} |", cell(given), answers.join(" | "));
    }
}

/// Text from outside, which may not end a cell of a table.
fn cell(text: &str) -> String {
    clean(text).replace('|', "\\|")
}
