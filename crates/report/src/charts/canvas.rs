//! A picture in logical pixels: drawn once, then rendered as SVG and PNG in either theme.

use anyhow::{Result, anyhow};
use patchmark_typeface::{self as typeface, FAMILY};
use plotters::style::{FontDesc, FontFamily, FontStyle};

use super::theme::{BODY, Colour};

/// A place in logical pixels, from the left and from the top.
pub(super) type Point = (f64, f64);

/// Which part of a text is at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Centre,
    Right,
}

/// One shape; later ones are drawn above earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Line { points: Vec<Point>, width: f64, colour: Colour, opacity: f64 },
    Area { outline: Vec<Point>, colour: Colour, opacity: f64 },
    Rectangle { from: Point, to: Point, colour: Colour, opacity: f64 },
    Disc { centre: Point, radius: f64, colour: Colour, opacity: f64 },
    Text { text: String, at: Point, size: f64, colour: Colour, side: Side },
}

impl Shape {
    fn shift(&mut self, (dx, dy): Point) {
        let by = |(x, y): &mut Point| {
            *x += dx;
            *y += dy;
        };
        match self {
            Self::Line { points, .. } => points.iter_mut().for_each(by),
            Self::Area { outline, .. } => outline.iter_mut().for_each(by),
            Self::Rectangle { from, to, .. } => [from, to].into_iter().for_each(by),
            Self::Disc { centre, .. } => by(centre),
            Self::Text { at, .. } => by(at),
        }
    }
}

/// A value that a reader can point at: a box, its text, and the number as saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Left, top, width and height.
    pub place: (f64, f64, f64, f64),
    /// What it is and its value with a unit, such as `hf (PIL), batch 8: 0.0107`.
    pub text: String,
    /// The number in the saved document.
    pub value: f64,
}

/// A drawing with its marks. Its width is given; its height grows with what is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Canvas {
    /// Width in logical pixels.
    pub width: f64,
    /// Height in logical pixels.
    pub height: f64,
    /// Its values.
    pub marks: Vec<Mark>,
    pub(super) shapes: Vec<Shape>,
}

impl Canvas {
    pub(super) fn new(width: f64) -> Result<Self> {
        typeface::register()?;
        Ok(Self { width, ..Self::default() })
    }

    /// Whether it is drawn for a phone: labels stand above what they name, and legends below the plot.
    pub(super) fn narrow(&self) -> bool {
        self.width < 600.0
    }

    pub(super) fn line(&mut self, points: &[Point], colour: Colour, width: f64) {
        self.faint_line(points, colour, width, 1.0);
    }

    pub(super) fn faint_line(&mut self, points: &[Point], colour: Colour, width: f64, opacity: f64) {
        self.shapes.push(Shape::Line { points: points.to_vec(), width, colour, opacity });
    }

    /// A line in dashes, each with a gap behind it.
    pub(super) fn dashes(&mut self, points: &[Point], colour: Colour, (dash, gap): (f64, f64)) {
        let mut done = 0.0;
        for ends in points.windows(2) {
            let (from, to) = (ends[0], ends[1]);
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            let along = |at: f64| {
                let share = (at / length.max(1e-9)).clamp(0.0, 1.0);
                (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
            };
            // Dashes run on around a corner.
            let mut start = -(done % (dash + gap));
            while start < length {
                if start + dash > 0.0 {
                    self.line(&[along(start), along(start + dash)], colour, 1.6);
                }
                start += dash + gap;
            }
            done += length;
        }
    }

    pub(super) fn area(&mut self, outline: &[Point], colour: Colour, opacity: f64) {
        self.shapes.push(Shape::Area { outline: outline.to_vec(), colour, opacity });
    }

    pub(super) fn rectangle(&mut self, from: Point, to: Point, colour: Colour, opacity: f64) {
        self.shapes.push(Shape::Rectangle { from, to, colour, opacity });
    }

    pub(super) fn disc(&mut self, centre: Point, radius: f64, colour: Colour, opacity: f64) {
        self.shapes.push(Shape::Disc { centre, radius, colour, opacity });
    }

    /// Text whose left end, centre or right end is at `at`, centred vertically.
    pub(super) fn text(&mut self, text: &str, at: Point, size: f64, colour: Colour, side: Side) {
        if !text.is_empty() {
            self.shapes.push(Shape::Text { text: text.to_owned(), at, size, colour, side });
        }
    }

    /// Adds a mark with `text` and `value` in a box around `centre`.
    pub(super) fn mark(&mut self, centre: Point, half: (f64, f64), text: String, value: f64) {
        let place = (centre.0 - half.0, centre.1 - half.1, 2.0 * half.0, 2.0 * half.1);
        self.marks.push(Mark { place, text, value });
    }

    /// Adds everything of `other`, with its upper left corner at `at`.
    pub(super) fn place(&mut self, other: &Self, at: Point) {
        let shapes = other.shapes.iter().cloned();
        self.shapes.extend(shapes.map(|mut shape| {
            shape.shift(at);
            shape
        }));
        self.marks.extend(other.marks.iter().cloned().map(|mut mark| {
            mark.place.0 += at.0;
            mark.place.1 += at.1;
            mark
        }));
    }

    /// Says that there is nothing to draw.
    pub(super) fn nothing(&mut self, text: &str) {
        self.height = 96.0;
        self.text(text, (self.width / 2.0, 48.0), BODY, Colour::Muted, Side::Centre);
    }

    /// The width of `text` in logical pixels.
    pub(super) fn text_width(&self, text: &str, size: f64) -> Result<f64> {
        // Measured at four times its size, because plotters rounds to whole pixels.
        let font = FontDesc::new(FontFamily::Name(FAMILY), size * 4.0, FontStyle::Normal);
        let (width, _) = font.box_size(text).map_err(|error| anyhow!("measuring text: {error}"))?;
        Ok(f64::from(width) / 4.0)
    }

    /// The width of the widest of `texts`, and at least `least`.
    pub(super) fn widest<'a>(
        &self,
        texts: impl IntoIterator<Item = &'a str>,
        size: f64,
        least: f64,
    ) -> Result<f64> {
        texts.into_iter().try_fold(least, |widest, text| Ok(widest.max(self.text_width(text, size)?)))
    }

    /// `text`, cut with an ellipsis if it does not fit in `room`.
    pub(super) fn fit(&self, text: &str, size: f64, room: f64) -> Result<String> {
        let mut fitted = text.to_owned();
        let mut length = text.chars().count();
        while length > 1 && self.text_width(&fitted, size)? > room {
            // In proportion first, so that a very long text takes few measurements.
            let share = room / self.text_width(&fitted, size)?.max(1.0);
            length = ((length as f64 * share) as usize).clamp(1, length - 1);
            fitted = patchmark_results::text::shorten(text, length);
        }
        Ok(fitted)
    }

    /// `text` broken at `between` into at most four lines that fit in `room`.
    pub(super) fn wrap(&self, text: &str, size: f64, room: f64, between: &str) -> Result<Vec<String>> {
        // External text may have any length; what no chart has room for is not measured.
        let text = patchmark_results::text::shorten(text, 600);
        let mut lines: Vec<String> = Vec::new();
        for part in text.split(between) {
            let joined = lines.last().map(|line| format!("{line}{between}{part}"));
            match joined {
                Some(joined) if self.text_width(&joined, size)? <= room => {
                    if let Some(last) = lines.last_mut() {
                        *last = joined;
                    }
                }
                _ => lines.push(self.fit(part, size, room)?),
            }
        }
        lines.truncate(4);
        Ok(lines)
    }
}
