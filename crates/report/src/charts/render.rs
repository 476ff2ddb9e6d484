//! A picture as SVG, as PNG, and as shapes for a page.

use std::{error::Error, fmt::Write, io::Cursor};

use anyhow::{Context, Result, anyhow};
use patchmark_typeface::FAMILY;
use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    canvas::{Canvas, Point, Shape, Side},
    theme::{Colour, Theme},
};

/// PNG pixels per SVG pixel along a side.
const PNG_SCALE: u32 = 2;
/// The PNG is drawn larger by this factor and then averaged, because plotters leaves wide lines jagged.
const SUPERSAMPLE: u32 = 2;

/// The picture as an SVG document with its title, its description and its values, which a viewer shows under the pointer.
pub(super) fn svg(canvas: &Canvas, theme: Theme) -> Result<String> {
    let svg = plain_svg(canvas, theme)?;
    let mut marks = String::from("<g fill=\"transparent\">\n");
    for mark in &canvas.marks {
        let (x, y, width, height) = mark.place;
        // Writing to a String cannot fail.
        let _ = writeln!(
            marks,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" data-value=\"{}\">\
             <title>{}</title></rect>",
            mark.value,
            escape(&mark.text)
        );
    }
    marks += "</g>\n</svg>";
    let (head, body) = svg.split_once(">\n").context("an SVG without a first line")?;
    let body = body.trim_end().strip_suffix("</svg>").context("an SVG without an end")?;
    Ok(format!(
        "{head} role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n{body}{marks}\n",
        escape(&canvas.title),
        escape(&canvas.description)
    ))
}

/// The contents of an SVG element, with the variables of a page's style sheet as colours.
pub(super) fn shapes_for_page(canvas: &Canvas) -> Result<String> {
    let svg = plain_svg(canvas, Theme::Light)?;
    let (_, body) = svg.split_once(">\n").context("an SVG without a first line")?;
    let mut body = body.trim_end().strip_suffix("</svg>").context("an SVG without an end")?.to_owned();
    for colour in Colour::all() {
        // A quote inside a text is escaped, so this only finds attributes.
        let value = format!("=\"{}\"", Theme::Light.hex(colour));
        body = body.replace(&value, &format!("=\"var({})\"", colour.variable()));
    }
    Ok(body)
}

fn plain_svg(canvas: &Canvas, theme: Theme) -> Result<String> {
    let mut svg = String::new();
    {
        let size = (canvas.width as u32, canvas.height as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(canvas, theme, &area, 1.0)?;
        area.present().map_err(drawing)?;
    }
    Ok(svg)
}

/// The picture as a PNG of twice the SVG's pixels on a side.
pub(super) fn png(canvas: &Canvas, theme: Theme) -> Result<Vec<u8>> {
    let factor = PNG_SCALE * SUPERSAMPLE;
    let (width, height) = (canvas.width as u32 * factor, canvas.height as u32 * factor);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        draw(canvas, theme, &area, f64::from(factor))?;
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
                // The bitmap backend centres text higher than the SVG backend, which uses the middle of small letters.
                let lower = if scale > 1.0 { size * 0.16 } else { 0.0 };
                let side = match side {
                    Side::Left => HPos::Left,
                    Side::Centre => HPos::Center,
                    Side::Right => HPos::Right,
                };
                let mut style = TextStyle::from((FAMILY, size * scale).into_font());
                style.color = theme.rgb(*colour).to_backend_color();
                let style = style.pos(Pos::new(side, VPos::Center));
                area.draw(&Text::new(text.clone(), at((*x, y + lower)), style))
            }
        }
        .map_err(drawing)?;
    }
    Ok(())
}

/// Escapes text for the contents of an element.
fn escape(text: &str) -> String {
    patchmark_results::text::clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A backend's error by its text, because a backend need not be `'static`.
fn drawing<E: Error>(error: E) -> anyhow::Error {
    anyhow!("drawing a chart: {error}")
}
