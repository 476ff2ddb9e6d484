//! Reads the module trees as rustc does: from the roots of the crates, along `mod` and `#[path]`.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use syn::{Item, ItemMod, ext::IdentExt};

use crate::{
    attributes,
    error::Unreadable,
    manifest,
    reference::Namespaces,
    scope::{Home, Meaning, ModuleId, Reach, Scope, reach},
    tree::{FileId, Module, Tree, relative},
};

/// Reads every module of a workspace, or returns everything that cannot be read.
pub fn tree(root: &Path) -> Result<Tree, Vec<Unreadable>> {
    let mut reader = Reader { root, tree: Tree::default(), open: Vec::new(), errors: Vec::new() };
    reader.tree.packages = manifest::packages(root)?;
    for package in 0..reader.tree.packages.len() {
        let found = &reader.tree.packages[package];
        let (library, programs) = (found.library_root.clone(), found.program_roots.clone());
        let name = found.library.clone();
        if let Some(id) = library.and_then(|path| reader.root_module(package, &path)) {
            reader.tree.libraries.insert(name, id);
        }
        for path in programs {
            reader.root_module(package, &path);
        }
    }
    if reader.errors.is_empty() { Ok(reader.tree) } else { Err(reader.errors) }
}

struct Reader<'r> {
    root: &'r Path,
    tree: Tree,
    /// The files from the crate's root to the current one.
    open: Vec<PathBuf>,
    errors: Vec<Unreadable>,
}

/// Where a module's children are looked for.
#[derive(Clone)]
struct Place {
    package: usize,
    /// The module around it; `None` for a crate's root.
    parent: Option<Home>,
    file: FileId,
    /// The folder in which `mod name;` looks for its file.
    children: PathBuf,
    /// The folder to which `#[path]` is relative.
    beside: PathBuf,
}

impl Reader<'_> {
    fn root_module(&mut self, package: usize, path: &Path) -> Option<ModuleId> {
        self.file(package, None, path, true)
    }

    /// Reads a file as a module. With `owns_folder`, its children lie beside it, as with `mod.rs`, not in a folder of
    /// its name. `None` for a file that cannot be read or is all test code.
    fn file(
        &mut self,
        package: usize,
        parent: Option<Home>,
        path: &Path,
        owns_folder: bool,
    ) -> Option<ModuleId> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.fail(path, None, format!("cannot be read ({error}); make it a readable file of UTF-8"));
                return None;
            }
        };
        let parsed = match syn::parse_file(&text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let line = error.span().start().line;
                self.fail(path, Some(line), format!("cannot be parsed ({error}); correct it"));
                return None;
            }
        };
        if attributes::is_test(&parsed.attrs) {
            return None;
        }
        let beside = path.parent().unwrap_or(self.root).to_owned();
        let children = if owns_folder { beside.clone() } else { path.with_extension("") };
        let file = self.tree.file(self.root, path);
        self.open.push(path.to_owned());
        let id = self.module(parsed.items, Place { package, parent, file, children, beside });
        self.open.pop();
        Some(id)
    }

    fn module(&mut self, items: Vec<Item>, place: Place) -> ModuleId {
        let module = ModuleId(self.tree.modules.len());
        let (parent, root) = place.parent.map_or((module, module), |parent| (parent.module, parent.root));
        let home = Home { module, parent, root };
        let scope = Scope::of(&items, home);
        self.tree.modules.push(Module {
            package: place.package,
            home,
            file: place.file,
            scope,
            items: Vec::new(),
        });
        self.macros(&items, home, place.package);
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            if attributes::is_test(attributes::of_item(&item)) {
                continue;
            }
            match item {
                Item::Mod(mut child) => {
                    let content = child.content.take().map(|(_, items)| items);
                    self.child(&child, content, home, &place);
                    kept.push(Item::Mod(child));
                }
                other => kept.push(other),
            }
        }
        self.tree.modules[module.0].items = kept;
        module
    }

    fn macros(&mut self, items: &[Item], home: Home, package: usize) {
        for item in items {
            let Item::Macro(definition) = item else { continue };
            let Some(ident) = &definition.ident else { continue };
            if attributes::is_test(&definition.attrs) {
                continue;
            }
            let name = ident.unraw().to_string();
            if attributes::has(&definition.attrs, "macro_export") {
                let meaning = Meaning::Item(Namespaces::MACRO, home.module);
                self.tree.modules[home.root.0].scope.add(name.clone(), meaning, Reach::Everywhere);
            }
            self.tree.macros.entry((package, name)).or_default().push(home.module);
        }
    }

    fn child(&mut self, declared: &ItemMod, content: Option<Vec<Item>>, home: Home, place: &Place) {
        let name = declared.ident.unraw().to_string();
        let path = attributes::path(&declared.attrs).map(|path| place.beside.join(path));
        let id = match content {
            Some(items) => {
                let folder = path.unwrap_or_else(|| place.children.join(&name));
                let place =
                    Place { parent: Some(home), children: folder.clone(), beside: folder, ..place.clone() };
                Some(self.module(items, place))
            }
            None => self.declared_file(declared, path, home, place),
        };
        if let Some(id) = id {
            let reach = reach(&declared.vis, home);
            self.tree.modules[home.module.0].scope.add(name, Meaning::Module(id), reach);
        }
    }

    fn declared_file(
        &mut self,
        declared: &ItemMod,
        path: Option<PathBuf>,
        home: Home,
        place: &Place,
    ) -> Option<ModuleId> {
        let line = Some(declared.ident.span().start().line);
        let from = self.open.last().cloned().unwrap_or_default();
        let flat = place.children.join(format!("{}.rs", declared.ident.unraw()));
        let folder = place.children.join(declared.ident.unraw().to_string()).join("mod.rs");
        let (file, owns_folder) = match path {
            Some(path) => (normal(&path), true),
            None if flat.is_file() => (flat, false),
            None => (folder, true),
        };
        if !file.is_file() {
            let reason = format!("the module's file {} is not there; add it", relative(self.root, &file));
            self.fail(&from, line, reason);
            return None;
        }
        if self.open.contains(&file) {
            let reason = "the module's file contains this declaration; correct its path".to_owned();
            self.fail(&from, line, reason);
            return None;
        }
        self.file(place.package, Some(home), &file, owns_folder)
    }

    fn fail(&mut self, path: &Path, line: Option<usize>, reason: String) {
        self.errors.push(Unreadable { file: relative(self.root, path), line, reason });
    }
}

/// A path without `.`, and without each `..` that follows a name.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
