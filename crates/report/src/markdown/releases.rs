//! `summary.md` of releases of transformers.

use std::fmt::Write;

use patchmark_results::{
    Releases, SkippedFile,
    releases::{Backend, failing, given},
};

use super::escape::escape;
use crate::words::releases::{answer, headline, parity};

/// For each class, one table of parity and one of answers.
pub fn render(releases: &Releases) -> String {
    let mut out = String::new();
    let packages: Vec<String> =
        releases.environment.iter().map(|(package, version)| format!("{package} {version}")).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "# Releases of transformers compared with {}\n", escape(&releases.reference));
    let _ = writeln!(out, "**{}**\n", escape(&headline(releases)));
    let _ = writeln!(
        out,
        "With {}; vector level {}; patchmark {}.",
        escape(&packages.join(", ")),
        escape(&releases.cpu_capability),
        escape(&releases.commit)
    );
    if let Some(skipped) = SkippedFile::sentence(&releases.skipped_files) {
        let _ = writeln!(out, "\n{}.", escape(&skipped));
    }
    for (title, backends) in releases.classes() {
        let _ = writeln!(out, "\n## The {title} class\n");
        overview(&mut out, &backends);
        answers(&mut out, &backends);
        for (version, backend) in &backends {
            for failed in &backend.failed {
                let (check, finding) = (escape(&failed.check), escape(&failed.finding));
                let _ = writeln!(out, "\n- {}, {check}: {finding}", escape(version));
            }
        }
    }
    out
}

fn overview(out: &mut String, backends: &[(&str, &Backend)]) {
    *out += "| release | class | parity | other failed checks |\n| --- | --- | --- | --- |\n";
    for (version, backend) in backends {
        let class = escape(backend.class.rsplit('.').next().unwrap_or_default());
        let parity = backend.parity.as_ref().map_or_else(|| "not compared".to_owned(), parity);
        let failed = failing(&[(*version, *backend)]);
        let failed = if failed.is_empty() { "none".to_owned() } else { escape(&failed.join(", ")) };
        let _ = writeln!(out, "| {} | `{class}` | {parity} | {failed} |", escape(version));
    }
}

fn answers(out: &mut String, backends: &[(&str, &Backend)]) {
    let versions: Vec<String> = backends.iter().map(|(version, _)| escape(version)).collect();
    let rule = " --- |".repeat(versions.len());
    let _ = writeln!(out, "\n| given | {} |\n| --- |{rule}", versions.join(" | "));
    for given in given(backends) {
        let answer = |backend: &Backend| {
            let probe = backend.probes.iter().find(|probe| probe.given == given);
            probe.map_or(String::new(), |probe| escape(&answer(&probe.answer)))
        };
        let answers: Vec<String> = backends.iter().map(|(_, backend)| answer(backend)).collect();
        let _ = writeln!(out, "| {} | {} |", escape(given), answers.join(" | "));
    }
}

#[cfg(test)]
mod tests {
    use patchmark_results::fixtures::releases::releases;

    #[test]
    fn the_markdown_has_a_table_of_answers_for_each_class() {
        let text = super::render(&releases());
        for line in [
            "With python 3.11.7, torch 2.11.0; vector level AVX512; patchmark 0123abc.",
            "| 4.50.0 | `Siglip2ImageProcessor` | exact in 1,051 calls, 26 not comparable | grey, alpha |",
            "| 4.50.0 | `Siglip2ImageProcessor` | different in 939 of 1,051 calls, 254 uint8 levels at worst, 26 not comparable | alpha |",
            "| given | 4.50.0 | 5.23.0 |",
            "| grey | returns; the reference raises | raises RuntimeError |",
            "| 3×700 px | image 0 has rows and columns swapped | one-level, 1.00 levels |",
            "- 4.50.0, grey: grey \\| went wrong",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is not in {text}");
        }
        assert_eq!(text.matches("## The ").count(), 2);
    }
}
