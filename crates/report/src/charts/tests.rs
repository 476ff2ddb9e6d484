//! Charts of ordinary and degenerate runs.

use anyhow::Result;
use patchmark_results::{GpuRecord, GpuState, ParityStatus};

use super::{
    layout_tests::{faults, texts},
    rows::MOST_PROCESSORS,
    *,
};
use patchmark_results::fixtures;

fn svg(run: &Run, name: &str) -> Result<String> {
    let charts = of_run(run)?;
    charts.iter().find(|chart| chart.name() == name).expect("a run's chart").svg(Theme::Light)
}

fn csv(run: &Run, name: &str) -> Result<String> {
    Ok(of_run(run)?.iter().find(|chart| chart.name() == name).expect("a run's chart").csv().to_owned())
}

#[test]
fn the_ratio_has_ticks_lines_whiskers_and_references() -> Result<()> {
    let run = fixtures::run::run(&["hf", "fused"], &[1, 4, 16]);
    let svg = svg(&run, "ratio")?;
    let texts = texts(&svg);
    let wanted = [
        "1",
        "4",
        "16",
        "0.1",
        "0.5",
        "preprocess time ÷ forward time",
        "equal to the forward",
        "1/8 of the forward",
        "hf (PIL)",
        "fused (CHW)",
        "batch size (images)",
    ];
    for text in wanted {
        assert!(texts.contains(&text), "{text:?} is not among {texts:?}");
    }
    assert!(!texts.contains(&"8"), "a batch size that was not tested has a tick");
    // A series is one polyline of three points in its colour, with three whiskers of three strokes.
    for (index, colour) in ["#000000", "#0072B2"].into_iter().enumerate() {
        let mine = || svg.lines().filter(|line| line.starts_with("<polyline") && line.contains(colour));
        assert_eq!(mine().filter(|line| line.contains("stroke-width=\"2\"")).count(), 1, "{index}:\n{svg}");
        assert_eq!(mine().filter(|line| line.contains("stroke-width=\"1.4\"")).count(), 9, "{index}:\n{svg}");
    }
    assert!(texts.iter().any(|text| text.contains("(random weights)") && text.contains("AMD EPYC 9R14")));
    assert!(texts.iter().any(|text| text.contains("transformers 4.57.1") && text.contains("7 rounds")));
    Ok(())
}

#[test]
fn far_references_are_told_rather_than_drawn() -> Result<()> {
    let mut run = fixtures::run::run(&["hf"], &[1, 2]);
    for row in run.batches.iter_mut().flat_map(|batch| &mut batch.processors) {
        row.ratio.insert("native".to_owned(), fixtures::run::estimate(0.001));
    }
    let svg = svg(&run, "ratio")?;
    let texts = texts(&svg);
    assert!(texts.iter().any(|text| text.ends_with("lies above this chart")), "{texts:?}");
    assert!(!texts.contains(&"1/8 of the forward"));
    Ok(())
}

#[test]
fn processors_that_differ_or_failed_are_marked() -> Result<()> {
    let mut run = fixtures::run::run(&["hf", "quick", "broken"], &[1, 2]);
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
    for name in names_of_run(&run) {
        let svg = svg(&run, name)?;
        let texts = texts(&svg);
        assert!(texts.contains(&"quick (CHW) ≠"), "{name}: {texts:?}");
        if name != "samples" {
            assert!(texts.iter().any(|text| text.contains("no result: broken (CHW)")), "{name}: {texts:?}");
        }
    }
    Ok(())
}

#[test]
fn subjects_have_short_names_that_differ() -> Result<()> {
    let names = [
        "hf",
        "python:one/mine.py:Fast",
        "python:two/mine.py:Fast",
        "python:two/yours.py:Fast",
        "exec:a/b -x",
    ];
    let run = fixtures::run::run(&names, &[1, 2]);
    let svg = svg(&run, "ratio")?;
    let texts = texts(&svg);
    for label in ["yours.py:Fast (CHW)", "exec:b -x (CHW)"] {
        assert!(texts.contains(&label), "{texts:?}");
    }
    assert!(texts.iter().filter(|text| text.starts_with("python:")).count() == 2, "{texts:?}");
    Ok(())
}

