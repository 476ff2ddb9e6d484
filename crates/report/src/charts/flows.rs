//! Milliseconds per image from files to tensors at the largest batch: one bar per flow and number of threads, split into
//! decoding and processing.
//!
//! Unlike stages, the two parts are laid end to end, because together they are the whole call that was timed: its median is
//! split by the share of decoding.

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{
    Batch, Estimate, FlowRow, ParityStatus, Run, Samples,
    text::{clean, number, plural},
};

use super::{
    canvas::{Canvas, Side},
    caption,
    chart::Chart,
    csv::field,
    frame::Frame,
    lines::sound,
    theme::{BODY, Colour, SMALL},
};
use crate::words::{
    figures::interval,
    flows::{batch, spread},
};

/// The largest number of flows that are drawn.
const MOST: usize = 16;
/// The heights of the legend, of the name of a number of threads, and of a flow on a wide and on a narrow chart.
const LEGEND: f64 = 34.0;
const HEAD: f64 = 34.0;
const WIDE_ROW: f64 = 36.0;
const NARROW_ROW: f64 = 52.0;
/// Half the height of a bar.
const HALF: f64 = 9.0;
const DECODING: Colour = Colour::Calm;
const PROCESSING: Colour = Colour::Plain;

/// One flow; times are milliseconds per image.
struct Bar {
    name: String,
    threads: usize,
    ms: Estimate,
    rate: Option<f64>,
    /// The share of decoding; none if it was not measured.
    share: Option<f64>,
}

pub(super) fn chart(name: &'static str, run: &Run) -> Result<Chart> {
    let chosen = batch(run);
    let (bars, left_out) = bars(chosen);
    let size = chosen.map_or(0, |batch| batch.batch_size);
    let mut remarks = vec![
        "files are read from the page cache".to_owned(),
        format!("whiskers are {}", spread(run).of_bands()),
        "each bar is split by the share of decoding in calls of their own".to_owned(),
    ];
    if bars.iter().any(|bar| bar.name.ends_with(" ≠")) {
        remarks.push("≠: outputs differ from those of hf-paths".to_owned());
    }
    remarks.extend(caption::left_out(&left_out));
    let frame = Frame {
        title: "From files to tensors".to_owned(),
        subtitle: format!(
            "milliseconds per image, batch {size}; medians, all bars on one scale; lower is better"
        ),
        caption: caption::of_run(run, &remarks),
    };
    Chart::new(name, frame, csv(run), |width| draw(&bars, width))
}

/// The bars of a batch, by threads, and the flows without a time.
fn bars(batch: Option<&Batch>) -> (Vec<Bar>, Vec<String>) {
    let (mut bars, mut left_out) = (Vec::new(), Vec::new());
    for row in batch.into_iter().flat_map(|batch| &batch.flows).take(MOST) {
        let images = batch.map_or(1, |batch| batch.batch_size.max(1)) as f64;
        let Some(time) = row.total_ms.measured() else {
            left_out.push(row.label());
            continue;
        };
        let Estimate { median, low, high } = sound(time);
        let mark = if matches!(row.parity, ParityStatus::Differs { .. }) { " ≠" } else { "" };
        bars.push(Bar {
            name: clean(&row.name) + mark,
            threads: row.threads,
            ms: Estimate { median: median / images, low: low / images, high: high / images },
            rate: usable(row.images_per_s),
            share: usable(row.decoding_share).map(|share| share.min(1.0)),
        });
    }
    bars.sort_by_key(|bar| bar.threads);
    (bars, left_out)
}

fn usable(estimate: Option<Estimate>) -> Option<f64> {
    estimate.filter(Estimate::is_usable).map(|estimate| estimate.median)
}

