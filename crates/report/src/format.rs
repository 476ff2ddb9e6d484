//! The formats in which charts are written.

/// A format of one chart, or of all charts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A scalable drawing.
    Svg,
    /// A picture 1,920 pixels wide.
    Png,
    /// The values behind the chart.
    Csv,
    /// One page with all charts.
    Html,
}
