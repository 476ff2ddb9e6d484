//! What the charts look like, and the canvas that they are drawn on.

use std::error::Error;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::font::FAMILY;

pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const MUTED: RGBColor = RGBColor(96, 96, 96);
pub(super) const GRID: RGBColor = RGBColor(226, 226, 226);
pub(super) const TITLE: f64 = 26.0;
pub(super) const BODY: f64 = 17.0;
pub(super) const SMALL: f64 = 15.0;

/// Okabe and Ito's palette, told apart with any colour vision; their yellow is replaced by a grey,
/// as it cannot be read on white. Beyond eight no palette is safe alone: the two more are told apart by
/// their hollow markers.
const PALETTE: [RGBColor; 10] = [
    RGBColor(0, 0, 0),
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(128, 128, 128),
    RGBColor(106, 61, 154),
    RGBColor(140, 81, 10),
];

/// The colour of the series or stage at `index`.
pub(super) fn colour(index: usize) -> RGBColor {
    PALETTE[index % PALETTE.len()]
}

/// A drawing area in logical pixels: the PNG draws the same coordinates larger.
pub(super) struct Canvas<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    scale: f64,
    pub width: f64,
    pub height: f64,
}

impl<'a, B: DrawingBackend> Canvas<'a, B> {
    pub fn new(area: &'a DrawingArea<B, Shift>, scale: f64) -> Result<Self> {
        area.fill(&WHITE).map_err(drawing)?;
        let (width, height) = area.dim_in_pixel();
        Ok(Self { area, scale, width: f64::from(width) / scale, height: f64::from(height) / scale })
    }

    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        // A cast saturates, and NaN is 0: no coordinate can panic.
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn pen(&self, colour: RGBAColor, width: f64) -> ShapeStyle {
        colour.stroke_width((width * self.scale).round().max(1.0) as u32)
    }

    pub fn line(&self, points: &[(f64, f64)], colour: impl Color, width: f64) -> Result<()> {
        let points: Vec<_> = points.iter().map(|point| self.at(*point)).collect();
        self.area.draw(&PathElement::new(points, self.pen(colour.to_rgba(), width))).map_err(drawing)
    }

    /// A dashed horizontal line.
    pub fn dashes(&self, from: f64, to: f64, y: f64, colour: impl Color) -> Result<()> {
        let colour = colour.to_rgba();
        let mut x = from;
        while x < to {
            self.line(&[(x, y), ((x + 7.0).min(to), y)], colour, 1.4)?;
            x += 12.0;
        }
        Ok(())
    }

    pub fn area(&self, outline: &[(f64, f64)], colour: impl Color) -> Result<()> {
        let points: Vec<_> = outline.iter().map(|point| self.at(*point)).collect();
        self.area.draw(&Polygon::new(points, colour.to_rgba().filled())).map_err(drawing)
    }

    pub fn rectangle(&self, from: (f64, f64), to: (f64, f64), colour: impl Color) -> Result<()> {
        let shape = Rectangle::new([self.at(from), self.at(to)], colour.to_rgba().filled());
        self.area.draw(&shape).map_err(drawing)
    }

