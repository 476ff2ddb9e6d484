//! The names of a module or block: what is defined there, which modules lie in it, and what it imports.

use std::collections::{HashMap, HashSet};

use syn::{ForeignItem, Ident, Item, UseTree, Visibility, ext::IdentExt};

use crate::{
    attributes,
    reference::{Namespaces, Reference},
};

/// The index of a module of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub usize);

/// Where the items of a scope are.
#[derive(Debug, Clone, Copy)]
pub struct Home {
    /// The module, or the one around the block.
    pub module: ModuleId,
    /// The module's parent; a crate's root is its own.
    pub parent: ModuleId,
    /// The root of the crate.
    pub root: ModuleId,
}

/// Where a name is visible.
#[derive(Debug, Clone, Copy)]
pub enum Reach {
    /// In every crate.
    Everywhere,
    /// In a module and those in it.
    Within(ModuleId),
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// An item that is defined in a module.
    Item(Namespaces, ModuleId),
    /// A module.
    Module(ModuleId),
    /// The import with that index.
    Import(usize),
}

/// One leaf of a `use`.
#[derive(Debug, Clone)]
pub struct Import {
    /// What is imported; for `use a::*` it is `a`.
    pub reference: Reference,
    /// The namespaces that it imports from: `{self}` imports only the module.
    pub namespaces: Namespaces,
    /// Whether other modules may use it from here.
    pub reexport: bool,
    /// Whether it ends in `*`.
    pub glob: bool,
    /// Where it is visible.
    pub reach: Reach,
}

/// The names of a module or block.
#[derive(Debug, Default)]
pub struct Scope {
    names: HashMap<String, Vec<(Meaning, Reach)>>,
    /// Every leaf of every `use`.
    pub imports: Vec<Import>,
    /// Variables, which hide values of the same name.
    pub locals: HashSet<String>,
}