fn draw(bars: &[Bar], width: f64) -> Result<Canvas> {
    let mut canvas = Canvas::new(width)?;
    if bars.is_empty() {
        canvas.nothing("Nothing was measured.");
        return Ok(canvas);
    }
    legend(&mut canvas)?;
    let narrow = canvas.narrow();
    let names = canvas.widest(bars.iter().map(|bar| bar.name.as_str()), BODY, 40.0)?.min(width * 0.3);
    let figures: Vec<String> = bars.iter().map(|bar| figures(bar, narrow)).collect();
    let words = canvas.widest(figures.iter().map(String::as_str), SMALL, 40.0)?;
    let (left, room) = if narrow { (0.0, width - 6.0) } else { (names + 12.0, width - names - words - 34.0) };
    let longest = bars.iter().map(|bar| bar.ms.high.max(bar.ms.median)).fold(f64::MIN_POSITIVE, f64::max);
    let scale = room / longest;
    let mut y = LEGEND;
    for (index, bar) in bars.iter().enumerate() {
        if index == 0 || bars[index - 1].threads != bar.threads {
            let heading = plural(bar.threads as u64, "thread");
            canvas.text(&heading, (0.0, y + HEAD / 2.0), BODY, Colour::Muted, Side::Left);
            y += HEAD;
        }
        let (row, middle) = if narrow { (NARROW_ROW, y + 36.0) } else { (WIDE_ROW, y + WIDE_ROW / 2.0) };
        if narrow {
            let room = width - canvas.text_width(&figures[index], SMALL)? - 12.0;
            let name = canvas.fit(&bar.name, BODY, room)?;
            canvas.text(&name, (0.0, y + 13.0), BODY, Colour::Ink, Side::Left);
            canvas.text(&figures[index], (width, y + 13.0), SMALL, Colour::Ink, Side::Right);
        } else {
            let name = canvas.fit(&bar.name, BODY, names)?;
            canvas.text(&name, (names, middle), BODY, Colour::Ink, Side::Right);
            let end = left + scale * bar.ms.high.max(bar.ms.median) + 10.0;
            canvas.text(&figures[index], (end, middle), SMALL, Colour::Ink, Side::Left);
        }
        strip(&mut canvas, bar, (left, middle), scale);
        y += row;
    }
    canvas.height = y + 4.0;
    Ok(canvas)
}

/// Decoding, then processing, then the interval of the whole.
fn strip(canvas: &mut Canvas, bar: &Bar, (left, middle): (f64, f64), scale: f64) {
    let x = |ms: f64| left + scale * ms;
    let decoding = bar.share.map_or(0.0, |share| share * bar.ms.median);
    let mut part = |from: f64, to: f64, colour, what: String| {
        if to > from {
            canvas.rectangle(
                (x(from), middle - HALF),
                (x(to).max(x(from) + 1.0), middle + HALF),
                colour,
                1.0,
            );
            let half = (scale * (to - from) / 2.0).max(4.0);
            let text = format!("{}, {}: {what}", bar.name, plural(bar.threads as u64, "thread"));
            canvas.mark((x((from + to) / 2.0), middle), (half, HALF), text, to - from);
        }
    };
    part(0.0, decoding, DECODING, format!("decoding {} ms per image", number(decoding)));
    let rest = bar.ms.median - decoding;
    let what = if bar.share.is_some() { "processing" } else { "decoding and processing" };
    let whole = interval(&bar.ms);
    part(
        decoding,
        bar.ms.median,
        PROCESSING,
        format!("{what} {} ms per image; whole call {whole}", number(rest)),
    );
    canvas.line(&[(x(bar.ms.low), middle), (x(bar.ms.high), middle)], Colour::Ink, 1.6);
}

/// A flow's figures in words: all of them where there is room.
fn figures(bar: &Bar, narrow: bool) -> String {
    let mut words = format!("{} ms", number(bar.ms.median));
    if let Some(rate) = bar.rate {
        let _ = write!(words, " · {} images/s", number(rate));
    }
    if let Some(share) = bar.share.filter(|_| !narrow) {
        let _ = write!(words, " · {:.0}% decoding", share * 100.0);
    }
    words
}

fn legend(canvas: &mut Canvas) -> Result<()> {
    let mut x = 0.0;
    for (colour, name) in [(DECODING, "decoding"), (PROCESSING, "processing")] {
        canvas.rectangle((x, 6.0), (x + 16.0, 22.0), colour, 1.0);
        canvas.text(name, (x + 24.0, 14.0), SMALL, Colour::Ink, Side::Left);
        x += 24.0 + canvas.text_width(name, SMALL)? + 28.0;
    }
    Ok(())
}

/// Every flow at every batch size as CSV.
fn csv(run: &Run) -> String {
    let mut out = "batch_size,flow,threads,ms_per_image,low,high,images_per_s,decoding_share\n".to_owned();
    for batch in &run.batches {
        let images = batch.batch_size.max(1) as f64;
        let timed = |row: &FlowRow| -> Option<Estimate> { Samples::measured(&row.total_ms) };
        for (row, time) in batch.flows.iter().filter_map(|row| Some((row, timed(row)?))) {
            let optional = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "{},{},{},{},{},{},{},{}",
                batch.batch_size,
                field(&row.name),
                row.threads,
                time.median / images,
                time.low / images,
                time.high / images,
                optional(usable(row.images_per_s)),
                optional(usable(row.decoding_share))
            );
        }
    }
    out
}
