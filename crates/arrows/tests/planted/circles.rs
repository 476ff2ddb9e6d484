//! Circles of files and folders, and what only looks like one.

use crate::support::{checked, circles};

const NONE: [&str; 0] = [];

#[test]
fn two_files_that_use_each_other() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "use crate::b::B; pub struct A(B); pub fn help() {}"),
        ("src/b.rs", "pub struct B; pub fn b() { super::a::help(); let _: Option<super::a::A> = None; }"),
    ]);
    assert_eq!(found, ["a.rs -> b.rs: B", "b.rs -> a.rs: A, help"]);
}

#[test]
fn a_chain_is_none() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a.rs", "use crate::{b::B, c::C}; pub struct A(B, C);"),
        ("src/b.rs", "use crate::c::C; pub struct B(C);"),
        ("src/c.rs", "pub struct C;"),
    ]);
    assert_eq!(found, NONE);
}

#[test]
fn re_exports_are_followed_to_the_definition() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a/mod.rs", "mod deep; pub use deep::*; pub use self::deep::Deep as Renamed;"),
        ("src/a/deep.rs", "pub struct Deep(crate::b::B);"),
        ("src/b.rs", "use crate::a::Renamed; pub struct B; fn b(_: Renamed, _: crate::a::Deep) {}"),
    ]);
    assert_eq!(found, ["a/deep.rs -> b.rs: B", "b.rs -> a/deep.rs: Deep"]);
}

#[test]
fn a_module_that_is_imported_gives_arrows_to_what_is_used_through_it() {
    let files = [
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a.rs", "use super::b::{self, number as shown}; pub fn a() { b::word(); shown(); }"),
        ("src/b/mod.rs", "mod words; pub use words::{number, word};"),
        ("src/b/words.rs", "use crate::c::C; pub fn word() { C; } pub fn number() {}"),
        ("src/c.rs", "pub struct C; fn c() { crate::a::a(); }"),
    ];
    let expected = ["a.rs -> b/words.rs: number, word", "b/words.rs -> c.rs: C", "c.rs -> a.rs: a"];
    assert_eq!(circles(&files), expected);
}

#[test]
fn test_code_is_left_out() {
    let of = |head: &str| {
        let user = format!("{head} mod tests {{ use crate::b::B; fn a(_: B) {{}} }} pub struct A;");
        circles(&[
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", &user),
            ("src/b.rs", "pub struct B(crate::a::A);"),
        ])
    };
    for head in [
        "#[cfg(test)]",
        "#[cfg(all(test, unix))]",
        "#[cfg(any(feature = \"x\", test))]",
        "#[cfg(all(not(unix), test))]",
    ] {
        assert_eq!(of(head), NONE, "{head}");
    }
    for head in ["", "#[cfg(not(test))]", "#[cfg(unix)]", "#[cfg(feature = \"test\")]"] {
        assert_eq!(of(head).len(), 2, "{head}");
    }
}

#[test]
fn test_code_within_other_code_is_left_out() {
    let user = "pub struct A { #[cfg(test)] b: crate::b::B }
        impl A { #[cfg(test)] fn b() -> crate::b::B { loop {} } }
        #[test] fn a() { crate::b::b(); }
        fn c(mut x: u8) {
            #[cfg(test)] { crate::b::b(); }
            #[cfg(test)] let _ = crate::b::b();
            #[cfg(test)] assert!(crate::b::b());
            #[cfg(test)] x = crate::b::b();
            match x { #[cfg(test)] _ => crate::b::b(), _ => {} }
        }";
    let other = ("src/b.rs", "pub struct B(crate::a::A); pub fn b() {}");
    assert_eq!(circles(&[("src/lib.rs", "mod a; mod b;"), ("src/a.rs", user), other]), NONE);
    let outside = user.replace("#[cfg(test)] x =", "x =");
    assert_eq!(circles(&[("src/lib.rs", "mod a; mod b;"), ("src/a.rs", &outside), other]).len(), 2);
}

#[test]
fn a_file_of_tests_may_be_anywhere() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "pub struct A; #[cfg(test)] #[path = \"a_tests.rs\"] mod tests;"),
        ("src/a_tests.rs", "this is no Rust"),
        ("src/b.rs", "#![cfg(test)] use crate::a::A;"),
    ]);
    assert_eq!(found, NONE);
}

#[test]
fn a_re_export_is_a_door_and_no_arrow() {
    let child = ("src/a/child.rs", "use super::Item; pub struct Child(Item); pub fn render() {}");
    let of = |code: &str| {
        let module = format!("mod child; pub use child::{{Child, render}}; pub struct Item; {code}");
        circles(&[("src/lib.rs", "mod a;"), ("src/a/mod.rs", &module), child])
    };
    for door in [
        "",
        "pub(crate) use child::Child as Other;",
        "pub mod prelude { pub use super::child::*; }",
        "fn a() { let render = 1; println!(\"{render}\", render); }",
        "fn a(render: u8) { |other| render; if let Some(render) = None { render(); } }",
    ] {
        assert_eq!(of(door), NONE, "{door}");
    }
    for used in [
        "struct Holder(Child);",
        "fn a() { render(); }",
        "fn a() { child::render(); }",
        "use child::Child as Mine;",
        "fn a() { let render = render(); }",
        "fn a() { { let render = 1; } render(); }",
        "impl Child {}",
        "fn a() { use child::render as other; }",
        "fn a() { vec![render; 2]; vec![Child]; }",
    ] {
        assert_eq!(of(used).len(), 2, "{used}");
    }
}

