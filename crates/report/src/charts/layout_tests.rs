//! Where texts, lines and areas lie, on wide and on narrow charts.

use anyhow::Result;
use patchmark_results::{
    Change, Finding, Verdict,
    fixtures::{self, decision, parity, run},
};

use super::{
    canvas::{Canvas, Point, Shape, Side},
    *,
};

/// The texts of an SVG, in drawing order.
pub(super) fn texts(svg: &str) -> Vec<&str> {
    let open = svg.lines().filter(|line| line.starts_with("<text"));
    open.filter_map(|line| line.split_once('>')?.1.strip_suffix("</text>")).collect()
}

/// A text's box: left, right, top and bottom. Letters are lower than their line.
fn text_box(canvas: &Canvas, shape: &Shape) -> Option<(String, [f64; 4])> {
    let Shape::Text { text, at: (x, y), size, side, .. } = shape else { return None };
    let width = canvas.text_width(text, *size).ok()?;
    let left = match side {
        Side::Left => *x,
        Side::Centre => x - width / 2.0,
        Side::Right => x - width,
    };
    Some((text.clone(), [left, left + width, y - size * 0.36, y + size * 0.36]))
}

/// Whether a line from `a` to `b` passes through a box.
fn passes(a: Point, b: Point, [left, right, top, bottom]: [f64; 4]) -> bool {
    (0..=400).any(|step| {
        let share = f64::from(step) / 400.0;
        let (x, y) = (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share);
        (left..right).contains(&x) && (top..bottom).contains(&y)
    })
}

/// What is wrong with a picture: texts that leave it, lie over each other or are struck through, and areas of several
/// series that add up.
fn of_canvas(canvas: &Canvas) -> Vec<String> {
    let boxes: Vec<_> = canvas.shapes.iter().filter_map(|shape| text_box(canvas, shape)).collect();
    let mut found = Vec::new();
    for (index, (text, [left, right, top, bottom])) in boxes.iter().enumerate() {
        if *left < -0.01 || *right > canvas.width + 0.01 || *top < 0.0 || *bottom > canvas.height {
            found.push(format!("{text:?} leaves the chart"));
        }
        for (other, [from, to, above, below]) in &boxes[index + 1..] {
            if left < to && from < right && top < below && above < bottom {
                found.push(format!("{text:?} lies over {other:?}"));
            }
        }
    }
    for shape in &canvas.shapes {
        match shape {
            Shape::Line { points, colour: Colour::Series(_) | Colour::Ink | Colour::Bad, .. } => {
                let struck = boxes
                    .iter()
                    .filter(|(_, place)| points.windows(2).any(|ends| passes(ends[0], ends[1], *place)));
                found.extend(struck.map(|(text, _)| format!("a line runs through {text:?}")));
            }
            Shape::Area { colour: Colour::Series(_), opacity, .. } if *opacity < 1.0 => {
                found.push("a translucent area, which adds up with others".to_owned());
            }
            _ => {}
        }
    }
    found
}

/// What is wrong with a chart on a wide page, on a phone and in a file.
pub(super) fn faults(chart: &Chart) -> Vec<String> {
    let file = chart.frame().around(chart.wide()).expect("a chart in a file");
    let layouts = [("wide", chart.wide()), ("narrow", chart.narrow()), ("file", &file)];
    let of = |(name, canvas): (&str, &Canvas)| {
        let all = of_canvas(canvas).into_iter().map(|fault| format!("{}, {name}: {fault}", chart.name()));
        all.collect::<Vec<_>>()
    };
    layouts.into_iter().flat_map(of).collect()
}

#[test]
fn no_label_lies_over_another_or_is_struck_through() -> Result<()> {
    let names = ["hf", "hf-chw", "hf-pil", "naive", "threaded", "batched", "fused", "a-class-of-ones-own"];
    let sizes = [1, 2, 4, 8, 12, 16, 24, 32, 64, 128, 256, 1024];
    for processors in 1..=names.len() {
        for count in [1, 2, 4, 7, sizes.len()] {
            let mut run = run::run(&names[..processors], &sizes[..count]);
            for batch in &mut run.batches {
                for (place, row) in batch.processors.iter_mut().enumerate() {
                    // Equal ratios, so that labels must move apart, or different ones across both references.
                    let ratio = if processors % 2 == 0 { 0.99 } else { 0.06 * (place + 1) as f64 };
                    row.ratio.insert("native".to_owned(), run::estimate(ratio));
                }
            }
            for chart in of_run(&run::with_flows(run))? {
                assert_eq!(faults(&chart), Vec::<String>::new(), "{processors} × {count}");
            }
        }
    }
    Ok(())
}

