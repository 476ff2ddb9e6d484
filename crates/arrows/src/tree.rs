//! Every module of the workspace, with its names and items.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use syn::Item;

use crate::{
    manifest::Package,
    scope::{Home, ModuleId, Scope},
};

/// The index of a source file of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub usize);

/// A module, in a file of its own or within one.
pub struct Module {
    /// The index of its package.
    pub package: usize,
    /// Its place among the modules.
    pub home: Home,
    /// The file that contains it.
    pub file: FileId,
    /// Its names.
    pub scope: Scope,
    /// Its items.
    pub items: Vec<Item>,
}

/// All modules of all packages, except test code.
#[derive(Default)]
pub struct Tree {
    /// The packages.
    pub packages: Vec<Package>,
    /// Paths of files from the workspace's root, with `/` between folders.
    pub files: Vec<String>,
    /// The modules.
    pub modules: Vec<Module>,
    /// The root module of each library, by the name that other crates use.
    pub libraries: HashMap<String, ModuleId>,
    /// The modules that define a `macro_rules!`, by package and macro name: such a macro can be called without a path
    /// beyond its module's scope.
    pub macros: HashMap<(usize, String), Vec<ModuleId>>,
}

impl Tree {
    /// The module with that index.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0]
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        &self.files[file.0]
    }

    /// Whether a module is `outer` or lies in it.
    pub fn is_within(&self, module: ModuleId, outer: ModuleId) -> bool {
        let mut at = module;
        loop {
            let parent = self.module(at).home.parent;
            if at == outer || parent == at {
                return at == outer;
            }
            at = parent;
        }
    }

    /// The module that is the whole file containing this one.
    pub fn of_file(&self, module: ModuleId) -> ModuleId {
        let parent = self.module(module).home.parent;
        let same = parent != module && self.module(parent).file == self.module(module).file;
        if same { self.of_file(parent) } else { module }
    }

    /// The module that defines the macro which `name!` calls without a path: the same module or the nearest one around
    /// it, else the first in the package.
    pub fn macro_in_force(&self, module: ModuleId, name: &str) -> Option<ModuleId> {
        let definers = self.macros.get(&(self.module(module).package, name.to_owned()))?;
        let above = definers.iter().filter(|definer| self.is_within(module, **definer)).max();
        above.or(definers.first()).copied()
    }

    /// Every package that a package of the workspace depends on.
    pub fn dependencies(&self) -> BTreeSet<&str> {
        self.packages.iter().flat_map(|package| package.dependencies.values()).map(String::as_str).collect()
    }

    /// The index of a file, which is added if it is new.
    pub fn file(&mut self, root: &Path, path: &Path) -> FileId {
        let name = relative(root, path);
        let known = self.files.iter().position(|file| *file == name);
        FileId(known.unwrap_or_else(|| {
            self.files.push(name);
            self.files.len() - 1
        }))
    }
}

/// A path from the workspace's root, with `/` between folders.
pub fn relative(root: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = inner.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
