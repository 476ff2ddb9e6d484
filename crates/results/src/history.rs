//! One figure over many runs, and where it changed.

/// A run's value in a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Index into [`History::commits`].
    pub run: usize,
    /// The median of the figure.
    pub value: f64,
}

/// A point at which the level of a series changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Index into [`Series::points`] of the first run of the new level.
    pub index: usize,
    /// New level ÷ old level − 1.
    pub change: f64,
    /// The p-value of the permutation test: the share of shuffles with a split at least as clear.
    pub p: f64,
}

/// One figure over the runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The processor and what it is fed, or the forward.
    pub subject: String,
    /// Images in the batch.
    pub batch_size: usize,
    /// The figure's name.
    pub figure: String,
    /// Its values, oldest first; runs without it are left out.
    pub points: Vec<Point>,
    /// Where the level changed.
    pub changes: Vec<ChangePoint>,
}

/// The runs below a folder that measured the same thing as the latest one.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The commit of each run, oldest first.
    pub commits: Vec<String>,
    /// Every figure of the kind asked for.
    pub series: Vec<Series>,
    /// What was left out, one note per reason.
    pub notes: Vec<String>,
    /// Files and folders that could not be read, each with the reason; they are left out as well.
    pub unreadable: Vec<String>,
}
