//! The image that is furthest from the reference, patch by patch.

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{
    Heat, LEVEL, Parity, ParityRow,
    parity::size,
    text::{clean, plural, short},
};

use super::{
    canvas::{Canvas, Side},
    caption,
    chart::{HEIGHT, WIDTH},
    parity::marks::{cross, levels, named},
    theme::{BODY, Colour, HEAT_STEPS, SMALL},
};

/// The largest number of cells in the grid; of more patches, neighbours share a cell.
const MOST_CELLS: usize = 1024;
/// The longest side of a cell in logical pixels.
const LARGEST: f64 = 72.0;
/// The largest height of the grid.
const ROOM: f64 = 460.0;
/// The height of the legend beside the grid.
const LEAST: f64 = 24.0 * (HEAT_STEPS + 2) as f64;
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

pub(super) fn draw(run: &Parity) -> Result<Canvas> {
    let Some(row) = worst(run) else { return calm(run) };
    let processor = clean(&row.processor);
    let title = format!("Where {processor} differs most, at {} patches", row.max_num_patches);
    let Some(heat) = grid(row) else {
        let subtitle = "no patch to show: the difference is not in pixel_values";
        return sentence(run, &title, subtitle, &clean(&row.detail));
    };
    let image = run.images.get(heat.image).map_or("an unknown image".to_owned(), named);
    let subtitle = format!(
        "{image} as {} × {} patches: each patch's largest difference, in uint8 levels",
        heat.rows, heat.columns
    );
    let cells = Cells::new(heat);
    let mut remarks = vec![format!("worst in {}", clean(&row.detail))];
    if cells.block > 1 {
        remarks.insert(0, format!("each cell shows the worst of {0} × {0} patches", cells.block));
    }
    let caption = caption::of_parity(run, &remarks);
    let (top, bottom) = Canvas::new(WIDTH, HEIGHT)?.frame(&title, &subtitle, &caption)?;
    let width = WIDTH - 48.0 - LEGEND - 24.0;
    let side = (width / cells.columns as f64).min(ROOM / cells.rows as f64).min(LARGEST);
    let height = side * cells.rows as f64;
    let mut canvas = Canvas::new(WIDTH, (top + 24.0 + height.max(LEAST) + HEIGHT - bottom).round())?;
    canvas.frame(&title, &subtitle, &caption)?;
    // A single row of many patches must stay visible.
    let sides = (side, side.max(16.0 / cells.rows as f64));
    let left = 24.0 + (width - side * cells.columns as f64) / 2.0;
    cells.draw(&mut canvas, (left, top + 8.0), sides);
    legend(&mut canvas, &cells, (WIDTH - 24.0 - LEGEND, top + 8.0));
    Ok(canvas)
}

/// A picture with one sentence.
fn sentence(run: &Parity, title: &str, subtitle: &str, text: &str) -> Result<Canvas> {
    let mut canvas = Canvas::new(WIDTH, 320.0)?;
    let (top, bottom) = canvas.frame(title, subtitle, &caption::of_parity(run, &[]))?;
    let text = canvas.fit(text, BODY, canvas.width - 48.0)?;
    canvas.text(&text, (canvas.width / 2.0, (top + bottom) / 2.0), BODY, Colour::Ink, Side::Centre);
    Ok(canvas)
}

fn calm(run: &Parity) -> Result<Canvas> {
    let images = run.images.len();
    let text = if images == 0 || run.rows.is_empty() {
        "Nothing was compared.".to_owned()
    } else {
        format!("No value differs in {}.", plural(images as u64, "image"))
    };
    sentence(
        run,
        "Where processors differ most",
        "the image with the largest difference, patch by patch",
        &text,
    )
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

/// Draws the steps from the largest difference down to none.
fn legend(canvas: &mut Canvas, cells: &Cells<'_>, (left, top): (f64, f64)) {
    canvas.text("levels", (left, top + 10.0), SMALL, Colour::Muted, Side::Left);
    let mut y = top + 12.0;
    let mut entry = |canvas: &mut Canvas, colour: Colour, text: &str| {
        y += 24.0;
        canvas.rectangle((left, y - 9.0), (left + 28.0, y + 9.0), Colour::Muted, 1.0);
        canvas.rectangle((left + 1.0, y - 8.0), (left + 27.0, y + 8.0), colour, 1.0);
        canvas.text(text, (left + 38.0, y), SMALL, Colour::Ink, Side::Left);
        (left + 14.0, y)
    };
    if cells.scale.broken {
        let at = entry(canvas, Colour::Heat(HEAT_STEPS - 1), "not a number");
        cross(canvas, at, 5.0, Colour::Paper);
    }
    for step in (1..HEAT_STEPS).rev() {
        entry(canvas, Colour::Heat(step), &format!("up to {}", short(cells.scale.bound(step))));
    }
    entry(canvas, Colour::Heat(0), "0");
}

/// Every patch of the image that is drawn, as CSV.
pub(super) fn csv(run: &Parity) -> String {
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
