//! The rules of this repository.

use crate::rules::{
    Rule,
    Target::{Others, Package, Place},
};

/// Arrows that no source file may have.
pub const RULES: &[Rule] = &[
    Rule {
        from: &[
            "src/bench",
            "src/compare",
            "src/validate",
            "src/process",
            "src/golden",
            "src/parity",
            "src/worker",
            "src/measure",
            "src/processor",
            "src/model",
            "src/workload",
            "src/python",
        ],
        to: &[Place("crates/report")],
        says: "what produces results never draws them",
    },
    Rule {
        from: &["crates/results"],
        to: &[Others],
        says: "crates/results uses nothing else of the workspace: everything else may use it",
    },
    Rule {
        from: &["crates/results", "crates/statistics", "crates/gate", "crates/golden", "crates/report"],
        to: &[Package("tch"), Package("pyo3"), Place("src")],
        says: "what reads results knows neither torch nor Python nor the main crate",
    },
    Rule {
        from: &["crates/gate"],
        to: &[Place("crates/report")],
        says: "crates/gate decides and never draws",
    },
    Rule {
        from: &["crates/report"],
        to: &[Place("crates/gate")],
        says: "crates/report draws and never decides",
    },
    Rule {
        from: &["src/python"],
        to: &[Place("src/processor")],
        says: "src/python knows the interpreter and no processor",
    },
    Rule {
        from: &["src/workload"],
        to: &[Place("src/processor"), Place("src/model"), Place("src/measure"), Place("src/python")],
        says: "src/workload makes images and knows nothing of what takes them",
    },
    Rule {
        from: &["src/processor"],
        to: &[Place("src/measure")],
        says: "a processor knows nothing of time beyond the clock that it is handed",
    },
];
