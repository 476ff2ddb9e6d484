//! The names of lines: beside their ends on a wide chart, below the plot on a narrow one.

use anyhow::Result;

use crate::charts::{
    canvas::{Canvas, Point, Side},
    theme::{BODY, Colour},
};

/// What stands before a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::charts) enum Sample {
    /// The marker of the series at an index.
    Series(usize),
    /// A piece of a dashed line.
    Dashes((f64, f64)),
}

/// A name with its sample and the height at which its line ends.
pub(in crate::charts) struct Label {
    pub sample: Sample,
    pub text: String,
    pub y: f64,
}

/// The width of a sample with the gap behind it.
pub(in crate::charts) const SAMPLE: f64 = 26.0;
/// The distance from the plot to a sample.
pub(in crate::charts) const LEADER: f64 = 26.0;
/// The distance between two names.
const PITCH: f64 = 22.0;

/// Draws names from `left` on, each as close to its line's end as the others allow, within `top..bottom`.
pub(in crate::charts) fn beside(
    canvas: &mut Canvas,
    mut labels: Vec<Label>,
    (edge, left, right): (f64, f64, f64),
    (top, bottom): (f64, f64),
) -> Result<()> {
    labels.sort_by(|a, b| a.y.total_cmp(&b.y));
    let wanted: Vec<f64> = labels.iter().map(|label| label.y).collect();
    for (label, y) in labels.iter().zip(spread(&wanted, PITCH, top, bottom)) {
        let colour = match label.sample {
            Sample::Series(index) => Colour::Series(index),
            Sample::Dashes(_) => Colour::Muted,
        };
        canvas.faint_line(&[(edge + 3.0, label.y), (left - 3.0, y)], colour, 1.0, 0.45);
        draw(canvas, label, (left, y), right)?;
    }
    Ok(())
}

/// Draws names in rows from `top` on, in the order of their lines' ends; returns where they end.
pub(in crate::charts) fn below(canvas: &mut Canvas, mut labels: Vec<Label>, top: f64) -> Result<f64> {
    labels.sort_by(|a, b| a.y.total_cmp(&b.y));
    let texts = labels.iter().map(|label| label.text.as_str());
    let width = SAMPLE + canvas.widest(texts, BODY, 60.0)? + 14.0;
    let columns = ((canvas.width + 14.0) / width).floor().clamp(1.0, 4.0) as usize;
    let pitch = canvas.width / columns as f64;
    // Down the first column, then down the next, because the order is that of the lines.
    let rows = labels.len().div_ceil(columns).max(1);
    for (index, label) in labels.iter().enumerate() {
        let left = pitch * (index / rows) as f64;
        draw(canvas, label, (left, top + 12.0 + 25.0 * (index % rows) as f64), left + pitch)?;
    }
    Ok(top + 25.0 * rows as f64)
}

fn draw(canvas: &mut Canvas, label: &Label, (left, y): Point, right: f64) -> Result<()> {
    // The text is dark, because the palette's light colours are hard to read; the sample has the colour.
    let colour = match label.sample {
        Sample::Series(index) => {
            canvas.marker(index, (left + 8.0, y));
            Colour::Ink
        }
        Sample::Dashes(pattern) => {
            canvas.dashes(&[(left, y), (left + 20.0, y)], Colour::Ink, pattern);
            Colour::Muted
        }
    };
    let text = canvas.fit(&label.text, BODY, right - left - SAMPLE)?;
    canvas.text(&text, (left + SAMPLE, y), BODY, colour, Side::Left);
    Ok(())
}

/// Moves sorted positions apart by `gap`, within `low..=high` if they fit, each close to where it was.
pub(in crate::charts) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let gap = gap.min((high - low) / wanted.len().max(2).saturating_sub(1) as f64);
    // Groups that touch share their mean offset, as in isotonic regression.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for (index, position) in wanted.iter().enumerate() {
        groups.push((position - gap * index as f64, 1));
        while let [.., (a, n), (b, m)] = groups[..] {
            if a <= b {
                break;
            }
            groups.truncate(groups.len() - 2);
            groups.push(((a * n as f64 + b * m as f64) / (n + m) as f64, n + m));
        }
    }
    let last = gap * wanted.len().saturating_sub(1) as f64;
    let ceiling = (high - last).max(low);
    let offsets = groups.iter().flat_map(|(offset, n)| std::iter::repeat_n(offset.clamp(low, ceiling), *n));
    offsets.enumerate().map(|(index, offset)| offset + gap * index as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_move_apart_and_stay_inside() {
        let placed = spread(&[10.0, 10.0, 11.0, 200.0], 20.0, 0.0, 100.0);
        assert!(placed.windows(2).all(|pair| pair[1] - pair[0] >= 19.99), "{placed:?}");
        assert!(placed.iter().all(|y| (0.0..=100.0).contains(y)), "{placed:?}");
        assert_eq!(spread(&[10.0, 50.0], 20.0, 0.0, 100.0), [10.0, 50.0]);
        assert!(spread(&[], 20.0, 0.0, 100.0).is_empty());
        assert_eq!(spread(&[5.0; 100], 20.0, 0.0, 100.0).len(), 100);
    }
}
