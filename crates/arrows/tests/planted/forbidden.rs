//! Forbidden arrows of every kind, and rules that guard nothing.

use patchmark_arrows::{
    Breach, RULES, Rule,
    Target::{Others, Package, Place},
};

use crate::support::checked;

fn breaches(files: &[(&str, &str)], rule: Rule) -> Vec<String> {
    let report = checked(files, &[rule]).expect("readable files");
    let say = |breach: &Breach| match breach {
        Breach::Arrow { from, line, names, to, .. } => format!("{from}:{line} -> {to}: {names}"),
        Breach::Idle { name, .. } => format!("no {name}"),
    };
    report.breaches.iter().map(say).collect()
}

/// A main crate that calls `drawing` by another name, `drawing`, which does the same with `tch`, and a plain crate.
fn workspace<'f>(bench: &'f str, drawing: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        (
            "Cargo.toml",
            "[package]\nname = \"patchmark\"\n[dependencies]\npyo3 = \"1\"\n
             charts = { path = \"crates/drawing\", package = \"patchmark-drawing\" }\n
             [workspace.dependencies]\ntorch = { version = \"1\", package = \"tch\" }\n",
        ),
        ("src/lib.rs", "pub mod bench; pub mod benches;"),
        ("src/bench/mod.rs", "mod inner;"),
        ("src/bench/inner.rs", bench),
        ("src/benches.rs", "use charts::Chart;"),
        (
            "crates/drawing/Cargo.toml",
            "[package]\nname = \"patchmark-drawing\"\n[dependencies]\ntorch.workspace = true\n[target.'cfg(unix)'.dependencies]\nnvml-wrapper = \"1\"\n",
        ),
        ("crates/drawing/src/lib.rs", drawing),
        ("crates/drawing/src/chart.rs", "pub struct Chart;"),
        ("crates/plain/Cargo.toml", "[package]\nname = \"patchmark-plain\"\n"),
        ("crates/plain/src/lib.rs", "pub struct Plain;"),
    ]
}

const DRAWING: &str = "mod chart; pub use chart::Chart;";
const NO_DRAWING: Rule = Rule { from: &["src/bench"], to: &[Place("crates/drawing")], says: "no drawing" };

#[test]
fn from_a_place_to_a_place() {
    for (user, names) in [
        ("use charts::Chart;", "Chart"),
        ("\nfn a() { let _ = format!(\"{:?}\", charts::Chart); }", "Chart"),
        ("pub use charts::*; fn a(_: Chart) {}", "Chart"),
    ] {
        let found = breaches(&workspace(user, DRAWING), NO_DRAWING);
        let line = user.matches('\n').count() + 1;
        let expected = format!("src/bench/inner.rs:{line} -> crates/drawing/src/chart.rs: {names}");
        assert_eq!(found, [expected], "{user}");
    }
    // `src/benches.rs` uses the drawing too, but is another place.
    assert!(breaches(&workspace("", DRAWING), NO_DRAWING).is_empty());
}

#[test]
fn to_every_other_file() {
    let rule = Rule { from: &["crates/drawing"], to: &[Others], says: "alone" };
    let own = "mod chart; pub use chart::Chart; fn a(_: Chart) {}";
    assert!(breaches(&workspace("", own), rule).is_empty());
    let other = "mod chart;\nfn a(_: patchmark_plain::Plain) {}";
    let expected = ["crates/drawing/src/lib.rs:2 -> crates/plain/src/lib.rs: Plain"];
    assert_eq!(breaches(&workspace("", other), rule), expected);
}

#[test]
fn to_a_package_under_any_name() {
    let rule = Rule { from: &["crates/drawing"], to: &[Package("tch")], says: "no torch" };
    for user in [
        "use torch::Tensor;",
        "fn a(_: torch::Tensor) {}",
        "use ::torch::{Kind, Tensor};",
        "use torch as t; fn a(_: t::Tensor) {}",
        "extern crate torch as t;",
        "use torch::*;",
    ] {
        let found = breaches(&workspace("", user), rule);
        assert!(found.iter().all(|line| line.contains("src/lib.rs:1 -> tch")) && found.len() == 1, "{user}");
    }
    assert!(breaches(&workspace("", "fn a(tch: u8) {} mod torch_like {}"), rule).is_empty());
    let dashed = Rule { from: &["crates/drawing"], to: &[Package("nvml-wrapper")], says: "no GPU" };
    let found = breaches(&workspace("", "use nvml_wrapper::Nvml;"), dashed);
    assert_eq!(found, ["crates/drawing/src/lib.rs:1 -> nvml-wrapper: Nvml"]);
}