#[test]
fn charts_of_other_results_are_as_tidy() -> Result<()> {
    let mut faster = decision::row("fast", Verdict::Improved, None);
    for (low, high) in [(-0.55, 0.12), (-0.98, 40.0), (-0.001, 0.002)] {
        if let Some(judged) = &mut faster.judgement {
            judged.change = Change { median: low / 2.0, low, high: Some(high) };
        }
        let slow = decision::row("a-class-of-ones-own (CHW)", Verdict::Regressed, Some(Finding::Parity));
        for chart in of_decision(&decision::decision(vec![slow, faster.clone()]))? {
            assert_eq!(faults(&chart), Vec::<String>::new(), "{low} to {high}");
        }
    }
    let mut compared = parity::parity(385);
    compared.rows = vec![
        parity::row("fused", 64, true, &[]),
        parity::row("hf-pil", 64, false, &[(0, Some(1e-7)), (3, Some(2.0)), (9, None)]),
    ];
    compared.rows[1].heat = parity::heat(3, 2, &[Some(0.5), Some(0.0), None, Some(0.001)]);
    let charts = of_parity(&compared)?.into_iter().chain(of_releases(&fixtures::releases::releases())?);
    for chart in charts {
        assert_eq!(faults(&chart), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn the_forward_alone_can_be_seen_and_has_a_name() -> Result<()> {
    let run = run::run(&["hf", "fused"], &[1, 8]);
    let chart = of_run(&run)?.remove(2);
    for canvas in [chart.wide(), chart.narrow()] {
        let named = |shape: &Shape| matches!(shape, Shape::Text { text, .. } if text == "forward alone");
        assert_eq!(canvas.shapes.iter().filter(|shape| named(shape)).count(), 1);
        // Dashes of full strength, above all other lines.
        let dash = |shape: &Shape| matches!(shape, Shape::Line { colour: Colour::Ink, opacity: 1.0, .. });
        let line = |shape: &Shape| matches!(shape, Shape::Line { colour: Colour::Series(_), width: 2.0, .. });
        let (first, last) = (canvas.shapes.iter().position(dash), canvas.shapes.iter().rposition(line));
        assert!(first > last && last.is_some(), "{first:?} {last:?}");
    }
    Ok(())
}

#[test]
fn stages_stand_in_columns_and_not_behind_each_other() -> Result<()> {
    let mut run = run::run(&["hf", "fused"], &[8]);
    for row in &mut run.batches[0].processors {
        row.stages_ms = [("resize", 8.0), ("normalise", 4.0)].map(|(name, ms)| (name.to_owned(), ms)).into();
    }
    let chart = of_run(&run)?.remove(1);
    // Each stage begins at the same place for every processor.
    for stage in ["resize", "normalise"] {
        let named = format!(", {stage}:");
        let of_stage = chart.wide().marks.iter().filter(|mark| mark.text.contains(&named));
        let lefts: Vec<f64> = of_stage.map(|mark| mark.place.0).collect();
        assert_eq!(lefts.len(), 2);
        assert!((lefts[0] - lefts[1]).abs() < 1e-9, "{lefts:?}");
    }
    let svg = chart.svg(Theme::Light)?;
    let texts = texts(&svg);
    for text in ["resize", "normalise", "whole call", "1.00 · 67%", "0.50 · 33%"] {
        assert!(texts.contains(&text), "{text:?} is not among {texts:?}");
    }
    Ok(())
}

#[test]
fn the_axis_of_changes_has_a_name_and_equal_steps() -> Result<()> {
    let chart =
        of_decision(&decision::decision(vec![decision::row("slow", Verdict::Regressed, None)]))?.remove(0);
    let svg = chart.svg(Theme::Light)?;
    let texts = texts(&svg);
    assert!(texts.contains(&"change in preprocess ms from base to candidate"), "{texts:?}");
    let percent = |text: &&str| text.strip_suffix('%')?.replace('−', "-").parse::<f64>().ok();
    let ticks: Vec<f64> = texts.iter().filter_map(percent).collect();
    assert!(ticks.len() >= 3, "{ticks:?}");
    assert!(ticks.windows(3).all(|t| (t[2] - t[1] - (t[1] - t[0])).abs() < 1e-9), "{ticks:?}");
    Ok(())
}
