//! The image that is furthest from the reference, patch by patch.

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{
    Heat, LEVEL, Parity, ParityRow,
    parity::size,
    text::{clean, count, plural, short},
};

use super::{
    axis::power,
    canvas::{Canvas, Side},
    caption,
    chart::Chart,
    frame::Frame,
    parity::marks::{cross, levels, named},
    theme::{BODY, Colour, HEAT_STEPS, SMALL},
};

/// The largest number of cells in the grid; of more patches, neighbours share a cell.
const MOST_CELLS: usize = 1024;
/// The longest side of a cell in logical pixels.
const LARGEST: f64 = 72.0;
/// The largest height of the grid.
const ROOM: f64 = 460.0;
/// The width of the legend.
const LEGEND: f64 = 150.0;

/// The row to show: one that must equal the reference but does not, otherwise the one furthest from it.
fn worst(run: &Parity) -> Option<&ParityRow> {
    let rows = run.rows.iter().filter(|row| row.differing > 0);
    // The first of equal rows, so that the order of the document decides.
    rows.rev().max_by(|a, b| {
        let rank = |row: &ParityRow| (row.must_equal, grid(row).is_some());
        rank(a).cmp(&rank(b)).then(size(a.worst).total_cmp(&size(b.worst)))
    })
}

/// The row's patches, if the dimensions in the document are consistent.
fn grid(row: &ParityRow) -> Option<&Heat> {
    row.heat.as_ref().filter(|heat| {
        !heat.worst.is_empty() && heat.rows.checked_mul(heat.columns) == Some(heat.worst.len())
    })
}

pub(super) fn chart(name: &'static str, run: &Parity) -> Result<Chart> {
    let Some(row) = worst(run) else { return calm(name, run) };
    let processor = clean(&row.processor);
    let title = format!("Where {processor} differs most, at {} patches", count(row.max_num_patches as u64));
    let Some(heat) = grid(row) else {
        let subtitle = "no patch to show: the difference is not in pixel_values";
        return sentence(name, run, (title, subtitle), &clean(&row.detail));
    };
    let image = run.images.get(heat.image).map_or("an unknown image".to_owned(), named);
    let cells = Cells::new(heat);
    let mut remarks = vec![format!("worst in {}", clean(&row.detail))];
    if cells.block > 1 {
        remarks.insert(0, format!("each cell shows the worst of {0} × {0} patches", cells.block));
    }
    let frame = Frame {
        title,
        subtitle: format!(
            "{image} as {} × {} patches: each patch's largest difference, in uint8 levels",
            heat.rows, heat.columns
        ),
        caption: caption::of_parity(run, &remarks),
    };
    Chart::new(name, frame, csv(run), |width| {
        let mut canvas = Canvas::new(width)?;
        let room = if canvas.narrow() { width } else { width - LEGEND - 24.0 };
        let side = (room / cells.columns as f64).min(ROOM / cells.rows as f64).min(LARGEST);
        // A single row of many patches must stay visible.
        let tall = side.max(16.0 / cells.rows as f64);
        let (across, down) = (side * cells.columns as f64, tall * cells.rows as f64);
        cells.draw(&mut canvas, ((room - across) / 2.0, 0.0), (side, tall));
        canvas.height = if canvas.narrow() {
            legend(&mut canvas, &cells, (0.0, down + 10.0))
        } else {
            // Beside the grid, not at the far end of the picture.
            legend(&mut canvas, &cells, ((room + across) / 2.0 + 24.0, 0.0)).max(down)
        };
        Ok(canvas)
    })
}