impl Scope {
    /// The scope of these items, except modules, whose indices are not known here.
    pub fn of<'i>(items: impl IntoIterator<Item = &'i Item>, home: Home) -> Self {
        let mut scope = Self::default();
        for item in items {
            if !attributes::is_test(attributes::of_item(item)) {
                scope.declare(item, home);
            }
        }
        scope
    }

    /// What a name may stand for.
    pub fn meanings(&self, name: &str) -> &[(Meaning, Reach)] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }

    /// Adds a name.
    pub fn add(&mut self, name: String, meaning: Meaning, reach: Reach) {
        self.names.entry(name).or_default().push((meaning, reach));
    }

    fn declare(&mut self, item: &Item, home: Home) {
        let both = Namespaces::TYPE | Namespaces::VALUE;
        let (ident, namespaces, visibility) = match item {
            Item::Const(item) => (&item.ident, Namespaces::VALUE, &item.vis),
            Item::Static(item) => (&item.ident, Namespaces::VALUE, &item.vis),
            Item::Fn(item) => (&item.sig.ident, Namespaces::VALUE, &item.vis),
            Item::Struct(item) => (&item.ident, both, &item.vis),
            Item::Enum(item) => (&item.ident, Namespaces::TYPE, &item.vis),
            Item::Union(item) => (&item.ident, Namespaces::TYPE, &item.vis),
            Item::Trait(item) => (&item.ident, Namespaces::TYPE, &item.vis),
            Item::TraitAlias(item) => (&item.ident, Namespaces::TYPE, &item.vis),
            Item::Type(item) => (&item.ident, Namespaces::TYPE, &item.vis),
            Item::Macro(item) => match &item.ident {
                Some(ident) => (ident, Namespaces::MACRO, &Visibility::Inherited),
                None => return,
            },
            Item::ForeignMod(block) => return self.declare_foreign(&block.items, home),
            Item::ExternCrate(item) => {
                let reference = Reference { global: true, ..leaf(&[], &item.ident) };
                let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
                return self.import(reference, name, Namespaces::TYPE, &item.vis, home);
            }
            Item::Use(item) => {
                return self.declare_use(&item.tree, &[], item.leading_colon.is_some(), &item.vis, home);
            }
            _ => return,
        };
        self.add(ident.unraw().to_string(), Meaning::Item(namespaces, home.module), reach(visibility, home));
    }

    fn declare_foreign(&mut self, items: &[ForeignItem], home: Home) {
        for item in items {
            let (ident, namespaces, visibility) = match item {
                ForeignItem::Fn(item) => (&item.sig.ident, Namespaces::VALUE, &item.vis),
                ForeignItem::Static(item) => (&item.ident, Namespaces::VALUE, &item.vis),
                ForeignItem::Type(item) => (&item.ident, Namespaces::TYPE, &item.vis),
                _ => continue,
            };
            let meaning = Meaning::Item(namespaces, home.module);
            self.add(ident.unraw().to_string(), meaning, reach(visibility, home));
        }
    }

    fn declare_use(&mut self, tree: &UseTree, prefix: &[Ident], global: bool, vis: &Visibility, home: Home) {
        match tree {
            UseTree::Path(path) => {
                let prefix: Vec<Ident> = prefix.iter().chain([&path.ident]).cloned().collect();
                self.declare_use(&path.tree, &prefix, global, vis, home);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.declare_use(tree, prefix, global, vis, home));
            }
            UseTree::Glob(_) => {
                let Some((last, before)) = prefix.split_last() else { return };
                let reference = Reference { global, ..leaf(before, last) };
                self.imports.push(Import {
                    reference,
                    namespaces: Namespaces::TYPE,
                    reexport: is_reexport(vis),
                    glob: true,
                    reach: reach(vis, home),
                });
            }
            UseTree::Name(name) => self.declare_leaf(&name.ident, &name.ident, prefix, global, vis, home),
            UseTree::Rename(name) => self.declare_leaf(&name.ident, &name.rename, prefix, global, vis, home),
        }
    }

    fn declare_leaf(
        &mut self,
        ident: &Ident,
        name: &Ident,
        prefix: &[Ident],
        global: bool,
        vis: &Visibility,
        home: Home,
    ) {
        match prefix.split_last() {
            Some((last, before)) if ident == "self" => {
                let name = if name == "self" { last } else { name };
                let reference = Reference { global, ..leaf(before, last) };
                self.import(reference, name, Namespaces::TYPE, vis, home);
            }
            _ => {
                let reference = Reference { global, ..leaf(prefix, ident) };
                self.import(reference, name, Namespaces::ALL, vis, home);
            }
        }
    }

    fn import(
        &mut self,
        reference: Reference,
        name: &Ident,
        namespaces: Namespaces,
        vis: &Visibility,
        home: Home,
    ) {
        let reach = reach(vis, home);
        if name != "_" {
            self.add(name.unraw().to_string(), Meaning::Import(self.imports.len()), reach);
        }
        self.imports.push(Import { reference, namespaces, reexport: is_reexport(vis), glob: false, reach });
    }
}

fn leaf(prefix: &[Ident], last: &Ident) -> Reference {
    let segments = prefix.iter().chain([last]).map(|ident| ident.unraw().to_string()).collect();
    Reference { global: false, segments, line: last.span().start().line }
}

fn is_reexport(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Public(_) => true,
        Visibility::Restricted(restricted) => !restricted.path.is_ident("self"),
        Visibility::Inherited => false,
    }
}

/// Where an item of that visibility is visible. `pub(in path)` counts as the whole crate.
pub fn reach(visibility: &Visibility, home: Home) -> Reach {
    match visibility {
        Visibility::Public(_) => Reach::Everywhere,
        Visibility::Inherited => Reach::Within(home.module),
        Visibility::Restricted(restricted) if restricted.path.is_ident("self") => Reach::Within(home.module),
        Visibility::Restricted(restricted) if restricted.path.is_ident("super") => Reach::Within(home.parent),
        Visibility::Restricted(_) => Reach::Within(home.root),
    }
}
