//! Charts of ordinary and of degenerate runs.

use anyhow::Result;

use super::lines::spread;
use super::*;
use crate::report::samples;

/// The texts of an SVG, in drawing order.
fn texts(svg: &str) -> Vec<String> {
    let lines: Vec<&str> = svg.lines().collect();
    let open = lines.iter().enumerate().filter(|(_, line)| line.starts_with("<text"));
    open.filter_map(|(index, _)| lines.get(index + 1).map(|line| (*line).to_owned())).collect()
}

#[test]
fn the_ratio_has_ticks_lines_and_references() -> Result<()> {
    let run = samples::run(&["hf", "fused"], &[1, 4, 16]);
    let svg = Chart::Ratio.svg(&run)?;
    let texts = texts(&svg);
    let wanted = [
        "1",
        "4",
        "16",
        "1/8",
        "1/32",
        "1: preprocessing equals the forward",
        "1/8 of the forward",
        "hf (PIL)",
        "fused (CHW)",
        "batch size (images)",
    ];
    for text in wanted {
        assert!(texts.iter().any(|found| found == text), "{text:?} is not among {texts:?}");
    }
    assert!(!texts.iter().any(|text| text == "8"), "a batch size that was not tested has a tick");
    // A series is one polyline of three points in its colour, and a band.
    for (index, colour) in ["#000000", "#0072B2"].into_iter().enumerate() {
        let mine = svg.lines().filter(|line| line.starts_with("<polyline") && line.contains(colour));
        let lines = mine.filter(|line| line.contains("stroke-width=\"2\"")).count();
        assert_eq!(lines, 1, "series {index}:\n{svg}");
    }
    assert_eq!(svg.matches("opacity=\"0.16\"").count(), 2);
    assert!(texts.iter().any(|text| text.contains("(random weights)") && text.contains("AMD EPYC 9R14")));
    assert!(texts.iter().any(|text| text.contains("transformers 4.57.1") && text.contains("3 rounds")));
    Ok(())
}

#[test]
fn far_references_are_told_rather_than_drawn() -> Result<()> {
    let mut run = samples::run(&["hf"], &[1, 2]);
    for row in run.batches.iter_mut().flat_map(|batch| &mut batch.processors) {
        row.ratio.insert("native".to_owned(), samples::estimate(0.001));
    }
    let texts = texts(&Chart::Ratio.svg(&run)?);
    assert!(texts.iter().any(|text| text.ends_with("lie above this chart")), "{texts:?}");
    assert!(!texts.iter().any(|text| text == "1/8 of the forward"));
    Ok(())
}

#[test]
fn processors_that_differ_or_failed_are_marked() -> Result<()> {
    let mut run = samples::run(&["hf", "quick", "broken"], &[1, 2]);
    for batch in &mut run.batches {
        let detail = String::new();
        batch.processors[1].parity = ParityStatus::Differs { values: 1, total: 2, detail };
        let broken = &mut batch.processors[2];
        broken.failure = Some("out of memory".to_owned());
        broken.preprocess_ms.samples.clear();
        broken.ratio.clear();
        broken.images_per_s.clear();
        broken.stages_ms.clear();
    }
    for chart in Chart::ALL {
        let texts = texts(&chart.svg(&run)?);
        assert!(texts.iter().any(|text| text == "quick (CHW) ≠"), "{texts:?}");
        assert!(texts.iter().any(|text| text.ends_with("no result: broken (CHW)")), "{texts:?}");
    }
    Ok(())
}

#[test]
fn degenerate_runs_are_drawn() -> Result<()> {
    let all: [&str; 9] = ["hf", "b", "c", "d", "e", "f", "g", "h", "i<&>\u{7}"];
    let mut runs = vec![
        samples::run(&["hf"], &[1]),
        samples::run(&[], &[1]),
        samples::run(&["hf"], &[]),
        samples::run(&all, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1_000_000, 8]),
    ];
    for values in [[1e-4, 1e3], [f64::NAN, 0.0], [f64::INFINITY, -1.0], [1e-300, 1e300], [1e5, 1e6]] {
        let mut run = samples::run(&["hf", "fused"], &[1, 8]);
        for (batch, value) in run.batches.iter_mut().zip(values) {
            for row in &mut batch.processors {
                row.ratio.insert("native".to_owned(), samples::estimate(value));
                row.images_per_s.insert("native".to_owned(), samples::estimate(value));
                row.preprocess_ms = samples::samples(value);
                row.stages_ms.insert("resize".to_owned(), value);
            }
        }
        runs.push(run);
    }
    for run in &mut runs {
        for chart in Chart::ALL {
            let svg = chart.svg(run)?;
            assert!(svg.contains("<svg") && svg.contains("</svg>") && !svg.contains('\u{7}'), "{svg}");
            assert!(chart.csv(run).lines().next().is_some_and(|header| header.starts_with("batch_size,")));
        }
        run.environment = Default::default();
        run.settings = Default::default();
        for row in run.batches.iter_mut().flat_map(|batch| &mut batch.processors) {
            row.stages_ms.clear();
        }
        assert!(Chart::Stages.svg(run)?.contains("</svg>"));
    }
    // The bitmap has arithmetic of its own; the widest ranges are enough of it.
    for run in [&runs[1], &runs[7]] {
        for chart in Chart::ALL {
            assert!(chart.png(run)?.starts_with(b"\x89PNG"));
        }
    }
    Ok(())
}

#[test]
fn labels_move_apart_and_stay_inside() {
    let placed = spread(&[10.0, 10.0, 11.0, 200.0], 20.0, 0.0, 100.0);
    assert!(placed.windows(2).all(|pair| pair[1] - pair[0] >= 19.99), "{placed:?}");
    assert!(placed.iter().all(|y| (0.0..=100.0).contains(y)), "{placed:?}");
    assert_eq!(spread(&[10.0, 50.0], 20.0, 0.0, 100.0), [10.0, 50.0]);
    assert!(spread(&[], 20.0, 0.0, 100.0).is_empty());
    assert_eq!(spread(&[5.0; 100], 20.0, 0.0, 100.0).len(), 100);
}

#[test]
fn csv_fields_are_quoted() {
    let mut run = samples::run(&["a,\"b\""], &[2]);
    run.batches[0].processors[0].stages_ms.clear();
    assert!(Chart::Ratio.csv(&run).contains("2,\"a,\"\"b\"\"\",CHW,native,"));
    assert_eq!(Chart::Stages.csv(&run).lines().count(), 2);
}