/// A picture with one sentence.
fn sentence(
    name: &'static str,
    run: &Parity,
    (title, subtitle): (String, &str),
    text: &str,
) -> Result<Chart> {
    let frame = Frame { title, subtitle: subtitle.to_owned(), caption: caption::of_parity(run, &[]) };
    Chart::new(name, frame, csv(run), |width| {
        let mut canvas = Canvas::new(width)?;
        let lines = canvas.wrap(text, BODY, width, " ")?;
        for (index, line) in lines.iter().enumerate() {
            let at = (width / 2.0, 30.0 + 24.0 * index as f64);
            canvas.text(line, at, BODY, Colour::Ink, Side::Centre);
        }
        canvas.height = 60.0 + 24.0 * lines.len().saturating_sub(1) as f64;
        Ok(canvas)
    })
}

fn calm(name: &'static str, run: &Parity) -> Result<Chart> {
    let images = run.images.len();
    let text = if images == 0 || run.rows.is_empty() {
        "Nothing was compared.".to_owned()
    } else {
        format!("No value differs in {}.", plural(images as u64, "image"))
    };
    let title = "Where processors differ most".to_owned();
    sentence(name, run, (title, "the image with the largest difference, patch by patch"), &text)
}

/// The patches as cells, each with the largest difference in it.
struct Cells<'a> {
    heat: &'a Heat,
    /// Patches along a side of a cell.
    block: usize,
    rows: usize,
    columns: usize,
    scale: Scale,
}

impl<'a> Cells<'a> {
    fn new(heat: &'a Heat) -> Self {
        let count = |block: usize| heat.rows.div_ceil(block).saturating_mul(heat.columns.div_ceil(block));
        let mut block = 1;
        while count(block) > MOST_CELLS {
            block += 1;
        }
        let (rows, columns) = (heat.rows.div_ceil(block), heat.columns.div_ceil(block));
        Self { heat, block, rows, columns, scale: Scale::new(heat) }
    }

    /// The patches of a cell along one axis, which has `all` patches.
    fn span(&self, index: usize, all: usize) -> std::ops::Range<usize> {
        index * self.block..all.min((index + 1) * self.block)
    }

    /// The largest difference in a cell; infinite if one is not a number.
    fn worst(&self, row: usize, column: usize) -> f64 {
        let columns = self.span(column, self.heat.columns);
        let rows = self.span(row, self.heat.rows).map(|row| row * self.heat.columns);
        let found = rows.flat_map(|row| &self.heat.worst[row + columns.start..row + columns.end]);
        found.map(|worst| size(*worst)).fold(0.0, f64::max)
    }

    fn draw(&self, canvas: &mut Canvas, (left, top): (f64, f64), (width, height): (f64, f64)) {
        // A thin gap between cells if there is room for one.
        let gap = if width.min(height) > 8.0 { 0.5 } else { 0.0 };
        for row in 0..self.rows {
            for column in 0..self.columns {
                let worst = self.worst(row, column);
                let (x, y) = (left + width * column as f64, top + height * row as f64);
                let centre = (x + width / 2.0, y + height / 2.0);
                let colour = Colour::Heat(self.scale.step(worst));
                canvas.rectangle((x + gap, y + gap), (x + width - gap, y + height - gap), colour, 1.0);
                if worst.is_infinite() {
                    cross(canvas, centre, width.min(height) * 0.3, Colour::Paper);
                }
                let text = self.words(row, column, worst);
                canvas.mark(centre, (width / 2.0, height / 2.0), text, worst);
            }
        }
        let (right, bottom) = (left + width * self.columns as f64, top + height * self.rows as f64);
        let frame = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        canvas.line(&frame, Colour::Muted, 1.0);
    }

    fn words(&self, row: usize, column: usize, worst: f64) -> String {
        let (rows, columns) = (self.span(row, self.heat.rows), self.span(column, self.heat.columns));
        let place = if self.block == 1 {
            format!("row {}, column {}", row + 1, column + 1)
        } else {
            format!("rows {}–{}, columns {}–{}", rows.start + 1, rows.end, columns.start + 1, columns.end)
        };
        match worst {
            0.0 => format!("{place}: 0 levels"),
            worst if worst.is_infinite() => format!("{place}: not a number"),
            worst => format!("{place}: {}", levels(worst)),
        }
    }
}

