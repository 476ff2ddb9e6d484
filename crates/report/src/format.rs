//! The forms in which charts are written.

/// A form that a chart, or all of them, is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A drawing that scales.
    Svg,
    /// A picture of 1,920 pixels' width.
    Png,
    /// The values behind it.
    Csv,
    /// One page of all of them.
    Html,
}
