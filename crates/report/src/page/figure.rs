//! A chart on a page: the picture, its values to point at, and its description.

use anyhow::Result;
use maud::{Markup, PreEscaped, html};

use crate::charts::Chart;

/// The chart with `id`, which must be unique on the page.
///
/// The values are in a layer of their own, because screen readers skip the contents of a picture. Tab reaches the first
/// value, and the arrow keys reach the others from there.
pub(super) fn figure(chart: &Chart, id: &str) -> Result<Markup> {
    let canvas = chart.canvas();
    let view = format!("0 0 {} {}", canvas.width, canvas.height);
    let (title, words) = (format!("{id}-title"), format!("{id}-words"));
    Ok(html! {
        figure id=(id) {
            div.scroll tabindex="0" role="region" aria-label={ (canvas.title) ", chart" } {
                div.layers {
                    svg viewBox=(view) role="img" aria-labelledby={ (title) " " (words) } {
                        title id=(title) { (canvas.title) }
                        desc id=(words) { (canvas.description) }
                        (PreEscaped(chart.shapes_for_page()?))
                    }
                    svg.values viewBox=(view) role="group" aria-label={ "Values of: " (canvas.title) } {
                        @for (index, mark) in canvas.marks.iter().enumerate() {
                            @let (x, y, width, height) = mark.place;
                            rect x=(round(x)) y=(round(y)) width=(round(width)) height=(round(height))
                                rx="4" role="img" tabindex=(if index == 0 { "0" } else { "-1" })
                                data-value=(mark.value) aria-label=(mark.text) {}
                        }
                    }
                }
            }
            figcaption { (canvas.description) "." }
        }
    })
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
