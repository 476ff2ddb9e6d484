//! Turns the paths in the code into arrows.

use syn::{Path, ext::IdentExt};

use crate::{
    graph::Graph,
    reference::{Namespaces, Reference},
    resolve::{Seat, Target},
    scope::{Import, ModuleId, Scope},
    tokens::Mention,
    tree::Tree,
};

/// A position in the code, and the graph to which its paths are added.
pub struct Recorder<'t> {
    /// All modules.
    pub tree: &'t Tree,
    /// The module of the position.
    pub module: ModuleId,
    /// The scopes of the blocks around it, the innermost last.
    pub blocks: Vec<Scope>,
    /// The arrows so far.
    pub graph: &'t mut Graph,
}

impl Recorder<'_> {
    /// Adds what a path means. A module itself is not an arrow; what is used through it is.
    pub fn refer(&mut self, reference: &Reference, namespaces: Namespaces) {
        for target in self.targets(reference, namespaces) {
            if !matches!(target, Target::Module(_)) {
                self.arrow(&target, reference);
            }
        }
    }

    /// Adds what a parsed path means, without its generic arguments.
    pub fn path(&mut self, path: &Path, namespaces: Namespaces) {
        let segments: Vec<String> = path.segments.iter().map(|part| part.ident.unraw().to_string()).collect();
        if let Some(first) = path.segments.first() {
            let line = first.ident.span().start().line;
            let reference = Reference { global: path.leading_colon.is_some(), segments, line };
            self.refer(&reference, namespaces);
        }
    }

    /// Adds one leaf of a `use`. A name that may stand for a module adds nothing yet: its uses show what is meant. Nor
    /// does a re-export of an item from within the file's own module, which only makes the item reachable.
    pub fn import(&mut self, import: &Import) {
        let targets = self.targets(&import.reference, import.namespaces);
        if targets.iter().any(|target| matches!(target, Target::Module(_))) {
            return;
        }
        let file = self.tree.of_file(self.module);
        for target in targets {
            let is_inner = matches!(&target, Target::Item(module, _) if self.tree.is_within(*module, file));
            if !(import.reexport && is_inner) {
                self.arrow(&target, &import.reference);
            }
        }
    }

    /// Adds paths found among tokens.
    pub fn mentions(&mut self, mentions: Vec<Mention>) {
        for mention in mentions {
            for target in self.targets(&mention.reference, mention.namespaces) {
                if mention.quoted || !matches!(target, Target::Module(_)) {
                    self.arrow(&target, &mention.reference);
                }
            }
        }
    }

    fn targets(&self, reference: &Reference, namespaces: Namespaces) -> Vec<Target> {
        self.tree.resolve(Seat { module: self.module, blocks: &self.blocks }, reference, namespaces)
    }

    fn arrow(&mut self, target: &Target, reference: &Reference) {
        let file = |module: &ModuleId| self.tree.path(self.tree.module(*module).file);
        let from = file(&self.module);
        let last = reference.segments.last().map_or("", String::as_str);
        match target {
            Target::Item(module, name) => self.graph.add(from, file(module), name, reference.line),
            Target::Module(module) => self.graph.add(from, file(module), last, reference.line),
            Target::External(package) => self.graph.add_external(from, package, last, reference.line),
        }
    }
}
