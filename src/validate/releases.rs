//! Releases of transformers, one after the other, against one reference: a matrix.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Subject,
    exam::{call, first_line, limit_of},
    inspect::inspect,
    observation::Observation,
    run::{Settings, examine},
    session::Session,
    side::Run,
};
use crate::{
    report::format::{clean, number},
    worker::protocol::Call,
    workload::{CorpusSpec, Pattern},
};

/// All releases on one machine.
#[derive(Debug, Clone, Serialize)]
pub struct Matrix {
    /// Bumped whenever a reader of the version before would misread it.
    pub schema_version: u32,
    /// What the releases are held against.
    pub against: String,
    /// torch, torchvision, Pillow and Python, which all releases share.
    pub environment: Vec<(String, String)>,
    /// torch's vector level.
    pub cpu_capability: String,
    /// The commit of this build.
    pub commit: String,
    /// One a release, oldest first.
    pub releases: Vec<Release>,
}

/// One release.
#[derive(Debug, Clone, Serialize)]
pub struct Release {
    /// Such as `4.57.6`.
    pub version: String,
    /// The torchvision class.
    pub torchvision: Backend,
    /// The Pillow class.
    pub pil: Backend,
}

/// One class of a release.
#[derive(Debug, Clone, Serialize)]
pub struct Backend {
    /// Module and class.
    pub class: String,
    /// Parity over the corpus in one phrase.
    pub parity: String,
    /// Parity's class by number of calls.
    pub by_class: Value,
    /// Checks other than parity that failed, with the first finding of each.
    pub failed: Vec<(String, String)>,
    /// Answers to single questions.
    pub probes: Vec<(String, String)>,
}

/// A question that a release answers by a call.
struct Probe {
    name: &'static str,
    size: (usize, usize),
    mode: &'static str,
    keywords: Value,
}

fn probes() -> Vec<Probe> {
    let probe = |name, size, mode, keywords| Probe { name, size, mode, keywords };
    vec![
        probe("an unknown keyword", (64, 48), "RGB", json!({ "no_such_keyword": 1 })),
        probe("interpolation=2", (64, 48), "RGB", json!({ "interpolation": 2 })),
        probe("1×1 px", (1, 1), "RGB", json!({})),
        probe("3×700 px", (3, 700), "RGB", json!({})),
        probe("700×3 px", (700, 3), "RGB", json!({})),
        probe("grey", (64, 48), "L", json!({})),
        probe("grey, do_convert_rgb", (64, 48), "L", json!({ "do_convert_rgb": true })),
        probe("palette", (64, 48), "P", json!({})),
        probe("RGBA", (64, 48), "RGBA", json!({})),
        probe("RGBA, do_convert_rgb", (64, 48), "RGBA", json!({ "do_convert_rgb": true })),
        probe("CMYK, do_convert_rgb", (64, 48), "CMYK", json!({ "do_convert_rgb": true })),
        probe("16-bit grey", (64, 48), "I;16", json!({})),
    ]
}

