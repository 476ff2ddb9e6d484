//! When a comparison looks at its samples and may stop.

/// When to look at the samples and perhaps stop: every look is one more chance of a false alarm,
/// so they are few, and the error rate is shared between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    first: usize,
    count: usize,
}

impl Looks {
    /// Looks after 16, 32, … 512 rounds of one process.
    pub const ROUNDS: Self = Self { first: 16, count: 6 };
    /// Looks after 6, 12, 24 and 48 restarts of the processes.
    pub const RESTARTS: Self = Self { first: 6, count: 4 };

    /// How many looks there are at most, the one at the end of the budget among them.
    pub fn count(self) -> usize {
        self.count
    }

    /// Whether there is a look after `taken`.
    pub fn at(self, taken: usize) -> bool {
        (0..self.count).any(|look| taken == self.first << look)
    }

    /// After which no more are taken.
    pub fn most(self) -> usize {
        self.first << (self.count - 1)
    }
}
