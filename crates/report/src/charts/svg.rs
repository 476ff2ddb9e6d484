//! A picture as SVG.

use std::fmt::Write;

use anyhow::Result;
use patchmark_typeface::FAMILY;

use super::{
    canvas::{Canvas, Point, Shape, Side},
    frame::Frame,
    theme::{Colour, Theme},
};

/// A chart in a file: an SVG document with its title, its description and its values, which a viewer shows under the
/// pointer.
pub(super) fn document(frame: &Frame, body: &Canvas, theme: Theme) -> Result<String> {
    let canvas = frame.around(body)?;
    let (width, height) = (canvas.width, canvas.height);
    let mut out = format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title desc\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
        escape(&frame.title),
        escape(&frame.subtitle),
        theme.hex(Colour::Paper)
    );
    out += &shapes(&canvas, |colour| theme.hex(colour))?;
    out += "<g fill=\"transparent\">\n";
    for mark in &canvas.marks {
        let (x, y, width, height) = mark.place;
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" data-value=\"{}\">\
             <title>{}</title></rect>",
            mark.value,
            escape(&mark.text)
        );
    }
    Ok(out + "</g>\n</svg>\n")
}

/// The shapes of a picture, as elements that a page puts into an `svg`; the page's style sheet sets their colours.
///
/// # Errors
/// If a text cannot be measured.
pub fn for_page(canvas: &Canvas) -> Result<String> {
    shapes(canvas, |colour| format!("var({})", colour.variable()))
}

fn shapes(canvas: &Canvas, paint: impl Fn(Colour) -> String) -> Result<String> {
    let mut out = String::new();
    for shape in &canvas.shapes {
        // Writing to a String cannot fail.
        let _ = match shape {
            Shape::Line { points, width, colour, opacity } => writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{}/>",
                list(points),
                paint(*colour),
                short(*width),
                faint(*opacity)
            ),
            Shape::Area { outline, colour, opacity } => writeln!(
                out,
                "<polygon points=\"{}\" fill=\"{}\"{}/>",
                list(outline),
                paint(*colour),
                faint(*opacity)
            ),
            Shape::Rectangle { from, to, colour, opacity } => writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{}/>",
                short(from.0.min(to.0)),
                short(from.1.min(to.1)),
                short((to.0 - from.0).abs()),
                short((to.1 - from.1).abs()),
                paint(*colour),
                faint(*opacity)
            ),
            Shape::Disc { centre, radius, colour, opacity } => writeln!(
                out,
                "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"{}/>",
                short(centre.0),
                short(centre.1),
                short(*radius),
                paint(*colour),
                faint(*opacity)
            ),
            Shape::Text { text, at, size, colour, side } => {
                let anchor = match side {
                    Side::Left => "start",
                    Side::Centre => "middle",
                    Side::Right => "end",
                };
                // A viewer may lack the font in which the text was measured, or round the width of each letter.
                let length = short(canvas.text_width(text, *size)?);
                writeln!(
                    out,
                    "<text x=\"{}\" y=\"{}\" font-family=\"{FAMILY}\" font-size=\"{}\" \
                     text-anchor=\"{anchor}\" fill=\"{}\" textLength=\"{length}\" \
                     lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                    short(at.0),
                    // From the middle of the letters to their foot.
                    short(at.1 + size * 0.34),
                    short(*size),
                    paint(*colour),
                    escape(text)
                )
            }
        };
    }
    Ok(out)
}

fn list(points: &[Point]) -> String {
    points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect::<Vec<_>>().join(" ")
}

fn faint(opacity: f64) -> String {
    if opacity < 1.0 { format!(" opacity=\"{opacity}\"") } else { String::new() }
}

/// A coordinate with at most one decimal; 0 for what is not a number.
fn short(value: f64) -> f64 {
    if value.is_finite() { (value.clamp(-1e6, 1e6) * 10.0).round() / 10.0 } else { 0.0 }
}

/// Escapes text for the contents of an element or of an attribute.
fn escape(text: &str) -> String {
    let text = patchmark_results::text::clean(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
