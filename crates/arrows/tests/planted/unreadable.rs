//! Input that cannot be read is named with its line, and nothing panics.

use std::fs;

use patchmark_arrows::check;

use crate::support::{checked, plant};

fn errors(files: &[(&str, &str)]) -> Vec<String> {
    let errors = checked(files, &[]).expect_err("an unreadable file").0;
    errors.iter().map(|error| format!("{}:{}", error.file, error.line.unwrap_or(0))).collect()
}

#[test]
fn every_broken_file_is_named_with_its_line() {
    let found = errors(&[
        ("src/lib.rs", "mod a;\nmod b;\n\nmod gone;"),
        ("src/a.rs", "fn a() {\n    let = 1;\n}"),
        ("src/b.rs", "\n\nfn b() { \"open"),
    ]);
    assert_eq!(found, ["src/a.rs:2", "src/b.rs:3", "src/lib.rs:4"]);
}

#[test]
fn modules_that_hold_themselves() {
    let found = errors(&[("src/lib.rs", "mod a;"), ("src/a.rs", "\n#[path = \"./a.rs\"] mod a;")]);
    assert_eq!(found, ["src/a.rs:2"]);
}

#[test]
fn broken_manifests() {
    assert_eq!(errors(&[("Cargo.toml", "[package]\nname =")]), ["Cargo.toml:2"]);
    let found = errors(&[("crates/a/Cargo.toml", "x"), ("crates/b/Cargo.toml", "\n\n= 1")]);
    assert_eq!(found, ["crates/a/Cargo.toml:1", "crates/b/Cargo.toml:3"]);
}

#[test]
fn no_workspace_at_all() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    let error = check(empty.path(), &[]).expect_err("no manifest").to_string();
    assert!(error.contains("Cargo.toml: is not there; give the root of the workspace"), "{error}");
}

#[test]
fn bytes_that_are_no_text() {
    let root = plant(&[("src/lib.rs", "mod a;")]);
    fs::write(root.path().join("src/a.rs"), [0xff, 0xfe]).expect("the file is written");
    let error = check(root.path(), &[]).expect_err("no text").to_string();
    assert!(error.starts_with("src/a.rs: cannot be read"), "{error}");
}

#[test]
fn odd_but_readable_code() {
    for text in [
        "",
        "#!/usr/bin/env run\n//! text\n",
        "use super::super::super::x; use crate; use self as me; use ::*; use {}; use a::{self as b};",
        "use a::a; use b::*; use x as y; use y as x; fn f() { a(); x(); y(); Self::g(); super::f(); }",
        "mod m { mod m { use super::m; use super::super::m::m; } pub use m::*; } pub use m::*;",
        "macro_rules! m { ($($x:tt)*) => { $($x)* $crate:: ::a :: :: b:: {c, self, d as e, *} 'a .. ..b <T>::c r#fn } }",
        "fn f() { m!(); m![::]; m! { $ $crate :: }; \"{\"; format!(\"{A {B: {{C}} {\"); }",
        "#[a = \"\"] #[a = \"::\"] #[a(b = \"c::\", d = 1)] struct S;",
    ] {
        let report = checked(&[("src/lib.rs", text)], &[]);
        let counts = report.map(|report| (report.files, report.arrows)).map_err(|error| error.to_string());
        assert_eq!(counts, Ok((1, 0)), "{text}");
    }
}