#[test]
fn a_re_export_from_elsewhere_is_an_arrow() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a/mod.rs", "pub use crate::b::B; pub struct A;"),
        ("src/b.rs", "use crate::a::A; pub struct B(A);"),
    ]);
    assert_eq!(found, ["a/mod.rs -> b.rs: B", "b.rs -> a/mod.rs: A"]);
}

#[test]
fn a_name_of_a_module_and_a_function() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a/mod.rs", "pub mod walk; pub use walk::walk; pub fn own() {}"),
        ("src/a/walk.rs", "pub fn walk() { crate::b::b(); } pub fn step() {}"),
        ("src/b.rs", "use crate::a::walk; pub fn b() { walk(); walk::step(); }"),
    ]);
    assert_eq!(found, ["a/walk.rs -> b.rs: b", "b.rs -> a/walk.rs: step, walk"]);
}

#[test]
fn modules_lie_where_rustc_finds_them() {
    let found = circles(&[
        (
            "src/lib.rs",
            "mod a; mod inline { pub mod deep; #[path = \"other.rs\"] pub mod named; } mod r#type;",
        ),
        ("src/a.rs", "pub mod child; #[path = \"elsewhere/b.rs\"] pub mod b; pub struct A;"),
        ("src/a/child.rs", "pub struct Child(super::super::A, crate::inline::deep::Deep);"),
        ("src/elsewhere/b.rs", "pub mod c;"),
        ("src/elsewhere/c.rs", "pub struct C(crate::r#type::T);"),
        ("src/inline/deep.rs", "pub struct Deep(crate::a::b::c::C);"),
        ("src/inline/other.rs", ""),
        ("src/type.rs", "pub struct T(crate::a::child::Child);"),
    ]);
    let expected = [
        "a/child.rs -> inline/deep.rs: Deep",
        "elsewhere/c.rs -> type.rs: T",
        "inline/deep.rs -> elsewhere/c.rs: C",
        "type.rs -> a/child.rs: Child",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_a_macro_may_define_lies_in_the_module_where_it_is_looked_for() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "make!(Made); fn a() { crate::b::b(); }"),
        ("src/b.rs", "use crate::a::Made; pub fn b() {}"),
    ]);
    assert_eq!(found, ["a.rs -> b.rs: b", "b.rs -> a.rs: Made"]);
}

#[test]
fn a_program_has_modules_of_its_own_and_uses_its_library() {
    let found = circles(&[
        ("src/lib.rs", "pub mod a;"),
        ("src/a.rs", "pub struct A;"),
        ("src/main.rs", "mod run; struct Options; fn main() { run::run(); }"),
        ("src/run.rs", "pub fn run() { let _: Option<patchmark::a::A> = None; let _ = crate::Options; }"),
    ]);
    assert_eq!(found, ["main.rs -> run.rs: run", "run.rs -> main.rs: Options"]);
}

#[test]
fn imports_in_a_circle_end() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "pub use super::b::*; pub use super::b::X; fn a() { lost(); X; }"),
        ("src/b.rs", "pub use super::a::*; pub use super::a::X; fn b() { lost(); X; }"),
    ]);
    assert!(found.len() <= 2, "{found:?}");
}

#[test]
fn a_report_counts_and_names_every_arrow() {
    let files = [
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "use crate::b::{B, C}; pub struct A(B, C);"),
        ("src/b.rs", "pub struct B(crate::a::A); pub struct C;"),
    ];
    let report = checked(&files, &[]).expect("readable files").to_string();
    assert!(report.contains("a circle of 2 files"), "{report}");
    assert!(report.contains("  src/a.rs -> src/b.rs: B, C\n  src/b.rs -> src/a.rs: A\n"), "{report}");
    assert!(
        report.ends_with("3 files, 2 arrows: 1 circle, 0 breaches of rules, 1 fault of the map"),
        "{report}"
    );
}

#[test]
fn folders_whose_files_use_each_other() {
    let files = [
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a/mod.rs", "pub mod high; pub mod low;"),
        ("src/a/high.rs", "use crate::b::B; pub struct High(B); use super::low::Low; fn high(_: Low) {}"),
        ("src/a/low.rs", "pub struct Low;"),
        ("src/b/mod.rs", "mod deep; pub use deep::B;"),
        ("src/b/deep.rs", "use crate::a::low::Low; pub struct B(Low);"),
        ("src/c.rs", "use crate::{a::high::High, b::B}; fn c(_: High, _: B) {}"),
    ];
    let expected = ["a -> b: src/a/high.rs uses src/b/deep.rs", "b -> a: src/b/deep.rs uses src/a/low.rs"];
    assert_eq!(circles(&files), expected);
    let below = [
        ("src/lib.rs", "mod a;"),
        ("src/a/mod.rs", "mod x; mod y;"),
        ("src/a/x/mod.rs", "mod one; pub mod two;"),
        ("src/a/x/one.rs", "use crate::a::y::Y; fn one(_: Y) {}"),
        ("src/a/x/two.rs", "pub struct Two;"),
        ("src/a/y.rs", "use super::x::two::Two; pub struct Y(Two);"),
    ];
    assert_eq!(
        circles(&below),
        ["a/x -> a/y.rs: src/a/x/one.rs uses src/a/y.rs", "a/y.rs -> a/x: src/a/y.rs uses src/a/x/two.rs"]
    );
}
