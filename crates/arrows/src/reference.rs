//! A path as written in the source, and the namespaces in which it is looked up.

use std::ops::BitOr;

/// A set of Rust's namespaces: the same name may stand for a module, a function and a macro at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Namespaces(u8);

impl Namespaces {
    /// Modules, types, traits and crates.
    pub const TYPE: Self = Self(1);
    /// Functions, constants, statics and constructors.
    pub const VALUE: Self = Self(2);
    /// Macros called with `!`.
    pub const MACRO: Self = Self(4);
    /// All three, as in `use`.
    pub const ALL: Self = Self(7);

    /// Whether the sets share a namespace.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The namespaces of the set, one by one.
    pub fn each(self) -> impl Iterator<Item = Self> {
        [Self::TYPE, Self::VALUE, Self::MACRO].into_iter().filter(move |one| self.intersects(*one))
    }
}

impl BitOr for Namespaces {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A path in the source, without generic arguments.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Whether it begins with `::`, so that its first segment is a crate.
    pub global: bool,
    /// Its segments without `r#`; at least one.
    pub segments: Vec<String>,
    /// The line of its first segment.
    pub line: usize,
}

impl Reference {
    /// A path of one segment.
    pub fn name(name: impl Into<String>, line: usize) -> Self {
        Self { global: false, segments: vec![name.into()], line }
    }
}
