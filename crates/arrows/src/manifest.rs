//! The workspace's packages: their manifests, the roots of their module trees, and what they call their dependencies.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use crate::error::Unreadable;

/// A package of the workspace.
#[derive(Debug)]
pub struct Package {
    /// Its name in the manifest.
    pub name: String,
    /// What other crates call its library.
    pub library: String,
    /// The source file of the library, if it has one.
    pub library_root: Option<PathBuf>,
    /// The source files of its programs.
    pub program_roots: Vec<PathBuf>,
    /// The packages it depends on, by their names in its source.
    pub dependencies: BTreeMap<String, String>,
}

/// The packages of the root and of every folder of `crates` that has a manifest.
pub fn packages(root: &Path) -> Result<Vec<Package>, Vec<Unreadable>> {
    let manifest = root.join("Cargo.toml");
    if !manifest.is_file() {
        let reason = "is not there; give the root of the workspace".to_owned();
        return Err(vec![Unreadable { file: manifest.display().to_string(), line: None, reason }]);
    }
    let workspace = read(root, &manifest).map_err(|error| vec![error])?;
    let shared = table(&workspace, "workspace").and_then(|workspace| table(workspace, "dependencies"));
    let mut packages: Vec<Package> = package(root, &workspace, shared).into_iter().collect();
    let mut errors = Vec::new();
    for folder in folders(&root.join("crates")) {
        let manifest = folder.join("Cargo.toml");
        if manifest.is_file() {
            match read(root, &manifest) {
                Ok(table) => packages.extend(package(&folder, &table, shared)),
                Err(error) => errors.push(error),
            }
        }
    }
    if errors.is_empty() { Ok(packages) } else { Err(errors) }
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn read(root: &Path, manifest: &Path) -> Result<Table, Unreadable> {
    let file = manifest.strip_prefix(root).unwrap_or(manifest).display().to_string();
    let text = fs::read_to_string(manifest).map_err(|error| Unreadable {
        file: file.clone(),
        line: None,
        reason: format!("cannot be read ({error}); make it a readable file of UTF-8"),
    })?;
    text.parse::<Table>().map_err(|error| Unreadable {
        file,
        line: error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| before.matches('\n').count() + 1),
        reason: format!("is not TOML ({}); correct it", error.message()),
    })
}

fn package(folder: &Path, manifest: &Table, shared: Option<&Table>) -> Option<Package> {
    let name = text(table(manifest, "package")?, "name")?.to_owned();
    let library = table(manifest, "lib");
    let library_name = library.and_then(|library| text(library, "name")).unwrap_or(&name).replace('-', "_");
    let library_root = folder.join(library.and_then(|library| text(library, "path")).unwrap_or("src/lib.rs"));
    let mut program_roots = vec![folder.join("src/main.rs")];
    for path in folders(&folder.join("src/bin")) {
        program_roots.push(if path.is_dir() { path.join("main.rs") } else { path });
    }
    let programs = manifest.get("bin").and_then(Value::as_array).into_iter().flatten();
    program_roots
        .extend(programs.filter_map(|program| Some(folder.join(text(program.as_table()?, "path")?))));
    program_roots
        .retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "rs"));
    program_roots.sort();
    program_roots.dedup();
    Some(Package {
        name,
        library: library_name,
        library_root: library_root.is_file().then_some(library_root),
        program_roots,
        dependencies: dependencies(manifest, shared),
    })
}

/// The dependencies of every kind and target, by the name that the source uses.
fn dependencies(manifest: &Table, shared: Option<&Table>) -> BTreeMap<String, String> {
    let targets = table(manifest, "target").into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let mut found = BTreeMap::new();
    for owner in targets.chain([manifest]) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (key, value) in table(owner, kind).into_iter().flatten() {
                let inherited = shared.and_then(|shared| shared.get(key)).filter(|_| has_workspace(value));
                let package = [Some(value), inherited].into_iter().flatten().find_map(renamed);
                found.insert(key.replace('-', "_"), package.unwrap_or(key).to_owned());
            }
        }
    }
    found
}

fn has_workspace(dependency: &Value) -> bool {
    dependency.as_table().and_then(|table| table.get("workspace")).and_then(Value::as_bool) == Some(true)
}

fn renamed(dependency: &Value) -> Option<&str> {
    text(dependency.as_table()?, "package")
}

fn table<'t>(table: &'t Table, key: &str) -> Option<&'t Table> {
    table.get(key)?.as_table()
}

fn text<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    table.get(key)?.as_str()
}
