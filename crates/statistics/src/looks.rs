//! When a comparison looks at its samples and may stop.

/// When to look at the samples and possibly stop. Every look is one more chance of a false alarm, so there are few looks,
/// and they share the error rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    first: usize,
    count: usize,
}

impl Looks {
    /// Looks after 16, 32, … 512 rounds of one process.
    pub const ROUNDS: Self = Self { first: 16, count: 6 };
    /// Looks after 24, 48 and 96 rounds, for a comparison that has time for few of them.
    pub const FEW_ROUNDS: Self = Self { first: 24, count: 3 };
    /// Looks after 6, 12, 24 and 48 restarts of the processes.
    pub const RESTARTS: Self = Self { first: 6, count: 4 };

    /// The largest number of looks, including the one at the end of the budget.
    pub fn count(self) -> usize {
        self.count
    }

    /// Whether there is a look after `taken` rounds or restarts.
    pub fn at(self, taken: usize) -> bool {
        (0..self.count).any(|look| taken == self.first << look)
    }

    /// The largest number of rounds or restarts.
    pub fn most(self) -> usize {
        self.first << (self.count - 1)
    }
}
