//! A picture as PNG.

use std::{error::Error, io::Cursor};

use anyhow::{Context, Result, anyhow};
use patchmark_typeface::FAMILY;
use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    canvas::{Canvas, Point, Shape, Side},
    frame::Frame,
    theme::{Colour, Theme},
};

/// PNG pixels per SVG pixel along a side.
const PNG_SCALE: u32 = 2;
/// The PNG is drawn larger by this factor and then averaged, because plotters leaves wide lines jagged.
const SUPERSAMPLE: u32 = 2;

/// A chart in a file, of twice the SVG's pixels on a side.
pub(super) fn document(frame: &Frame, body: &Canvas, theme: Theme) -> Result<Vec<u8>> {
    let canvas = frame.around(body)?;
    let factor = PNG_SCALE * SUPERSAMPLE;
    let (width, height) = (canvas.width as u32 * factor, canvas.height as u32 * factor);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        draw(&canvas, theme, &area, f64::from(factor))?;
        area.present().map_err(drawing)?;
    }
    let large =
        image::RgbImage::from_raw(width, height, pixels).ok_or_else(|| anyhow!("a chart's pixels"))?;
    let small = image::imageops::thumbnail(&large, width / SUPERSAMPLE, height / SUPERSAMPLE);
    let mut png = Cursor::new(Vec::new());
    small.write_to(&mut png, image::ImageFormat::Png).context("encoding a chart")?;
    Ok(png.into_inner())
}

fn draw<B: DrawingBackend>(
    canvas: &Canvas,
    theme: Theme,
    area: &DrawingArea<B, Shift>,
    scale: f64,
) -> Result<()> {
    area.fill(&theme.rgb(Colour::Paper)).map_err(drawing)?;
    // A cast saturates and turns NaN into 0, so no coordinate can panic.
    let at = |(x, y): Point| ((x * scale).round() as i32, (y * scale).round() as i32);
    for shape in &canvas.shapes {
        match shape {
            Shape::Line { points, width, colour, opacity } => {
                let pen = theme.rgb(*colour).mix(*opacity);
                let pen = pen.stroke_width((width * scale).round().max(1.0) as u32);
                area.draw(&PathElement::new(points.iter().copied().map(at).collect::<Vec<_>>(), pen))
            }
            Shape::Area { outline, colour, opacity } => {
                let fill = theme.rgb(*colour).mix(*opacity).filled();
                area.draw(&Polygon::new(outline.iter().copied().map(at).collect::<Vec<_>>(), fill))
            }
            Shape::Rectangle { from, to, colour, opacity } => {
                area.draw(&Rectangle::new([at(*from), at(*to)], theme.rgb(*colour).mix(*opacity).filled()))
            }
            Shape::Disc { centre, radius, colour, opacity } => {
                let radius = (radius * scale).round() as i32;
                area.draw(&Circle::new(at(*centre), radius, theme.rgb(*colour).mix(*opacity).filled()))
            }
            Shape::Text { text, at: (x, y), size, colour, side } => {
                let side = match side {
                    Side::Left => HPos::Left,
                    Side::Centre => HPos::Center,
                    Side::Right => HPos::Right,
                };
                let mut style = TextStyle::from((FAMILY, size * scale).into_font());
                style.color = theme.rgb(*colour).to_backend_color();
                let style = style.pos(Pos::new(side, VPos::Center));
                // plotters centres the line rather than its letters.
                area.draw(&Text::new(text.clone(), at((*x, y + size * 0.16)), style))
            }
        }
        .map_err(drawing)?;
    }
    Ok(())
}

/// A backend's error by its text, because a backend need not be `'static`.
fn drawing<E: Error>(error: E) -> anyhow::Error {
    anyhow!("drawing a chart: {error}")
}