#[test]
fn degenerate_runs_are_drawn() -> Result<()> {
    let all: [&str; 9] = ["hf", "b", "c", "d", "e", "f", "g", "h", "i<&>\u{7}"];
    let mut runs = vec![
        fixtures::run::run(&["hf"], &[1]),
        fixtures::run::run(&[], &[1]),
        fixtures::run::run(&["hf"], &[]),
        fixtures::run::run(&all, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1_000_000, 8]),
    ];
    for values in [[1e-4, 1e3], [f64::NAN, 0.0], [f64::INFINITY, -1.0], [1e-300, 1e300], [1e5, 1e6]] {
        let mut run = fixtures::run::run(&["hf", "fused"], &[1, 8]);
        for (batch, value) in run.batches.iter_mut().zip(values) {
            for row in &mut batch.processors {
                row.ratio.insert("native".to_owned(), fixtures::run::estimate(value));
                row.images_per_s.insert("native".to_owned(), fixtures::run::estimate(value));
                row.preprocess_ms = fixtures::run::samples(value);
                row.stages_ms.insert("resize".to_owned(), value);
            }
        }
        runs.push(run);
    }
    for run in &mut runs {
        for chart in of_run(run)? {
            let svg = chart.svg(Theme::Dark)?;
            assert!(svg.contains("<svg") && svg.contains("</svg>") && !svg.contains('\u{7}'), "{svg}");
            assert!(chart.csv().lines().next().is_some_and(|header| header.starts_with("batch_size,")));
        }
        run.environment = Default::default();
        run.settings = Default::default();
        for row in run.batches.iter_mut().flat_map(|batch| &mut batch.processors) {
            row.stages_ms.clear();
        }
        assert!(svg(run, "stages")?.contains("</svg>"));
    }
    // The bitmap has arithmetic of its own; the widest ranges are enough to test it.
    for run in [&runs[1], &runs[7]] {
        for chart in of_run(run)? {
            assert!(chart.png(Theme::Light)?.starts_with(b"\x89PNG"));
        }
    }
    Ok(())
}

#[test]
fn csv_fields_are_quoted_and_computed_by_no_spreadsheet() -> Result<()> {
    let mut run = fixtures::run::run(&["a,\"b\""], &[2]);
    run.batches[0].processors[0].stages_ms.clear();
    assert!(csv(&run, "ratio")?.contains("2,\"a,\"\"b\"\"\",CHW,native,ratio,"));
    assert_eq!(csv(&run, "stages")?.lines().count(), 4, "a header, the forward, the decode, the whole call");
    assert_eq!(csv::field("=1+1"), "'=1+1");
    Ok(())
}

#[test]
fn pipelined_rates_are_dashed_below_the_forward_alone() -> Result<()> {
    let mut run = fixtures::run::run(&["hf"], &[1, 8]);
    let before = svg(&run, "throughput")?;
    assert!(before.contains("forward alone, batch 8: 2.94 images/s"), "{before}");
    for batch in &mut run.batches {
        let rate = fixtures::run::estimate(2.8);
        batch.processors[0].pipelined_images_per_s.insert("native".to_owned(), rate);
    }
    let after = svg(&run, "throughput")?;
    assert!(after.contains("<title>hf (PIL), batch 8, pipelined: 2.80 images/s</title>"), "{after}");
    assert!(after.matches("<polyline").count() > before.matches("<polyline").count() + 4, "no dashes");
    assert!(csv(&run, "throughput")?.contains("8,hf,PIL,native,pipelined,2.8,"));
    Ok(())
}

#[test]
fn every_sample_is_drawn_and_many_are_bundled_from_lowest_to_highest() -> Result<()> {
    let mut run = fixtures::run::run(&["hf"], &[1, 8]);
    let marks = |run: &Run| Ok::<_, anyhow::Error>(of_run(run)?[3].wide().marks.clone());
    assert_eq!(marks(&run)?.len(), 14, "seven rounds of a forward and of a processor");
    assert_eq!(marks(&run)?[0].value, run.batches[1].forwards[0].forward_ms.samples[0]);
    let state = GpuState { sm_clock_mhz: 1410, ..GpuState::default() };
    let held = GpuState { throttled_by: vec!["power".to_owned()], ..state.clone() };
    run.gpu = Some(GpuRecord { rounds: vec![state, held], ..GpuRecord::default() });
    let drawn = svg(&run, "samples")?;
    assert!(
        drawn.contains("GPU clock, round 2: 1,410 MHz")
            && drawn.contains("clocks throttled in 1 of 2 rounds"),
        "{drawn}"
    );
    run.batches[1].processors[0].preprocess_ms.samples = (0..1000).map(|n| f64::from(n % 7 + 1)).collect();
    let drawn = svg(&run, "samples")?;
    assert!(drawn.contains("a bar spans neighbouring rounds"), "{drawn}");
    assert_eq!(marks(&run)?.iter().filter(|mark| mark.text.starts_with("hf (PIL)")).count(), 200);
    assert_eq!(csv(&run, "samples")?.lines().filter(|line| line.starts_with("8,hf,")).count(), 1000);
    Ok(())
}

