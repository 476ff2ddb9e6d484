//! What a result's numbers depend on, and how to reproduce them.

use maud::{Markup, html};
use patchmark_results::{
    Environment, Run,
    text::{clean, number, plural},
};

use crate::words::run::facts;

/// Names and values as a list.
pub(super) fn list(facts: &[(&str, String)]) -> Markup {
    html! {
        dl {
            @for (name, value) in facts {
                div { dt { (name) } dd { @if value.trim().is_empty() { "not recorded" } @else { (clean(value)) } } }
            }
        }
    }
}

/// The environment and the settings of a run.
pub(super) fn of_run(run: &Run) -> Markup {
    let mut facts = facts(run).to_vec();
    if let Some(gpu) = &run.gpu {
        let others = format!("at most {}", plural(gpu.other_processes as u64, "other process"));
        facts.push(("GPU", format!("{}, driver {}, {others}", gpu.name, gpu.driver)));
    }
    list(&facts)
}

/// The environment alone.
pub(super) fn of_environment(environment: &Environment) -> Vec<(&'static str, String)> {
    let versions = environment.versions.iter().map(|(name, version)| format!("{name} {version}"));
    vec![
        ("CPU", format!("{}, {}", environment.cpu, plural(environment.logical_cpus as u64, "logical CPU"))),
        ("GPUs", if environment.gpus.is_empty() { "none".to_owned() } else { environment.gpus.join(", ") }),
        ("Vector level", environment.cpu_capability.clone()),
        ("System", environment.os.clone()),
        ("Versions", versions.collect::<Vec<_>>().join(", ")),
        ("Commit", environment.commit.clone()),
    ]
}

/// The command that made the result, or `usual` if it was not recorded, and how long it took.
pub(super) fn again(environment: &Environment, usual: &str, elapsed_s: f64) -> Markup {
    let command = clean(&environment.command);
    let commit = clean(&environment.commit);
    let (commit, changed) = match commit.strip_suffix("+changes") {
        Some(commit) => (commit.to_owned(), true),
        None => (commit, false),
    };
    html! {
        h2 id="again" { "Reproduce it" }
        p { "On the same machine, in patchmark’s repository" @if changed {
            "; the working tree had uncommitted changes" } ":" }
        pre tabindex="0" { code {
            @if !commit.is_empty() { "git checkout " (commit) "\n" }
            "make build\n" @if command.is_empty() { (usual) } @else { (command) }
        } }
        p { "It took " (number(elapsed_s)) " s. " code { "patchmark report" }
            " redraws this page from the saved file, without measuring." }
    }
}
