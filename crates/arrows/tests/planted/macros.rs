//! Paths in macros and attributes.

use crate::support::circles;

#[test]
fn macro_bodies_are_read() {
    for body in [
        "html! { p class=(crate::b::word()) { \"x\" } }",
        "html! { p { @if true { (b::word()) } } }",
        "format!(\"{}\", b::word())",
        "html! { p { (word()) } }",
        "wrapped! { use crate::b::{self, word as other}; }",
        "html! { p { (crate::shout!()) } }",
        "b::shout!(1; 2)",
        "format!(\"{WORD:>5}\")",
    ] {
        let user = format!("use crate::b::{{self}}; use crate::c::*; pub struct A; fn a() {{ {body}; }}");
        let found = circles(&[
            ("src/lib.rs", "mod a; mod b; mod c;"),
            ("src/a.rs", &user),
            (
                "src/b.rs",
                "use crate::a::A; pub const WORD: &str = \"\"; pub fn word(_: A) {}
                 #[macro_export] macro_rules! shout { () => {} } pub use shout;",
            ),
            ("src/c.rs", "pub use super::b::{WORD, word};"),
        ]);
        assert_eq!(found.len(), 2, "{body}: {found:?}");
    }
}

#[test]
fn words_of_a_macro_are_no_names() {
    let found = circles(&[
        (
            "src/page/mod.rs",
            "mod head; pub use head::head; pub struct Item; fn a() { html! { head { title; } } }",
        ),
        ("src/page/head.rs", "use super::Item; pub fn head(_: Item) {}"),
        ("src/lib.rs", "mod page;"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_macro_leads_to_the_file_that_defines_it() {
    let macros =
        "#[macro_export] macro_rules! shout { () => { $crate::a::A } } macro_rules! inner { () => {} }";
    for user in
        ["fn a() { crate::shout!(); }", "use crate::shout; fn a() { shout!(); }", "fn a() { inner!(); }"]
    {
        let user = format!("pub struct A; {user}");
        let found = circles(&[
            ("src/lib.rs", "#[macro_use] mod macros; mod a;"),
            ("src/macros.rs", macros),
            ("src/a.rs", &user),
        ]);
        assert_eq!(found.len(), 2, "{user}: {found:?}");
    }
}

#[test]
fn attributes_are_read() {
    for attribute in ["serde(with = \"crate::b\")", "arg(value_parser = crate::b::parse)", "crate::b::parse"]
    {
        let user = format!("#[{attribute}] pub struct A;");
        let found = circles(&[
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", &user),
            ("src/b.rs", "pub fn parse(_: crate::a::A) {}"),
        ]);
        assert_eq!(found.len(), 2, "{attribute}: {found:?}");
    }
}
