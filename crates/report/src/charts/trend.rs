//! One kind of figure over many runs, each series relative to its own median, so that all fit one axis.

use anyhow::Result;
use patchmark_results::{
    History, Series,
    text::{clean, plural},
};
use patchmark_statistics::median;

use super::{
    axis::Axis,
    canvas::{Canvas, Side},
    chart::WIDE,
    csv::field,
    frame::Frame,
    lines::spread,
    png as bitmap, svg as drawing,
    theme::{BODY, Colour, SMALL, Theme},
};

/// Characters of a commit that are enough to recognise it.
const SHORT: usize = 7;

/// The trend as an SVG document.
///
/// # Errors
/// If drawing fails.
pub fn svg(history: &History) -> Result<String> {
    drawing::document(&frame(history), &draw(history)?, Theme::Light)
}

/// The trend as a PNG of twice the SVG's pixels on a side.
///
/// # Errors
/// If drawing fails.
pub fn png(history: &History) -> Result<Vec<u8>> {
    bitmap::document(&frame(history), &draw(history)?, Theme::Light)
}

/// Every point as CSV with a header.
pub fn csv(history: &History) -> String {
    let mut out = String::from("run,commit,subject,batch_size,figure,value,change_point\n");
    for series in &history.series {
        for (index, point) in series.points.iter().enumerate() {
            let change = series.changes.iter().any(|change| change.index == index);
            let commit = history.commits.get(point.run).map_or("", String::as_str);
            out += &format!(
                "{},{},{},{},{},{},{}\n",
                point.run,
                field(commit),
                field(&series.subject),
                series.batch_size,
                field(&series.figure),
                point.value,
                u8::from(change)
            );
        }
    }
    out
}

/// The series that are drawn: those of the largest batch and the first figure, as more would be hard to read.
fn drawn(history: &History) -> Vec<(&Series, f64)> {
    let largest = history.series.iter().map(|series| series.batch_size).max();
    let first = history.series.first().map(|series| series.figure.as_str());
    let chosen =
        history.series.iter().filter(|s| Some(s.batch_size) == largest && Some(s.figure.as_str()) == first);
    let level = |series: &Series| median(&series.points.iter().map(|point| point.value).collect::<Vec<_>>());
    chosen.map(|series| (series, level(series))).filter(|(_, level)| *level > 0.0).collect()
}

fn frame(history: &History) -> Frame {
    let drawn = drawn(history);
    let (figure, batch) = drawn.first().map_or((String::new(), 0), |(s, _)| (clean(&s.figure), s.batch_size));
    let mut caption =
        vec!["markers show the first run of a new level (E-Divisive, permutation test at 1%)".to_owned()];
    caption.extend(history.notes.iter().map(|note| clean(note)));
    Frame {
        title: "How the figures changed from commit to commit".to_owned(),
        subtitle: format!(
            "{figure} at batch {batch}, each relative to its own median; {}",
            plural(history.commits.len() as u64, "run")
        ),
        caption,
    }
}

fn draw(history: &History) -> Result<Canvas> {
    let mut canvas = Canvas::new(WIDE)?;
    let drawn = drawn(history);
    if drawn.is_empty() {
        canvas.nothing("Nothing was measured.");
        return Ok(canvas);
    }
    let (left, right, top, bottom) = (64.0, canvas.width - 210.0, 40.0, 426.0);
    let shares = drawn.iter().flat_map(|(series, level)| series.points.iter().map(move |p| p.value / level));
    let (low, high) = shares.fold((0.95f64, 1.05f64), |(low, high), share| (low.min(share), high.max(share)));
    let axis = Axis::linear(low, high, 6);
    let x = |run: usize| left + (right - left) * (run as f64 + 0.5) / history.commits.len().max(1) as f64;
    let y = |share: f64| bottom - axis.share(share) * (bottom - top);
    canvas.text("value ÷ median of its series", (0.0, 14.0), BODY, Colour::Ink, Side::Left);
    for (value, text) in &axis.ticks {
        canvas.line(&[(left, y(*value)), (right, y(*value))], Colour::Grid, 1.0);
        canvas.text(text, (left - 10.0, y(*value)), BODY, Colour::Ink, Side::Right);
    }
    canvas.line(&[(left, bottom), (right, bottom)], Colour::Muted, 1.4);
    // From the right, because the latest commit matters most.
    let mut free = f64::INFINITY;
    for (run, commit) in history.commits.iter().enumerate().rev() {
        let text: String = clean(commit).chars().take(SHORT).collect();
        let half = canvas.text_width(&text, SMALL)? / 2.0;
        canvas.line(&[(x(run), bottom), (x(run), bottom + 5.0)], Colour::Muted, 1.4);
        if x(run) + half + 8.0 <= free {
            canvas.text(&text, (x(run), bottom + 18.0), SMALL, Colour::Ink, Side::Centre);
            free = x(run) - half;
        }
    }
    let middle = ((left + right) / 2.0, bottom + 41.0);
    canvas.text("commit, the oldest first", middle, BODY, Colour::Ink, Side::Centre);
    canvas.height = bottom + 54.0;
    let mut ends = Vec::new();
    for (index, (series, level)) in drawn.iter().enumerate() {
        let points: Vec<_> = series.points.iter().map(|p| (x(p.run), y(p.value / level))).collect();
        if points.len() > 1 {
            canvas.line(&points, Colour::Series(index), 2.0);
        }
        let changes = series.changes.iter().filter_map(|change| points.get(change.index));
        // Of a single run all values are 1, so the markers stand side by side.
        let aside = (index as f64 - (drawn.len() - 1) as f64 / 2.0) * 12.0;
        let alone = points.first().filter(|_| points.len() == 1).map(|(x, y)| (x + aside, *y));
        for point in changes.copied().chain(alone) {
            canvas.marker(index, point);
        }
        ends.extend(points.last().map(|point| (index, point.1, series.subject.as_str())));
    }
    names(&mut canvas, ends, right, (top, bottom))?;
    Ok(canvas)
}

/// The name of each series beside the end of its line, moved apart where lines end together.
fn names(
    canvas: &mut Canvas,
    mut ends: Vec<(usize, f64, &str)>,
    right: f64,
    (top, bottom): (f64, f64),
) -> Result<()> {
    ends.sort_by(|a, b| a.1.total_cmp(&b.1));
    let wanted: Vec<f64> = ends.iter().map(|end| end.1).collect();
    for ((index, _, subject), at) in ends.into_iter().zip(spread(&wanted, 22.0, top, bottom)) {
        canvas.marker(index, (right + 20.0, at));
        let text = canvas.fit(&clean(subject), BODY, 190.0)?;
        canvas.text(&text, (right + 32.0, at), BODY, Colour::Ink, Side::Left);
    }
    Ok(())
}
