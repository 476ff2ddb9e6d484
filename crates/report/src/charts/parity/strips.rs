//! The strips themselves.

use std::ops::Range;

use anyhow::Result;
use patchmark_results::{LEVEL, Parity, parity::size, text::plural};

use super::{
    lanes::Lane,
    marks::{cross, levels, named},
    scale::{BAND, Scale},
};
use crate::charts::{
    axis::power as power_of_ten,
    canvas::{Canvas, Point, Side},
    samples,
    theme::{BODY, Colour, SMALL},
};

/// Heights of a strip: with one sentence if all images are exact, with a scale if some differ.
const THIN: f64 = 38.0;
const TALL: f64 = 150.0;
/// The height of a line of words above a strip, and the width of the scale beside one.
const LINE: f64 = 24.0;
const SCALE: f64 = 64.0;

/// The height of a processor's strip.
fn height(lane: &Lane<'_>) -> f64 {
    if lane.exact() { THIN } else { TALL }
}

/// Where the strips are, in logical pixels, and what they share.
pub(super) struct Strips {
    left: f64,
    right: f64,
    scale: Scale,
    images: usize,
    /// Images per mark.
    bundle: usize,
    /// Whether the images of a mark share a bar.
    bars: bool,
}

impl Strips {
    pub fn new(
        canvas: &Canvas,
        lanes: &[Lane<'_>],
        images: usize,
        (bundle, bars): (usize, bool),
    ) -> Result<Self> {
        let (left, right) = if canvas.narrow() {
            (SCALE, canvas.width)
        } else {
            let names = canvas.widest(lanes.iter().map(|lane| lane.name.as_str()), BODY, 40.0)?;
            let sentences: Vec<String> =
                lanes.iter().flat_map(|lane| lane.sentences(images)).map(|(text, _)| text).collect();
            let sentences = canvas.widest(sentences.iter().map(String::as_str), SMALL, 40.0)?;
            (names.min(canvas.width * 0.2) + 12.0 + SCALE, canvas.width - sentences - 12.0)
        };
        Ok(Self { left, right, scale: Scale::new(lanes), images, bundle, bars })
    }

    fn x(&self, image: usize) -> f64 {
        self.left + (self.right - self.left) * (image as f64 + 0.5) / self.images as f64
    }

    pub fn draw(&self, canvas: &mut Canvas, run: &Parity, lanes: &[Lane<'_>]) -> Result<()> {
        let mut from = 0.0;
        for lane in lanes {
            if canvas.narrow() {
                from = self.words_above(canvas, lane, from)?;
            } else {
                self.words_beside(canvas, lane, from + height(lane) / 2.0)?;
            }
            let (inner, end) = ((from + 4.0, from + height(lane) - 4.0), from + height(lane));
            canvas.rectangle((self.left, inner.0), (self.right, inner.1), Colour::Grid, 0.35);
            if lane.exact() {
                self.exact(canvas, lane, (from + end) / 2.0);
            } else {
                self.axis(canvas, inner);
                self.images(canvas, lane, run, inner);
            }
            from = end;
        }
        samples::rounds_axis(canvas, self.images, from, &|image| self.x(image))?;
        let middle = ((self.left + self.right) / 2.0, from + 42.0);
        canvas.text("images in the order of the corpus", middle, BODY, Colour::Ink, Side::Centre);
        canvas.height = from + 54.0;
        Ok(())
    }

    /// Draws a processor's name before its strip, and what was found behind it.
    fn words_beside(&self, canvas: &mut Canvas, lane: &Lane<'_>, middle: f64) -> Result<()> {
        let name = canvas.fit(&lane.name, BODY, self.left - SCALE - 12.0)?;
        canvas.text(&name, (0.0, middle), BODY, Colour::Ink, Side::Left);
        let sentences = lane.sentences(self.images);
        let first = middle - 11.0 * (sentences.len() - 1) as f64;
        for (index, (text, colour)) in sentences.into_iter().enumerate() {
            let at = (self.right + 12.0, first + 22.0 * index as f64);
            canvas.text(&text, at, SMALL, colour, Side::Left);
        }
        Ok(())
    }

    /// Draws a processor's name and what was found from `top` on; returns where they end.
    fn words_above(&self, canvas: &mut Canvas, lane: &Lane<'_>, top: f64) -> Result<f64> {
        let sentences = lane.sentences(self.images);
        let mut y = top + LINE / 2.0 + 2.0;
        let mut room = canvas.width;
        if let [(only, colour)] = sentences.as_slice() {
            canvas.text(only, (canvas.width, y), SMALL, *colour, Side::Right);
            room -= canvas.text_width(only, SMALL)? + 12.0;
        }
        canvas.text(&canvas.fit(&lane.name, BODY, room)?, (0.0, y), BODY, Colour::Ink, Side::Left);
        if sentences.len() > 1 {
            for (text, colour) in sentences {
                y += LINE;
                canvas.text(&text, (0.0, y), SMALL, colour, Side::Left);
            }
        }
        Ok(y + LINE / 2.0)
    }

    /// Draws one line and one mark to say that no image differs.
    fn exact(&self, canvas: &mut Canvas, lane: &Lane<'_>, y: f64) {
        canvas.line(&[(self.left, y), (self.right, y)], Colour::Good, 4.0);
        canvas.text("exact", (self.left - 8.0, y), SMALL, Colour::Muted, Side::Right);
        let text = format!("{}: exact in {}", lane.name, plural(self.images as u64, "image"));
        let centre = ((self.left + self.right) / 2.0, y);
        canvas.mark(centre, ((self.right - self.left) / 2.0, THIN / 2.0 - 5.0), text, 0.0);
    }

    fn axis(&self, canvas: &mut Canvas, inner: (f64, f64)) {
        for power in self.scale.ticks() {
            let y = self.scale.y(Some(10f64.powi(power) * LEVEL), inner);
            canvas.line(&[(self.left, y), (self.right, y)], Colour::Grid, 1.0);
            canvas.text(&power_of_ten(power), (self.left - 8.0, y), SMALL, Colour::Muted, Side::Right);
        }
        let foot = inner.1 - BAND;
        canvas.line(&[(self.left, foot), (self.right, foot)], Colour::Muted, 1.0);
        canvas.text("exact", (self.left - 8.0, foot + BAND / 2.0), SMALL, Colour::Muted, Side::Right);
        if self.scale.broken {
            let y = inner.0 + BAND;
            canvas.line(&[(self.left, y), (self.right, y)], Colour::Muted, 1.0);
            let at = (self.left - 8.0, inner.0 + BAND / 2.0);
            canvas.text("invalid", at, SMALL, Colour::Muted, Side::Right);
        }
    }

    /// Draws the images, each with a dot of its own if they are few enough, and one mark per bundle of images.
    fn images(&self, canvas: &mut Canvas, lane: &Lane<'_>, run: &Parity, inner: (f64, f64)) {
        let columns = self.images.div_ceil(self.bundle);
        let half = ((self.right - self.left) / columns as f64 / 2.0).clamp(1.0, 8.0);
        let exact = inner.1 - BAND / 2.0;
        for first in (0..self.images).step_by(self.bundle) {
            let images = first..self.images.min(first + self.bundle);
            let x = (self.x(first) + self.x(images.end - 1)) / 2.0;
            let among: Vec<_> = lane.differing.range(images.clone()).collect();
            let worst = among.iter().max_by(|a, b| size(a.1.0).total_cmp(&size(b.1.0)));
            let worst = worst.map(|(image, found)| (**image, **found));
            if self.bars {
                let y = worst.map_or(exact, |(_, (worst, _))| self.scale.y(worst, inner));
                let ys = among.iter().map(|(_, (worst, _))| self.scale.y(*worst, inner));
                let least = ys.chain((among.len() < images.len()).then_some(exact)).fold(y, f64::max);
                canvas.faint_line(&[(x, least), (x, y)], lane.colour(), 2.0, 0.5);
                self.dot(canvas, lane, (x, y), worst.map(|(_, (worst, _))| worst));
            } else {
                for image in images.clone() {
                    let worst = lane.differing.get(&image).map(|(worst, _)| *worst);
                    let y = worst.map_or(exact, |worst| self.scale.y(worst, inner));
                    self.dot(canvas, lane, (self.x(image), y), worst);
                }
            }
            let text = words(lane, run, &images, among.len(), worst);
            let middle = (inner.0 + inner.1) / 2.0;
            let value = worst.map_or(0.0, |(_, (worst, _))| size(worst));
            canvas.mark((x, middle), (half, (inner.1 - inner.0) / 2.0), text, value);
        }
    }

    /// Draws an exact image (none), one that differs, or one that has no place on the scale.
    fn dot(&self, canvas: &mut Canvas, lane: &Lane<'_>, at: Point, worst: Option<Option<f64>>) {
        let radius = if self.images > 60 { 2.0 } else { 3.2 };
        match worst {
            None => canvas.disc(at, radius, Colour::Good, 1.0),
            Some(Some(_)) => canvas.disc(at, radius, lane.colour(), 1.0),
            Some(None) => cross(canvas, at, radius + 1.6, Colour::Bad),
        }
    }
}

/// What a mark says about its images, `among` of which differ. `worst` is the image that differs most, with its difference
/// and the limit at which it occurs.
fn words(
    lane: &Lane<'_>,
    run: &Parity,
    images: &Range<usize>,
    among: usize,
    worst: Option<(usize, (Option<f64>, usize))>,
) -> String {
    let span = match images.len() {
        1 => named(&run.images[images.start]),
        _ => format!("images {} to {}", images.start + 1, images.end),
    };
    let Some((image, (worst, limit))) = worst else { return format!("{}, {span}: exact", lane.name) };
    let how_far = worst.map_or("NaN or broken contract".to_owned(), levels);
    let what = format!("{how_far} at max_num_patches {limit}");
    match images.len() {
        1 => format!("{}, {span}: {what}", lane.name),
        all => {
            let which = named(&run.images[image]);
            format!("{}, {span}: {among} of {all} differ; {what} in {which} at worst", lane.name)
        }
    }
}
