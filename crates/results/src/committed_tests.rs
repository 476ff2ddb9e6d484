//! This build reads everything that is committed in `reports/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Kind, Saved,
    error_rates::{RealErrorRates, SimulatedErrorRates},
    kernel_bench::KernelBench,
    schema::schemas,
};

fn reports() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports")
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

#[test]
fn every_committed_document_is_one_of_the_saved_types() {
    let mut files = Vec::new();
    json_files(&reports(), &mut files);
    files.retain(|file| !file.starts_with(reports().join("schema")));
    assert!(files.len() > 15, "{files:?}");
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap();
        if Kind::ALL.iter().any(|kind| kind.file() == name) {
            Saved::read(&file).unwrap();
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let read = match name {
            "simulated.json" => serde_json::from_str::<SimulatedErrorRates>(&text).map(drop),
            "real.json" => serde_json::from_str::<RealErrorRates>(&text).map(drop),
            "kernel-bench.json" => serde_json::from_str::<KernelBench>(&text).map(drop),
            other => panic!("{other} in reports/ is not one of the saved types"),
        };
        read.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    let folder = reports().join("schema");
    let published: usize = fs::read_dir(&folder).unwrap().count();
    assert_eq!(published, schemas().len(), "run `make schema`, and remove files that are no longer schemas");
    for (name, schema) in schemas() {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
        let types = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        assert!(text == types, "{name} is out of date; run `make schema`");
    }
}
