//! Forest plots of ordinary and degenerate decisions.

use anyhow::Result;
use patchmark_results::{
    Decision, Finding,
    fixtures::decision::{decision, row},
};

use super::{
    super::{Theme, of_decision},
    *,
};

fn drawn(decision: &Decision) -> Result<(Chart, String)> {
    let chart = of_decision(decision)?.remove(0);
    let svg = chart.svg(Theme::Light)?;
    Ok((chart, svg))
}

/// Where the mark of a row lies: left and right.
fn place_of(chart: &Chart, label: &str) -> (f64, f64) {
    let mark = chart.wide().marks.iter().find(|mark| mark.text.starts_with(label)).expect("a mark");
    (mark.place.0, mark.place.0 + mark.place.2)
}

#[test]
fn a_row_says_its_change_its_band_and_its_verdict_in_colour_and_shape() -> Result<()> {
    let mut faster = row("fast", Verdict::Improved, None);
    if let Some(judged) = &mut faster.judgement {
        judged.change = Change { median: -0.5, low: -0.55, high: Some(-0.45) };
    }
    let (chart, svg) = drawn(&decision(vec![row("slow", Verdict::Regressed, None), faster]))?;
    let texts = super::super::layout_tests::texts(&svg);
    for text in
        ["slow", "fast", "+12.0% [+8.0% … +17.0%] regressed", "−50.0% [−55.0% … −45.0%] improved", "0"]
    {
        assert!(texts.iter().any(|found| found.starts_with(text)), "{text:?} is not among {texts:?}");
    }
    assert!(texts.iter().any(|text| text.contains("preprocess ms")), "what all rows share: {texts:?}");
    // A triangle up and one down, each in its colour; one band per row.
    for colour in [Colour::Bad, Colour::Good] {
        let fill = format!("fill=\"{}\"", Theme::Light.hex(colour));
        assert_eq!(
            svg.lines().filter(|line| line.starts_with("<polygon") && line.contains(&fill)).count(),
            1
        );
    }
    assert_eq!(svg.matches("opacity=\"0.16\"").count(), 2);
    // Faster lies left of slower, and each mark has the saved number.
    assert!(place_of(&chart, "fast").1 < place_of(&chart, "slow").0);
    assert_eq!(chart.wide().marks[0].value, 0.12);
    assert!(
        chart.csv().contains("\"slow, mixed, batch 8\",0.12,0.08,0.17,0.013,regressed"),
        "{}",
        chart.csv()
    );
    Ok(())
}

#[test]
fn not_slower_has_the_colour_of_a_pass_and_a_shape_of_its_own() -> Result<()> {
    let (_, svg) = drawn(&decision(vec![row("one", Verdict::NotSlower, None)]))?;
    let good = format!("fill=\"{}\"", Theme::Light.hex(Colour::Good));
    let paper = format!("fill=\"{}\"", Theme::Light.hex(Colour::Paper));
    let polygons =
        |fill: &str| svg.lines().filter(|line| line.starts_with("<polygon") && line.contains(fill)).count();
    assert_eq!((polygons(&good), polygons(&paper)), (1, 1), "a triangle with a hole: {svg}");
    assert!(svg.contains("] not slower"), "{svg}");
    Ok(())
}

#[test]
fn rows_without_a_change_and_boundless_intervals_are_told() -> Result<()> {
    let mut wide = row("wide", Verdict::Inconclusive, None);
    if let Some(judged) = &mut wide.judgement {
        judged.change = Change { median: 0.2, low: -1.0, high: None };
    }
    let (chart, svg) =
        drawn(&decision(vec![wide, row("gone", Verdict::Inconclusive, Some(Finding::Missing))]))?;
    assert!(svg.contains("+20.0% [−100.0% … ∞] inconclusive"), "{svg}");
    assert!(svg.contains(">missing<") && !svg.contains("NaN"), "{svg}");
    assert!(chart.csv().contains("gone, mixed, batch 8\",,,,"), "{}", chart.csv());
    let (left, right) = place_of(&chart, "wide");
    assert!(left > 0.0 && right < chart.wide().width, "{left} {right}");
    Ok(())
}

#[test]
fn of_many_rows_those_that_matter_are_drawn() -> Result<()> {
    let mut rows: Vec<_> = (0..500).map(|n| row(&format!("same {n}"), Verdict::Equivalent, None)).collect();
    rows.push(row("worse", Verdict::Regressed, None));
    let (chart, svg) = drawn(&decision(rows))?;
    assert!(svg.contains("32 of 501 rows drawn") && svg.contains("worse"), "{svg}");
    assert_eq!(chart.wide().marks.len(), MOST_ROWS);
    assert_eq!(super::super::layout_tests::faults(&chart), Vec::<String>::new());
    assert_eq!(chart.csv().lines().count(), 502);
    Ok(())
}

#[test]
fn degenerate_decisions_are_drawn() -> Result<()> {
    let (_, empty) = drawn(&decision(Vec::new()))?;
    assert!(empty.contains("Nothing was measured."));
    for (median, low, high) in
        [(0.0, 0.0, 0.0), (1e9, 1e8, 1e12), (-1.0, -1.0, -1.0), (f64::NAN, f64::NAN, f64::NAN)]
    {
        let mut odd = row("<odd>&\u{7}", Verdict::Inconclusive, None);
        if let Some(judged) = &mut odd.judgement {
            judged.change = Change { median, low, high: Some(high) };
        }
        for theme in [Theme::Light, Theme::Dark] {
            let svg = of_decision(&decision(vec![odd.clone()]))?[0].svg(theme)?;
            assert!(svg.contains("</svg>") && !svg.contains("<odd>") && !svg.contains('\u{7}'), "{svg}");
        }
    }
    Ok(())
}