#[test]
fn a_package_behind_a_crate_of_ours_is_seen() {
    let rule = Rule { from: &["src/bench"], to: &[Package("tch")], says: "no torch" };
    let found = breaches(&workspace("use charts::Tensor;", "pub use torch::Tensor;"), rule);
    assert_eq!(found, ["src/bench/inner.rs:1 -> tch: Tensor"]);
}

#[test]
fn a_rule_that_guards_nothing() {
    let rule = Rule {
        from: &["src/bench", "src/gone", "src/benc"],
        to: &[Place("crates/none"), Place("crates/plain"), Package("pyo3"), Package("serde"), Others],
        says: "nothing",
    };
    let expected = ["no src/gone", "no src/benc", "no crates/none", "no serde"];
    assert_eq!(breaches(&workspace("", DRAWING), rule), expected);
}

/// The smallest workspace with every place that the rules name, and one more line in one of its files.
fn real(file: &str, line: &str) -> Vec<(String, String)> {
    let mut folders: Vec<&str> = RULES.iter().flat_map(|rule| rule.from).copied().collect();
    for target in RULES.iter().flat_map(|rule| rule.to) {
        if let Place(place) = target {
            folders.push(place);
        }
    }
    folders.sort_unstable();
    folders.dedup();
    let mut files = Vec::new();
    let mut main = String::new();
    for folder in folders {
        if let Some(name) = folder.strip_prefix("src/") {
            main += &format!("pub mod {name};");
            files.push((format!("{folder}/mod.rs"), "pub struct Item;".to_owned()));
        } else if let Some(name) = folder.strip_prefix("crates/") {
            let manifest = format!(
                "[package]\nname = \"patchmark-{name}\"\n[dependencies]\ntch = \"1\"\npyo3 = \"1\"\n"
            );
            files.push((format!("{folder}/Cargo.toml"), manifest));
            files.push((format!("{folder}/src/lib.rs"), "pub struct Item;".to_owned()));
        }
    }
    files.push(("src/lib.rs".to_owned(), main + "pub struct Item;"));
    for (_, text) in files.iter_mut().filter(|(path, _)| path == file) {
        *text += line;
    }
    files
}

fn real_breaches(file: &str, line: &str) -> usize {
    let files = real(file, line);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    checked(&files, RULES).expect("readable files").breaches.len()
}

#[test]
fn every_rule_of_the_repository_is_in_force() {
    assert_eq!(real_breaches("", ""), 0);
    let producers = "bench compare validate parity worker measure processor model workload python";
    for producer in producers.split(' ') {
        let file = format!("src/{producer}/mod.rs");
        assert_eq!(real_breaches(&file, "use patchmark_report::Item as I;"), 1, "{producer}");
        assert_eq!(real_breaches(&file, "use patchmark_results::Item as I;"), 0, "{producer}");
    }
    for reader in ["results", "statistics", "gate", "report"] {
        let file = format!("crates/{reader}/src/lib.rs");
        for line in ["use tch::Tensor;", "use pyo3::prelude::*;"] {
            assert_eq!(real_breaches(&file, line), 1, "{reader}: {line}");
        }
        assert!(real_breaches(&file, "use patchmark::Item as I;") >= 1, "{reader}");
    }
    for (from, item) in [
        ("crates/results/src/lib.rs", "patchmark_statistics"),
        ("crates/gate/src/lib.rs", "patchmark_report"),
        ("crates/report/src/lib.rs", "patchmark_gate"),
        ("src/python/mod.rs", "crate::processor"),
        ("src/workload/mod.rs", "crate::processor"),
        ("src/workload/mod.rs", "crate::model"),
        ("src/workload/mod.rs", "crate::measure"),
        ("src/workload/mod.rs", "crate::python"),
        ("src/processor/mod.rs", "crate::measure"),
    ] {
        assert_eq!(real_breaches(from, &format!("use {item}::Item as I;")), 1, "{from}: {item}");
    }
    assert_eq!(real_breaches("src/processor/mod.rs", "use crate::python::Item as I;"), 0);
    assert_eq!(real_breaches("crates/gate/src/lib.rs", "use patchmark_statistics::Item as I;"), 0);
}
