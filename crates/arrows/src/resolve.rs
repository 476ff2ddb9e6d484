//! Resolves a path in the source to the module that defines the item, through imports and re-exports.

use std::collections::HashSet;

use crate::{
    reference::{Namespaces, Reference},
    scope::{Meaning, ModuleId, Reach, Scope},
    tree::Tree,
};

/// What a path may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A module itself.
    Module(ModuleId),
    /// An item that is defined in a module. A name that is not found counts as defined in the module where it was
    /// looked for, because a macro's expansion may define it there.
    Item(ModuleId, String),
    /// Something in a package outside the workspace.
    External(String),
}

/// The position from which a path is looked up.
#[derive(Debug, Clone, Copy)]
pub struct Seat<'s> {
    /// The module.
    pub module: ModuleId,
    /// The scopes of the blocks around the path, the innermost last.
    pub blocks: &'s [Scope],
}

/// Names that are being looked up, so that circular imports end.
type Pending = HashSet<(usize, String, Namespaces)>;

/// A scope to search, with the number that identifies it in [`Pending`].
#[derive(Clone, Copy)]
struct Searched<'s> {
    seat: Seat<'s>,
    scope: &'s Scope,
    number: usize,
    /// The module whose glob import looks into the scope; `None` for any other look-up.
    viewer: Option<ModuleId>,
}

impl Tree {
    /// Everything that a path may mean in these namespaces.
    pub fn resolve(&self, seat: Seat<'_>, reference: &Reference, wanted: Namespaces) -> Vec<Target> {
        self.follow(seat, reference, wanted, &mut Pending::new())
    }

    fn follow(
        &self,
        seat: Seat<'_>,
        path: &Reference,
        wanted: Namespaces,
        pending: &mut Pending,
    ) -> Vec<Target> {
        let (mut targets, rest) = self.start(seat, path, wanted, pending);
        for (at, segment) in rest.iter().enumerate() {
            let wanted = if at + 1 == rest.len() { wanted } else { Namespaces::TYPE };
            let mut next = Vec::new();
            for target in targets {
                match target {
                    Target::Module(module) => next.extend(self.member(module, segment, wanted, pending)),
                    // What lies in an item, such as a variant, is defined where the item is.
                    other => next.push(other),
                }
            }
            targets = next;
        }
        let mut distinct = Vec::new();
        for target in targets {
            if !distinct.contains(&target) {
                distinct.push(target);
            }
        }
        distinct
    }