/// Steps of a heat map: 0 is no difference, and each step after it reaches twice as far as the one before.
struct Scale {
    /// The upper bound of the last step, in levels.
    most: f64,
    /// Whether a difference is not a number.
    broken: bool,
}

impl Scale {
    fn new(heat: &Heat) -> Self {
        let levels = heat.worst.iter().map(|worst| size(*worst) / LEVEL);
        let most = levels.clone().filter(|levels| levels.is_finite()).fold(0.0, f64::max);
        // One level is itself a rounded number, so slightly more than one still counts as one.
        let most = if most > 0.0 { (most / 1.001).log2().ceil().exp2() } else { 1.0 };
        Self { most, broken: levels.into_iter().any(f64::is_infinite) }
    }

    /// The upper bound of a step from 1 up, in levels.
    fn bound(&self, step: usize) -> f64 {
        self.most * 0.5f64.powi(HEAT_STEPS.saturating_sub(1 + step) as i32)
    }

    fn step(&self, difference: f64) -> usize {
        let levels = difference / LEVEL;
        if levels <= 0.0 {
            return 0;
        }
        (1..HEAT_STEPS).find(|step| levels <= self.bound(*step) * 1.001).unwrap_or(HEAT_STEPS - 1)
    }
}

/// Draws the steps from the largest difference down to none; returns where they end. On a narrow chart they stand in two
/// columns.
fn legend(canvas: &mut Canvas, cells: &Cells<'_>, (left, top): (f64, f64)) -> f64 {
    let steps =
        (1..HEAT_STEPS).rev().map(|step| (step, format!("up to {}", fraction(cells.scale.bound(step)))));
    let mut entries: Vec<(usize, String)> = steps.chain([(0, "0".to_owned())]).collect();
    if cells.scale.broken {
        entries.insert(0, (HEAT_STEPS - 1, "not a number".to_owned()));
    }
    canvas.text("uint8 levels", (left, top + 10.0), SMALL, Colour::Muted, Side::Left);
    let columns = if canvas.narrow() { 2 } else { 1 };
    let rows = entries.len().div_ceil(columns);
    for (index, (step, text)) in entries.iter().enumerate() {
        let x = left + canvas.width / 2.0 * (index / rows) as f64;
        let y = top + 36.0 + 24.0 * (index % rows) as f64;
        canvas.rectangle((x, y - 9.0), (x + 28.0, y + 9.0), Colour::Muted, 1.0);
        canvas.rectangle((x + 1.0, y - 8.0), (x + 27.0, y + 8.0), Colour::Heat(*step), 1.0);
        if text == "not a number" {
            cross(canvas, (x + 14.0, y), 5.0, Colour::Paper);
        }
        canvas.text(text, (x + 38.0, y), SMALL, Colour::Ink, Side::Left);
    }
    top + 36.0 + 24.0 * rows as f64 - 10.0
}

/// A power of two, below 1 as a fraction: all steps of a legend read alike.
fn fraction(value: f64) -> String {
    let below = (1.0 / value).round();
    match value {
        value if value >= 1.0 => short(value),
        _ if below <= 65_536.0 => format!("1/{}", count(below as u64)),
        _ => format!("2{}", power((-below.log2()).round() as i32).trim_start_matches("10")),
    }
}

/// Every patch of the image that is drawn, as CSV.
fn csv(run: &Parity) -> String {
    let mut out = "row,column,difference,levels\n".to_owned();
    let Some(heat) = worst(run).and_then(grid) else { return out };
    for (index, worst) in heat.worst.iter().enumerate() {
        let (row, column) = (index / heat.columns + 1, index % heat.columns + 1);
        // Empty if it is not a number, as in a spreadsheet.
        let difference = worst.map_or(String::new(), |worst| worst.to_string());
        let levels = worst.map_or(String::new(), |worst| (worst / LEVEL).to_string());
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{row},{column},{difference},{levels}");
    }
    out
}
