//! Words and symbols that the charts of a parity result share.

use patchmark_results::{
    LEVEL,
    parity::CorpusImage,
    text::{clean, number},
};

use crate::charts::{
    canvas::{Canvas, Point},
    theme::Colour,
};

/// A difference in words.
pub(in crate::charts) fn levels(difference: f64) -> String {
    match difference / LEVEL {
        0.0 => "0 levels (only signs of zero)".to_owned(),
        levels => format!("{} levels", number(levels)),
    }
}

/// An image in words.
pub(in crate::charts) fn named(image: &CorpusImage) -> String {
    format!("{} ({}×{} px)", clean(&image.name), image.width, image.height)
}

/// Draws a cross for a value that has no place on a scale.
pub(in crate::charts) fn cross(canvas: &mut Canvas, (x, y): Point, reach: f64, colour: Colour) {
    for sign in [-1.0, 1.0] {
        canvas.line(&[(x - reach, y - sign * reach), (x + reach, y + sign * reach)], colour, 2.0);
    }
}
