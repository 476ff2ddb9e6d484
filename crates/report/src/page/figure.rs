//! A chart on a page: the picture, its values to point at, and the words around it.

use anyhow::Result;
use maud::{Markup, PreEscaped, html};

use crate::charts::{self, Canvas, Chart};

/// The chart with `id`, which must be unique on the page, without its title. Of its two pictures, the style sheet shows the
/// one that suits the width of the page.
pub(super) fn figure(chart: &Chart, id: &str) -> Result<Markup> {
    let frame = chart.frame();
    let words = format!("{id}-words");
    Ok(html! {
        figure id=(id) {
            p.what id=(words) { (frame.subtitle) }
            div.wide { (picture(chart.wide(), &frame.title, &words)?) }
            div.narrow { (picture(chart.narrow(), &frame.title, &words)?) }
            figcaption { @for line in &frame.caption { span { (line) } } }
        }
    })
}

/// The values are in a layer of their own, because screen readers skip the contents of a picture. Tab reaches the first
/// value, and the arrow keys reach the others from there.
fn picture(canvas: &Canvas, title: &str, words: &str) -> Result<Markup> {
    let view = format!("0 0 {} {}", canvas.width, canvas.height);
    Ok(html! {
        div.layers {
            svg viewBox=(view) role="img" aria-label=(title) aria-describedby=(words) {
                (PreEscaped(charts::for_page(canvas)?))
            }
            svg.values viewBox=(view) role="group" aria-label={ "Values of: " (title) } {
                @for (index, mark) in canvas.marks.iter().enumerate() {
                    @let (x, y, width, height) = mark.place;
                    rect x=(round(x)) y=(round(y)) width=(round(width)) height=(round(height))
                        rx="4" role="img" tabindex=(if index == 0 { "0" } else { "-1" })
                        data-value=(mark.value) aria-label=(mark.text) {}
                }
            }
        }
    })
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
