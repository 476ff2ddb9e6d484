//! What a run's numbers depend on, and how to take them again.

use maud::{Markup, html};

use crate::report::format::{clean, number};
use crate::report::schema::Run;
use crate::report::summary::facts;

/// The environment and the settings as a list of names and values.
pub(super) fn environment(run: &Run) -> Markup {
    html! {
        dl {
            @for (name, value) in facts(run) {
                div { dt { (name) } dd { @if value.trim().is_empty() { "not recorded" } @else { (clean(&value)) } } }
            }
            @if let Some(gpu) = &run.gpu {
                div { dt { "GPU" } dd { (clean(&gpu.name)) ", driver " (clean(&gpu.driver)) ", "
                    (gpu.other_processes) " other processes at most" } }
            }
        }
    }
}

/// The command that made the run and what it takes to repeat it.
pub(super) fn reproduce(run: &Run) -> Markup {
    let command = clean(&run.environment.command);
    let commit = clean(&run.environment.commit);
    let (commit, changed) = match commit.strip_suffix("+changes") {
        Some(commit) => (commit.to_owned(), true),
        None => (commit, false),
    };
    html! {
        h2 id="again" { "Take it again" }
        p { "On the same machine, from patchmark’s repository" @if changed {
            "; the tree of this run had changes beyond its commit" } ":" }
        pre tabindex="0" { code {
            @if !commit.is_empty() { "git checkout " (commit) "\n" }
            "make build\n" @if command.is_empty() { "patchmark bench" } @else { (command) }
        } }
        p { "Measuring took " (number(run.elapsed_s)) " s. Nothing on this page was measured again to draw it: "
            code { "patchmark report" } " makes it from " code { "run.json" } "." }
    }
}
