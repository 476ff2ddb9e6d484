//! One chart with its formats.

use anyhow::Result;

use super::{canvas::Canvas, frame::Frame, png, svg, theme::Theme};

/// The width of a chart in a file and on a wide page, without margins, in logical pixels.
pub(super) const WIDE: f64 = 912.0;
/// The width of a chart on a phone; at 320 pixels, its text is still legible.
pub(super) const NARROW: f64 = 440.0;

/// One chart, drawn for wide and for narrow pages.
#[derive(Debug, Clone)]
pub struct Chart {
    name: &'static str,
    frame: Frame,
    wide: Canvas,
    narrow: Canvas,
    csv: String,
}

impl Chart {
    /// Draws a chart with `draw`, which is given the width.
    pub(super) fn new(
        name: &'static str,
        frame: Frame,
        csv: String,
        draw: impl Fn(f64) -> Result<Canvas>,
    ) -> Result<Self> {
        Ok(Self { name, frame, wide: draw(WIDE)?, narrow: draw(NARROW)?, csv })
    }

    /// The name of its files, without an extension.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its title, its subtitle and its caption, which are not in the pictures below.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The picture for a wide page, with the values in it.
    pub fn wide(&self) -> &Canvas {
        &self.wide
    }

    /// The picture for a phone.
    pub fn narrow(&self) -> &Canvas {
        &self.narrow
    }

    /// The chart as an SVG document.
    ///
    /// # Errors
    /// If drawing fails.
    pub fn svg(&self, theme: Theme) -> Result<String> {
        svg::document(&self.frame, &self.wide, theme)
    }

    /// The chart as a PNG of twice the SVG's pixels on a side.
    ///
    /// # Errors
    /// If drawing fails.
    pub fn png(&self, theme: Theme) -> Result<Vec<u8>> {
        png::document(&self.frame, &self.wide, theme)
    }

    /// Every value behind the chart as CSV with a header, including those that the chart has no room for.
    pub fn csv(&self) -> &str {
        &self.csv
    }
}
