//! One chart with its three formats.

use anyhow::Result;

use super::{canvas::Canvas, render, theme::Theme};

/// The width of a chart, in the canvas's units.
pub(super) const WIDTH: f64 = 960.0;
/// The height of a chart that needs no other.
pub(super) const HEIGHT: f64 = 620.0;

/// One chart, drawn.
#[derive(Debug, Clone)]
pub struct Chart {
    pub(super) name: &'static str,
    pub(super) canvas: Canvas,
    pub(super) csv: String,
}

impl Chart {
    /// The name of its files, without an extension.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The picture itself, with the values in it.
    pub fn canvas(&self) -> &Canvas {
        &self.canvas
    }

    /// The chart as an SVG document.
    ///
    /// # Errors
    /// If drawing fails.
    pub fn svg(&self, theme: Theme) -> Result<String> {
        render::svg(&self.canvas, theme)
    }

    /// The contents of an SVG element, coloured by a page's variables (see [`super::Colour::variable`]).
    ///
    /// # Errors
    /// If drawing fails.
    pub fn shapes_for_page(&self) -> Result<String> {
        render::shapes_for_page(&self.canvas)
    }

    /// The chart as a PNG of twice the SVG's pixels on a side.
    ///
    /// # Errors
    /// If drawing fails.
    pub fn png(&self, theme: Theme) -> Result<Vec<u8>> {
        render::png(&self.canvas, theme)
    }

    /// Every value behind the chart as CSV with a header, including those that the chart has no room for.
    pub fn csv(&self) -> &str {
        &self.csv
    }
}