#[test]
fn ten_thousand_rows_are_cut_and_said_to_be() -> Result<()> {
    let names: Vec<String> = (0..10_000).map(|n| format!("p{n}")).collect();
    let run = fixtures::run::run(&names.iter().map(String::as_str).collect::<Vec<_>>(), &[1]);
    let drawn = svg(&run, "ratio")?;
    assert!(drawn.contains("12 of 10,000 processors drawn; all are in the CSV"), "{drawn}");
    assert_eq!(of_run(&run)?[0].wide().marks.len(), MOST_PROCESSORS);
    assert_eq!(csv(&run, "ratio")?.lines().count(), 10_001);
    let run = fixtures::run::run(&["hf"], &(1..=10_000).collect::<Vec<_>>());
    assert!(svg(&run, "ratio")?.contains("48 of 10,000 batch sizes drawn"));
    Ok(())
}

#[test]
fn a_picture_names_itself_and_its_values() -> Result<()> {
    let run = fixtures::run::run(&["hf", "fused"], &[1, 8]);
    for theme in [Theme::Light, Theme::Dark] {
        let drawn = of_run(&run)?[0].svg(theme)?;
        assert!(drawn.contains("role=\"img\" aria-labelledby=\"title desc\""), "{drawn}");
        assert!(drawn.contains(&theme.hex(Colour::Paper)));
        let saved = run.batches[1].processors[1].ratio["native"].median;
        assert!(drawn.contains(&format!("data-value=\"{saved}\"")), "{drawn}");
    }
    let shapes = for_page(of_run(&run)?[0].wide())?;
    assert!(shapes.contains("var(--series-1)") && !shapes.contains("=\"#"), "{shapes}");
    Ok(())
}

#[test]
fn runs_lie_beside_each_other_at_the_batch_size_that_all_have() -> Result<()> {
    let named = |name: &str, sizes: &[usize]| (name.to_owned(), fixtures::run::run(&["hf", "fused"], sizes));
    let mut slower = named("tuesday", &[1, 4, 16]);
    for row in slower.1.batches.iter_mut().flat_map(|batch| &mut batch.processors) {
        row.preprocess_ms = fixtures::run::samples(row.preprocess().unwrap().median * 2.0);
    }
    let chart = super::of_runs(&[named("monday", &[1, 4]), slower])?;
    let marks = &chart.wide().marks;
    assert_eq!(marks.len(), 4, "{marks:?}");
    assert!(marks.iter().all(|mark| mark.text.contains("batch 4")), "{marks:?}");
    assert!(marks[0].text.starts_with("hf (PIL), monday") && marks[1].text.contains("tuesday"), "{marks:?}");
    assert!((marks[1].value / marks[0].value - 2.0).abs() < 1e-9 && marks[1].place.0 > marks[0].place.0);
    assert_eq!(faults(&chart), Vec::<String>::new());
    // 2 processors at 2 and at 3 batch sizes.
    assert_eq!(chart.csv().lines().count(), 11);
    let many: Vec<_> = (0..40).map(|n| named(&format!("<{n}>"), &[n + 1])).collect();
    let chart = super::of_runs(&many)?;
    let svg = chart.svg(Theme::Dark)?;
    assert!(svg.contains("10 of 40 runs and 2 of 2 processors drawn") && !svg.contains("<0>"), "{svg}");
    let none = super::of_runs(&[named("a", &[]), ("b".to_owned(), fixtures::run::run(&[], &[1]))])?;
    assert!(none.svg(Theme::Light)?.contains("Nothing was measured."));
    Ok(())
}