    fn style(size: f64, scale: f64, colour: RGBColor) -> TextStyle<'static> {
        let mut style = TextStyle::from((FAMILY, size * scale).into_font());
        style.color = colour.to_backend_color();
        style
    }

    /// Draws text at `at`, which is its left, centre or right, and the middle of its height.
    pub fn text(&self, text: &str, at: (f64, f64), size: f64, colour: RGBColor, side: HPos) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        // The bitmap's idea of a text's middle lies above the SVG's, which is the small letters' middle.
        let lower = if self.scale > 1.0 { size * 0.16 } else { 0.0 };
        let at = (at.0, at.1 + lower);
        let style = Self::style(size, self.scale, colour).pos(Pos::new(side, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), self.at(at), style)).map_err(drawing)
    }

    pub fn text_width(&self, text: &str, size: f64) -> Result<f64> {
        // Measured large: plotters rounds to whole pixels.
        let style = Self::style(size * 4.0, self.scale, INK);
        let (width, _) = self.area.estimate_text_size(text, &style).map_err(drawing)?;
        Ok(f64::from(width) / self.scale / 4.0)
    }

    /// `text`, cut with an ellipsis to what fits in `room`.
    pub fn fit(&self, text: &str, size: f64, room: f64) -> Result<String> {
        let mut fitted = text.to_owned();
        let mut length = text.chars().count();
        while length > 1 && self.text_width(&fitted, size)? > room {
            // In proportion first, so that a very long text takes few measurements.
            let share = room / self.text_width(&fitted, size)?.max(1.0);
            length = ((length as f64 * share) as usize).clamp(1, length - 1);
            fitted = crate::report::format::shorten(text, length);
        }
        Ok(fitted)
    }

    /// The marker of the series at `index`, told apart without its colour.
    pub fn marker(&self, index: usize, (x, y): (f64, f64), colour: RGBColor) -> Result<()> {
        const R: f64 = 5.0;
        let filled = |corners: &[(f64, f64)], radius: f64, colour: RGBColor| -> Result<()> {
            let outline: Vec<_> = corners.iter().map(|(dx, dy)| (x + dx * radius, y + dy * radius)).collect();
            self.area(&outline, colour)
        };
        let shape = |corners: &[(f64, f64)]| filled(corners, R, colour);
        let hollow = |corners: &[(f64, f64)]| shape(corners).and_then(|()| filled(corners, R * 0.5, WHITE));
        let stroke = |from: (f64, f64), to: (f64, f64)| {
            self.line(&[(x + from.0 * R, y + from.1 * R), (x + to.0 * R, y + to.1 * R)], colour, 2.4)
        };
        match index % PALETTE.len() {
            0 => self.disc((x, y), R, colour),
            1 => shape(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            2 => shape(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
            3 => shape(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
            4 => shape(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
            5 => stroke((-1.0, -1.0), (1.0, 1.0)).and_then(|()| stroke((-1.0, 1.0), (1.0, -1.0))),
            6 => stroke((-1.2, 0.0), (1.2, 0.0)).and_then(|()| stroke((0.0, -1.2), (0.0, 1.2))),
            7 => self.disc((x, y), R, colour).and_then(|()| self.disc((x, y), R * 0.55, WHITE)),
            8 => hollow(&[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]),
            _ => hollow(&[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)]),
        }
    }

    fn disc(&self, centre: (f64, f64), radius: f64, colour: RGBColor) -> Result<()> {
        let radius = (radius * self.scale).round() as i32;
        self.area.draw(&Circle::new(self.at(centre), radius, colour.filled())).map_err(drawing)
    }

    /// The title, the line under it that names the vertical axis, and the caption at the foot.
    pub fn frame(&self, title: &str, subtitle: &str, caption: &[String]) -> Result<()> {
        let room = self.width - 48.0;
        self.text(&self.fit(title, TITLE, room)?, (24.0, 30.0), TITLE, INK, HPos::Left)?;
        self.text(&self.fit(subtitle, BODY, room)?, (24.0, 58.0), BODY, MUTED, HPos::Left)?;
        let top = self.height - 14.0 - 18.0 * caption.len().saturating_sub(1) as f64;
        for (index, line) in caption.iter().enumerate() {
            let y = top + 18.0 * index as f64 - 4.0;
            self.text(&self.fit(line, SMALL, room)?, (24.0, y), SMALL, MUTED, HPos::Left)?;
        }
        Ok(())
    }
}

/// A backend's error as this crate's: a backend need not be `'static`, so its text is kept.
pub(super) fn drawing<E: Error>(error: E) -> anyhow::Error {
    anyhow!("drawing a chart: {error}")
}