/// Examines every release, both classes each.
///
/// # Errors
/// If the reference fails, or on Ctrl-C.
pub fn walk(
    versions: &[String],
    against: &Subject,
    run: &Run,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Matrix> {
    let mut session: Option<Session> = None;
    let mut releases = Vec::new();
    for version in versions {
        let mut backend = |pil: bool| -> Result<Backend> {
            let subject = Subject::Release { version: version.clone(), pil };
            let session = match &mut session {
                Some(session) => {
                    session.replace_candidate(&subject)?;
                    session
                }
                empty => empty.insert(Session::new(against, &subject, run.clone())?),
            };
            examine_one(session, settings, &mut |what| progress(&format!("{subject}: {what}")))
        };
        releases.push(Release {
            version: version.clone(),
            torchvision: backend(false)?,
            pil: backend(true)?,
        });
    }
    let about = session.as_ref().map(|session| session.abouts().1.clone()).unwrap_or_default();
    let shared = ["python", "torch", "torchvision", "pillow", "numpy"];
    let environment = shared
        .into_iter()
        .filter_map(|package| Some((package.to_owned(), about.versions.get(package)?.clone())))
        .collect();
    let against = about.versions.get("transformers").map_or_else(
        || against.to_string(),
        |version| format!("{against} (transformers {version}, {})", about.class),
    );
    Ok(Matrix {
        schema_version: 1,
        against,
        environment,
        cpu_capability: about.capability,
        commit: env!("PATCHMARK_BUILD_COMMIT").into(),
        releases,
    })
}

fn examine_one(
    session: &mut Session,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Backend> {
    let outcome = examine(session, settings, progress)?;
    let failed = outcome
        .failed()
        .filter(|row| row.name != "parity")
        .map(|row| {
            let first = row.findings.first().map_or("", |finding| &finding.detail);
            (row.name.to_owned(), clean(first))
        })
        .collect();
    let (parity, by_class) = outcome.parity.map_or(("not compared".into(), Value::Null), |parity| {
        let differing = parity.cases - parity.by_class.get(&super::Class::Exact).copied().unwrap_or(0);
        let beside = match parity.incomparable {
            0 => String::new(),
            count => format!(", {count} not comparable"),
        };
        let text = match parity.class {
            super::Class::Exact => format!("exact in {} calls{beside}", parity.cases),
            class => format!(
                "{class} in {differing} of {} calls, {} uint8 levels at worst{beside}",
                parity.cases,
                number(parity.total.worst_levels)
            ),
        };
        (text, json!(parity.by_class))
    });
    let mut answers = Vec::new();
    for probe in probes() {
        progress(probe.name);
        answers.push((probe.name.to_owned(), ask(session, settings, &probe)?));
    }
    Ok(Backend { class: session.candidate.about.class.clone(), parity, by_class, failed, probes: answers })
}

/// What the candidate makes of the question, in the reference's terms where both return.
fn ask(session: &mut Session, settings: &Settings, probe: &Probe) -> Result<String> {
    let (width, height) = probe.size;
    let spec = CorpusSpec { name: "probe".into(), width, height, pattern: Pattern::Noise(77) };
    let mut image = session.image(&spec.render())?;
    image.mode = probe.mode.into();
    let keywords = probe.keywords.as_object().cloned().unwrap_or_default();
    let call = Call { keywords, unfiltered: true, ..call(vec![image]) };
    let (right, given) = session.both(&call)?;
    Ok(match (&*right, &given) {
        (_, Observation::Raised { message, .. }) => {
            let kind = message.split(':').next().unwrap_or_default();
            format!("raises {}", first_line(kind.rsplit('.').next().unwrap_or(kind)))
        }
        (Observation::Returned(right), Observation::Returned(given)) => {
            let found = inspect(right, given, limit_of(&call), &settings.rules)?;
            match (found.broken.first(), found.parity) {
                (Some((_, sentence)), _) => sentence.clone(),
                (None, Some(measured)) => match measured.class() {
                    super::Class::Exact => "as the reference".into(),
                    class => format!("{class}, {} levels", number(measured.worst_levels)),
                },
                (None, None) => "not comparable".into(),
            }
        }
        (Observation::Raised { .. }, Observation::Returned(_)) => "returns, the reference raises".into(),
        _ => "its worker ended".into(),
    })
}

/// The matrix as Markdown.
pub fn markdown(matrix: &Matrix) -> String {
    let mut out = String::new();
    let packages: Vec<String> =
        matrix.environment.iter().map(|(package, version)| format!("{package} {version}")).collect();
    let _ = writeln!(out, "# Releases of transformers against {}\n", matrix.against);
    let _ = writeln!(
        out,
        "With {}; torch computes at {}; patchmark {}.",
        packages.join(", "),
        matrix.cpu_capability,
        matrix.commit
    );
    for (title, pick) in [
        ("torchvision", (|release: &Release| release.torchvision.clone()) as fn(&Release) -> Backend),
        ("Pillow", |release: &Release| release.pil.clone()),
    ] {
        let _ = writeln!(out, "\n## The {title} class\n");
        let backends: Vec<(&str, Backend)> =
            matrix.releases.iter().map(|release| (release.version.as_str(), pick(release))).collect();
        let _ =
            writeln!(out, "| release | class | parity | other checks that fail |\n| --- | --- | --- | --- |");
        for (version, backend) in &backends {
            let class = backend.class.rsplit('.').next().unwrap_or_default();
            let failed: Vec<&str> = backend.failed.iter().map(|(name, _)| name.as_str()).collect();
            let failed = if failed.is_empty() { "none".into() } else { failed.join(", ") };
            let _ = writeln!(out, "| {version} | `{class}` | {} | {failed} |", backend.parity);
        }
        let versions: Vec<&str> = backends.iter().map(|(version, _)| *version).collect();
        let _ = writeln!(
            out,
            "\n| given | {} |\n| --- |{}",
            versions.join(" | "),
            " --- |".repeat(versions.len())
        );
        for (index, probe) in probes().iter().enumerate() {
            let answers: Vec<String> = backends
                .iter()
                .map(|(_, backend)| {
                    backend.probes.get(index).map_or(String::new(), |(_, answer)| clean(answer))
                })
                .collect();
            let _ = writeln!(out, "| {} | {} |", probe.name, answers.join(" | "));
        }
        for (version, backend) in &backends {
            for (check, finding) in &backend.failed {
                let _ = writeln!(out, "\n- {version}, {check}: {}", finding.replace('|', "\\|"));
            }
        }
    }
    out
}

/// Writes `matrix.json` and `matrix.md` as the folder.
///
/// # Errors
/// If a file cannot be written.
pub fn save(matrix: &Matrix, staging: TempDir, folder: &Path) -> Result<()> {
    let mut json = serde_json::to_vec_pretty(matrix).context("failed to encode the matrix")?;
    json.push(b'\n');
    fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    for (name, bytes) in [("matrix.md", markdown(matrix).into_bytes()), ("validate.json", json)] {
        let written = staging.path().join(name);
        fs::write(&written, bytes)?;
        fs::rename(&written, folder.join(name)).with_context(|| format!("failed to save {name}"))?;
    }
    Ok(())
}
