//! The map: every place has a line, and every line has a place.

use patchmark_arrows::{Fault, MAP};

use crate::support::checked;

fn faults(map: Option<&str>) -> Vec<Fault> {
    let mut files = vec![
        ("src/lib.rs", ""),
        ("src/main.rs", "fn main() {}"),
        ("src/program.rs", ""),
        ("src/bench/mod.rs", ""),
        ("src/bench/plan.rs", ""),
        ("crates/results/Cargo.toml", "[package]\nname = \"patchmark-results\"\n"),
        ("crates/results/src/lib.rs", ""),
    ];
    files.extend(map.map(|text| (MAP, text)));
    checked(&files, &[]).expect("readable files").map
}

#[test]
fn tables_and_lists_that_are_complete() {
    for map in [
        "| place | what |\n| --- | --- |\n| `src/bench/`, `src/program.rs` | x |\n| `crates/results` | `src/gone` |",
        "```text\n- `src/bench`: x\n  - `src/program.rs`: y, unlike `src/gone`\n* `crates/results` and more\n```",
        "- `src/bench`, `crates/results` and `src/program.rs`: all, with `src/bench/plan.rs`\n- `make lint` x",
    ] {
        assert_eq!(faults(Some(map)), [], "{map}");
    }
}

#[test]
fn a_place_without_a_line() {
    let map = "Text that names `src/program.rs`.\n- `src/bench`: unlike `src/program.rs`\n| `crates/results` | `src/program.rs` |";
    assert_eq!(faults(Some(map)), [Fault::Unmapped("src/program.rs".to_owned())]);
    let deeper = "- `src/bench/plan.rs`\n- `src/program.rs`\n- `crates/results`";
    assert_eq!(faults(Some(deeper)), [Fault::Unmapped("src/bench".to_owned())]);
    let all =
        ["crates/results", "src/bench", "src/program.rs"].map(|place| Fault::Unmapped(place.to_owned()));
    assert_eq!(faults(Some("")), all);
}

#[test]
fn a_line_for_a_place_that_is_gone() {
    let map =
        "- `src/bench`\n- `src/program.rs`, `crates/gone`\n\n| `crates/results`, `src/bench/old.rs` | x |";
    let gone = |place: &str, line| Fault::Gone { place: place.to_owned(), line };
    assert_eq!(faults(Some(map)), [gone("crates/gone", 2), gone("src/bench/old.rs", 4)]);
}

#[test]
fn no_map_at_all() {
    assert!(matches!(faults(None)[..], [Fault::NoMap(_)]));
}
