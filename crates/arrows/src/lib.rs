//! Checks the dependencies between source files. An arrow goes from a file that uses an item to the file that defines
//! it, however many re-exports lie between. Three things are faults: files or folders on a circle of arrows, arrows
//! that a rule forbids, and a map in `docs/architecture.md` that differs from the tree. There are no exceptions.
//!
//! | file | concept |
//! | --- | --- |
//! | `manifest` | the packages, the roots of their modules, their dependencies |
//! | `read`, `tree` | the modules, read along `mod` as rustc does |
//! | `attributes` | test code, which is left out, and `#[path]` |
//! | `scope` | the names of a module or block |
//! | `reference`, `resolve` | a path in the source, and the module that defines what it means |
//! | `tokens` | paths in the bodies of macros and in attributes |
//! | `walk`, `record` | every path of every module, as arrows |
//! | `graph` | the arrows, and circles among them |
//! | `rules`, `forbidden` | what a forbidden arrow is, and the rules of this repository |
//! | `map` | the map |
//! | `report` | what was found |
//!
//! # Limits
//! Names are resolved, not types, so a method call is not an arrow. A trait that comes from a glob import and is used
//! only through its methods is not seen. Nor is the output of a procedural macro, nor `include!`, nor a `#[path]` in
//! `cfg_attr`.

mod attributes;
mod error;
mod forbidden;
mod graph;
mod manifest;
mod map;
mod read;
mod record;
mod reference;
mod report;
mod resolve;
mod rules;
mod scope;
mod tokens;
mod tree;
mod walk;

use std::path::Path;

pub use error::{AllUnreadable, Unreadable};
pub use forbidden::RULES;
pub use map::{Fault, MAP};
pub use report::{Circle, Report};
pub use rules::{Breach, Rule, Target};

/// Checks the workspace at that root.
pub fn check(root: &Path, rules: &[Rule]) -> Result<Report, AllUnreadable> {
    let tree = read::tree(root).map_err(AllUnreadable)?;
    let graph = walk::graph(&tree);
    let mut circles = report::circles(&graph, "file");
    if circles.is_empty() {
        circles = report::circles(&graph.of_places(), "folder");
    }
    Ok(Report {
        files: tree.files.len(),
        arrows: graph.arrows.len(),
        circles,
        breaches: rules::breaches(rules, &tree, &graph),
        map: map::faults(root),
    })
}
