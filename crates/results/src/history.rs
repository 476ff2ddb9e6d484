//! One figure over many runs, and where it changed.

/// A run's value in a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Index into [`History::commits`].
    pub run: usize,
    /// The median of the figure.
    pub value: f64,
}

/// A place where a series changed its level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Index of the first run of the new level.
    pub index: usize,
    /// New level over old one, less one.
    pub change: f64,
    /// The share of shuffles with a split as clear.
    pub p: f64,
}

/// One figure over the runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The processor with what it is fed, or the forward.
    pub subject: String,
    /// Images in the batch.
    pub batch_size: usize,
    /// The figure's name.
    pub figure: String,
    /// Its values in the order of time; runs without it are left out.
    pub points: Vec<Point>,
    /// Where the level changed, by index into `points`.
    pub changes: Vec<ChangePoint>,
}

/// The runs below a folder that measured the same thing as the latest of them.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The commit of each run, in the order of time.
    pub commits: Vec<String>,
    /// Every figure of the kind asked for.
    pub series: Vec<Series>,
    /// What was left out, one sentence each.
    pub notes: Vec<String>,
}
