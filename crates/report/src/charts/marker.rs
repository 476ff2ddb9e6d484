//! Symbols that can be told apart without their colours.

use super::{
    canvas::{Canvas, Point},
    theme::Colour,
};

/// Half of a symbol's side.
const R: f64 = 5.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Disc,
    Square,
    Up,
    Diamond,
    Down,
    Cross,
    Plus,
    Ring,
    Frame,
    HollowDiamond,
    HollowUp,
    HollowDown,
}

/// One symbol more than there are colours, so that a series that reuses a colour has another symbol.
const OF_SERIES: [Marker; 11] = [
    Marker::Disc,
    Marker::Square,
    Marker::Up,
    Marker::Diamond,
    Marker::Down,
    Marker::Cross,
    Marker::Plus,
    Marker::Ring,
    Marker::Frame,
    Marker::HollowDiamond,
    Marker::HollowUp,
];

const SQUARE: &[Point] = &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)];
const UP: &[Point] = &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)];
const DIAMOND: &[Point] = &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)];
const DOWN: &[Point] = &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)];
const CROSS: &[Point] = &[(-1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0)];
const PLUS: &[Point] = &[(-1.2, 0.0), (1.2, 0.0), (0.0, -1.2), (0.0, 1.2)];

impl Marker {
    /// The symbol of the series at `index`.
    pub(super) fn of_series(index: usize) -> Self {
        OF_SERIES[index % OF_SERIES.len()]
    }
}

impl Canvas {
    /// The symbol of the series at `index` in its colour.
    pub(super) fn marker(&mut self, index: usize, at: Point) {
        self.symbol(Marker::of_series(index), Colour::Series(index), at, 1.0);
    }

    /// A symbol around `at`, `scale` times its usual size.
    pub(super) fn symbol(&mut self, marker: Marker, colour: Colour, (x, y): Point, scale: f64) {
        let r = R * scale;
        let scaled = |corners: &[Point], by: f64| -> Vec<Point> {
            corners.iter().map(|(dx, dy)| (x + dx * r * by, y + dy * r * by)).collect()
        };
        let (corners, hollow) = match marker {
            Marker::Disc => return self.disc((x, y), r, colour, 1.0),
            Marker::Ring => {
                self.disc((x, y), r, colour, 1.0);
                return self.disc((x, y), r * 0.55, Colour::Paper, 1.0);
            }
            Marker::Cross | Marker::Plus => {
                let strokes = scaled(if marker == Marker::Cross { CROSS } else { PLUS }, 1.0);
                return strokes.chunks(2).for_each(|stroke| self.line(stroke, colour, 2.4));
            }
            Marker::Square => (SQUARE, false),
            Marker::Frame => (SQUARE, true),
            Marker::Up => (UP, false),
            Marker::HollowUp => (UP, true),
            Marker::Down => (DOWN, false),
            Marker::HollowDown => (DOWN, true),
            Marker::Diamond => (DIAMOND, false),
            Marker::HollowDiamond => (DIAMOND, true),
        };
        self.area(&scaled(corners, 1.0), colour, 1.0);
        if hollow {
            self.area(&scaled(corners, 0.48), Colour::Paper, 1.0);
        }
    }
}