    /// What the beginning of a path means, and the segments after it.
    fn start<'p>(
        &self,
        seat: Seat<'_>,
        path: &'p Reference,
        wanted: Namespaces,
        pending: &mut Pending,
    ) -> (Vec<Target>, &'p [String]) {
        let Some((first, rest)) = path.segments.split_first() else { return (Vec::new(), &[]) };
        if path.global {
            return (self.extern_crate(seat.module, first), rest);
        }
        let home = self.module(seat.module).home;
        match first.as_str() {
            "crate" => (vec![Target::Module(home.root)], rest),
            "self" => self.parents(seat.module, rest),
            "super" => self.parents(seat.module, &path.segments),
            "Self" => (Vec::new(), &[]),
            name => {
                let wanted = if rest.is_empty() { wanted } else { Namespaces::TYPE };
                (self.lexical(seat, name, wanted, pending), rest)
            }
        }
    }

    fn parents<'p>(&self, module: ModuleId, mut rest: &'p [String]) -> (Vec<Target>, &'p [String]) {
        let mut at = module;
        while let Some(("super", behind)) = rest.split_first().map(|(first, behind)| (first.as_str(), behind))
        {
            at = self.module(at).home.parent;
            rest = behind;
        }
        (vec![Target::Module(at)], rest)
    }

    /// A name without a path, searched in the blocks, the module, the macros in force and the crates.
    fn lexical(&self, seat: Seat<'_>, name: &str, wanted: Namespaces, pending: &mut Pending) -> Vec<Target> {
        for (at, scope) in seat.blocks.iter().enumerate().rev() {
            if wanted.intersects(Namespaces::VALUE) && scope.locals.contains(name) {
                return Vec::new();
            }
            let seat = Seat { module: seat.module, blocks: &seat.blocks[..=at] };
            let searched = Searched { seat, scope, number: usize::MAX - at, viewer: None };
            let found = self.search(searched, name, wanted, pending);
            if !found.is_empty() {
                return found;
            }
        }
        let found = self.search(self.searched(seat.module, None), name, wanted, pending);
        if !found.is_empty() {
            return found;
        }
        if wanted.intersects(Namespaces::MACRO)
            && let Some(definer) = self.macro_in_force(seat.module, name)
        {
            return vec![Target::Item(definer, name.to_owned())];
        }
        if wanted.intersects(Namespaces::TYPE) { self.extern_crate(seat.module, name) } else { Vec::new() }
    }

    fn searched(&self, module: ModuleId, viewer: Option<ModuleId>) -> Searched<'_> {
        let seat = Seat { module, blocks: &[] };
        Searched { seat, scope: &self.module(module).scope, number: module.0, viewer }
    }

    /// A name after `module::`.
    fn member(&self, module: ModuleId, name: &str, wanted: Namespaces, pending: &mut Pending) -> Vec<Target> {
        let searched = self.searched(module, None);
        let found = self.search(searched, name, wanted, pending);
        if found.is_empty() && self.search(searched, name, Namespaces::ALL, pending).is_empty() {
            return vec![Target::Item(module, name.to_owned())];
        }
        found
    }

    fn search(
        &self,
        searched: Searched<'_>,
        name: &str,
        wanted: Namespaces,
        pending: &mut Pending,
    ) -> Vec<Target> {
        let mut found = Vec::new();
        for namespace in wanted.each() {
            let key = (searched.number, name.to_owned(), namespace);
            if !pending.insert(key.clone()) {
                continue;
            }
            let mut here = self.named(searched, name, namespace, pending);
            if here.is_empty() {
                here = self.through_globs(searched, name, namespace, pending);
            }
            pending.remove(&key);
            found.extend(here);
        }
        found
    }

    fn named(
        &self,
        searched: Searched<'_>,
        name: &str,
        namespace: Namespaces,
        pending: &mut Pending,
    ) -> Vec<Target> {
        let mut found = Vec::new();
        for (meaning, reach) in searched.scope.meanings(name) {
            if !self.sees(searched.viewer, *reach) {
                continue;
            }
            match *meaning {
                Meaning::Item(namespaces, module) if namespaces.intersects(namespace) => {
                    found.push(Target::Item(module, name.to_owned()));
                }
                Meaning::Module(module) if namespace == Namespaces::TYPE => {
                    found.push(Target::Module(module))
                }
                Meaning::Import(number) => {
                    let import = &searched.scope.imports[number];
                    if import.namespaces.intersects(namespace) {
                        found.extend(self.follow(searched.seat, &import.reference, namespace, pending));
                    }
                }
                Meaning::Item(..) | Meaning::Module(_) => {}
            }
        }
        found
    }

    fn through_globs(
        &self,
        searched: Searched<'_>,
        name: &str,
        namespace: Namespaces,
        pending: &mut Pending,
    ) -> Vec<Target> {
        let mut found = Vec::new();
        let globs = searched.scope.imports.iter().filter(|import| import.glob);
        for glob in globs.filter(|glob| self.sees(searched.viewer, glob.reach)) {
            for target in self.follow(searched.seat, &glob.reference, Namespaces::TYPE, pending) {
                if let Target::Module(module) = target {
                    let inner = self.searched(module, Some(searched.seat.module));
                    found.extend(self.search(inner, name, namespace, pending));
                }
            }
        }
        found
    }

    fn sees(&self, viewer: Option<ModuleId>, reach: Reach) -> bool {
        match (viewer, reach) {
            (Some(viewer), Reach::Within(module)) => self.is_within(viewer, module),
            (None, _) | (_, Reach::Everywhere) => true,
        }
    }

    /// The crate of that name: a workspace crate as its root module, any other as its package.
    fn extern_crate(&self, module: ModuleId, name: &str) -> Vec<Target> {
        let dependency = self.packages[self.module(module).package].dependencies.get(name);
        let renamed = dependency.and_then(|package| self.packages.iter().find(|one| one.name == *package));
        let library = renamed.map_or(name, |package| package.library.as_str());
        match (self.libraries.get(library), dependency) {
            (Some(root), _) => vec![Target::Module(*root)],
            (None, Some(package)) => vec![Target::External(package.clone())],
            (None, None) => Vec::new(),
        }
    }
}
