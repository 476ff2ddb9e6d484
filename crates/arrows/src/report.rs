//! The result of a check, as it is printed.

use std::fmt;

use crate::{
    graph::{Graph, Names},
    map,
    rules::Breach,
};

/// How many names are printed for one arrow at most.
const SHOWN: usize = 6;

/// Files, or folders and the files beside them, that use one another in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// Their number and kind, such as `2 files`.
    pub members: String,
    /// Its arrows: the using file, the defining one, and what is used.
    pub arrows: Vec<(String, String, Names)>,
}

impl fmt::Display for Circle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "a circle of {}; move what two of them need into a third:", self.members)?;
        for (from, to, names) in &self.arrows {
            let shown: Vec<&str> = names.keys().map(String::as_str).take(SHOWN).collect();
            let more = match names.len() - shown.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            writeln!(out, "  {from} -> {to}: {}{more}", shown.join(", "))?;
        }
        Ok(())
    }
}

/// What a check found.
#[derive(Debug)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// The number of arrows between files.
    pub arrows: usize,
    /// Circles of files or, if there are none, of folders.
    pub circles: Vec<Circle>,
    /// Forbidden arrows, and rules that guard nothing.
    pub breaches: Vec<Breach>,
    /// Faults of the map.
    pub map: Vec<map::Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.circles.is_empty() && self.breaches.is_empty() && self.map.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.circles.iter().try_for_each(|circle| write!(out, "{circle}"))?;
        self.breaches.iter().try_for_each(|breach| writeln!(out, "{breach}"))?;
        self.map.iter().try_for_each(|fault| writeln!(out, "{fault}"))?;
        write!(out, "{}, {}: ", counted(self.files, "file"), counted(self.arrows, "arrow"))?;
        if self.is_clean() {
            return write!(out, "no circle, no forbidden arrow, the map is complete");
        }
        let breaches = counted(self.breaches.len(), "breach of a rule");
        let breaches = breaches.replace("breach of a rules", "breaches of rules");
        let [circles, map] =
            [(self.circles.len(), "circle"), (self.map.len(), "fault")].map(|(many, of)| counted(many, of));
        write!(out, "{circles}, {breaches}, {map} of the map")
    }
}

/// Every circle with its arrows; `of` is what the graph's nodes are called.
pub fn circles(graph: &Graph, of: &str) -> Vec<Circle> {
    let circles = graph.circles().into_iter().map(|files| {
        let within = |file: &String| files.contains(file.as_str());
        let arrows = graph.arrows.iter().filter(|((from, to), _)| within(from) && within(to));
        let arrows = arrows.map(|((from, to), names)| (from.clone(), to.clone(), names.clone())).collect();
        Circle { members: counted(files.len(), of), arrows }
    });
    circles.collect()
}

/// A number with commas between thousands, and what it counts.
fn counted(many: usize, of: &str) -> String {
    let digits = many.to_string();
    let mut number = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            number.push(',');
        }
        number.push(digit);
    }
    let plural = if many == 1 { "" } else { "s" };
    format!("{number} {of}{plural}")
}
