//! Forbidden arrows between places.

use std::fmt;

use crate::{graph::Graph, tree::Tree};

/// What a rule forbids a place to use.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// A file, or a folder with everything in it, from the root of the workspace.
    Place(&'static str),
    /// Every source file of the workspace outside the place itself.
    Others,
    /// A package outside the workspace, by its name in the registry.
    Package(&'static str),
}

/// A rule: some places must not use others.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The places that the rule restricts: files, or folders with everything in them.
    pub from: &'static [&'static str],
    /// What they must not use.
    pub to: &'static [Target],
    /// The rule in words.
    pub says: &'static str,
}

/// A breach of a rule, or a fault of the rule itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// An arrow that the rule forbids.
    Arrow {
        /// The file that uses something.
        from: String,
        /// The line of the first use.
        line: usize,
        /// The names that it uses.
        names: String,
        /// Where they are defined: a file, or a package.
        to: String,
        /// The rule in words.
        says: &'static str,
    },
    /// The rule names something that does not exist, so it guards nothing.
    Idle {
        /// What it names.
        name: &'static str,
        /// The rule in words.
        says: &'static str,
    },
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrow { from, line, names, to, says } => {
                write!(out, "{from}:{line}: uses {to} ({names}), but {says}; remove the use")
            }
            Self::Idle { name, says } => {
                write!(out, "the rule \"{says}\" guards nothing: there is no {name}; correct the rule")
            }
        }
    }
}

/// Everything that breaks a rule, and every rule that guards nothing.
pub fn breaches(rules: &[Rule], tree: &Tree, graph: &Graph) -> Vec<Breach> {
    let mut found = Vec::new();
    for rule in rules {
        found.extend(idle(rule, tree));
        for ((from, to), names) in &graph.arrows {
            let Some(place) = rule.from.iter().find(|place| lies_in(from, place)) else { continue };
            let forbidden = rule.to.iter().any(|target| match target {
                Target::Place(other) => lies_in(to, other),
                Target::Others => !lies_in(to, place),
                Target::Package(_) => false,
            });
            if forbidden {
                found.push(breach(rule, from, to, names));
            }
        }
        for ((from, to), names) in &graph.external {
            let forbidden =
                rule.to.iter().any(|target| matches!(target, Target::Package(name) if name == to));
            if forbidden && rule.from.iter().any(|place| lies_in(from, place)) {
                found.push(breach(rule, from, to, names));
            }
        }
    }
    found
}

fn breach(rule: &Rule, from: &str, to: &str, names: &crate::graph::Names) -> Breach {
    Breach::Arrow {
        from: from.to_owned(),
        line: names.values().min().copied().unwrap_or(1),
        names: names.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        to: to.to_owned(),
        says: rule.says,
    }
}

fn idle<'t>(rule: &Rule, tree: &'t Tree) -> impl Iterator<Item = Breach> + use<'t> {
    let says = rule.says;
    let missing = move |name: &&'static str| !tree.files.iter().any(|file| lies_in(file, name));
    let from = rule.from.iter().copied().filter(missing);
    let to = rule.to.iter().filter_map(move |target| match target {
        Target::Place(name) => Some(*name).filter(missing),
        Target::Package(name) => Some(*name).filter(|name| !tree.dependencies().contains(name)),
        Target::Others => None,
    });
    from.chain(to).map(move |name| Breach::Idle { name, says })
}

/// Whether a file is the place or lies in it.
fn lies_in(file: &str, place: &str) -> bool {
    file.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
