//! Charts of ordinary and degenerate parity results.

use anyhow::Result;
use patchmark_results::{
    Heat, LEVEL, Parity, ParityRow,
    fixtures::parity::{heat, parity, row},
};

use super::MOST_PROCESSORS;
use crate::charts::{Chart, Colour, Theme, layout_tests::texts, of_parity};

fn chart(run: &Parity, name: &str) -> Result<Chart> {
    Ok(of_parity(run)?.into_iter().find(|chart| chart.name() == name).expect("a comparison's chart"))
}

#[test]
fn an_exact_processor_is_one_line_and_one_mark() -> Result<()> {
    let mut run = parity(10);
    run.rows = vec![row("fused", 64, true, &[]), row("fused", 256, true, &[]), row("naive", 64, true, &[])];
    let drawn = chart(&run, "parity")?;
    let marks: Vec<_> = drawn.wide().marks.iter().map(|mark| (mark.text.as_str(), mark.value)).collect();
    assert_eq!(marks, [("fused: exact in 10 images", 0.0), ("naive: exact in 10 images", 0.0)]);
    let svg = drawn.svg(Theme::Light)?;
    let texts = texts(&svg);
    for text in ["fused", "naive", "exact in 10 images", "images in the order of the corpus"] {
        assert!(texts.contains(&text), "{text:?} is not among {texts:?}");
    }
    assert!(texts.iter().any(|text| text.contains("n = 10 images") && text.contains("torch 2.9.0")));
    assert!(texts.iter().any(|text| text.contains("AMD EPYC 9R14") && text.contains("AVX512")));
    assert_eq!(drawn.csv().lines().count(), 1);
    let worst = chart(&run, "worst")?;
    assert!(worst.wide().marks.is_empty());
    assert!(worst.svg(Theme::Dark)?.contains("No value differs in 10 images."));
    Ok(())
}

#[test]
fn each_image_stands_at_its_worst_difference_over_all_limits() -> Result<()> {
    let mut run = parity(10);
    run.rows = vec![
        row("hf-pil", 64, false, &[(2, Some(0.01)), (3, Some(1.0))]),
        row("hf-pil", 256, false, &[(2, Some(2.0)), (9, None)]),
        row("quick", 64, true, &[(0, Some(1.0))]),
    ];
    let drawn = chart(&run, "parity")?;
    let marks = &drawn.wide().marks;
    assert_eq!(marks.len(), 20, "one per image in each strip");
    assert_eq!(marks[2].text, "hf-pil, i2 (640×480 px): 2.00 levels at max_num_patches 256");
    assert_eq!(marks[2].value, 2.0 * LEVEL);
    assert_eq!((marks[4].text.as_str(), marks[4].value), ("hf-pil, i4 (640×480 px): exact", 0.0));
    assert_eq!(marks[9].value, f64::INFINITY);
    assert!(marks[9].text.contains("NaN or broken contract"));
    let svg = drawn.svg(Theme::Light)?;
    // Both strips have the same scale, with exact images at the foot and invalid ones on top.
    let height = |from: usize, colour| {
        let discs = svg.lines().filter(|line| line.starts_with("<circle") && line.contains(colour));
        let mut all: Vec<f64> =
            discs.filter_map(|line| line.split("cy=\"").nth(1)?.split('"').next()?.parse().ok()).collect();
        all.drain(..from);
        all
    };
    let (calm, bad, good) = (height(0, "#1D5FA8"), height(0, "#C2410C"), height(0, "#047A55"));
    assert_eq!((calm.len(), bad.len(), good.len()), (2, 1, 7 + 9), "{svg}");
    assert!(calm[0] < calm[1], "two levels stand above one");
    assert!((bad[0] - calm[1] - 150.0).abs() <= 1.0, "one level in both strips: {} and {}", calm[1], bad[0]);
    assert!(good[0] > calm[1]);
    let texts = texts(&svg);
    for text in [
        "3 of 10 images differ",
        "NaN or broken contract",
        "differs by design",
        "1 of 10 images differ",
        "1.00 levels at worst",
        "must be equal",
        "invalid",
        "exact",
        "1",
        "10",
    ] {
        assert!(texts.contains(&text), "{text:?} is not among {texts:?}");
    }
    let csv: Vec<_> = drawn.csv().lines().collect();
    assert_eq!(csv.len(), 1 + 5);
    assert_eq!(csv[4], "hf-pil,256,i9,640,480,1,,");
    assert!(csv[5].starts_with("quick,64,i0,640,480,1,0.0078"));
    Ok(())
}

#[test]
fn a_difference_in_the_sign_of_zero_is_no_exact_image() -> Result<()> {
    let mut run = parity(2);
    run.rows = vec![row("quick", 64, true, &[(1, Some(0.0))])];
    run.rows[0].heat = heat(1, 1, &[Some(0.0), Some(0.0)]);
    let drawn = chart(&run, "parity")?;
    assert!(drawn.wide().marks[1].text.contains("only signs of zero"), "{:?}", drawn.wide().marks[1]);
    assert!(drawn.svg(Theme::Light)?.contains("1 of 2 images differ"));
    assert!(chart(&run, "worst")?.frame().title.contains("quick"));
    Ok(())
}

#[test]
fn many_images_share_a_bar_and_a_page_holds_few_marks() -> Result<()> {
    let mut run = parity(10_000);
    let differing: Vec<_> = (0..10_000).step_by(2).map(|image| (image, Some(0.5 + image as f64))).collect();
    run.rows = vec![row("hf-pil", 64, false, &differing)];
    let drawn = chart(&run, "parity")?;
    let marks = &drawn.wide().marks;
    assert_eq!(marks.len(), 239, "bars of 42 images");
    assert!(
        marks[0].text.starts_with("hf-pil, images 1 to 42: 21 of 42 differ; 40.5 levels")
            && marks[0].text.contains("in i40 "),
        "{}",
        marks[0].text
    );
    assert!(drawn.svg(Theme::Light)?.contains("a bar spans 42 images"));
    assert_eq!(drawn.csv().lines().count(), 5_001);
    let names: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    run.rows = names.iter().map(|name| row(name, 64, name == "p39", &differing)).collect();
    let drawn = chart(&run, "parity")?;
    assert!(drawn.wide().marks.len() <= 500, "{}", drawn.wide().marks.len());
    let svg = drawn.svg(Theme::Light)?;
    assert!(svg.contains(&format!("{MOST_PROCESSORS} of 40 processors drawn")));
    assert!(texts(&svg).contains(&"p39"), "what fails is left out");
    Ok(())
}

#[test]
fn the_worst_image_is_a_grid_in_the_order_of_its_patches() -> Result<()> {
    let mut run = parity(10);
    run.rows = vec![
        row("hf-pil", 64, false, &[(1, Some(250.0))]),
        row("quick", 64, true, &[(2, Some(1.0))]),
        row("quick", 256, true, &[(3, Some(4.0))]),
    ];
    run.rows[0].heat = heat(1, 1, &[Some(250.0)]);
    run.rows[1].heat = heat(2, 1, &[Some(1.0)]);
    run.rows[2].heat = heat(3, 2, &[Some(0.0), Some(1.0), Some(4.0), None, Some(0.001), Some(2.0)]);
    let drawn = chart(&run, "worst")?;
    let canvas = drawn.wide();
    // A processor that must be equal comes before one that differs by more by design.
    let frame = drawn.frame();
    assert!(frame.title.contains("quick") && frame.title.contains("256"), "{frame:?}");
    assert!(frame.subtitle.contains("i3 (640×480 px) as 2 × 3 patches"), "{frame:?}");
    let marks: Vec<_> = canvas.marks.iter().map(|mark| (mark.text.as_str(), mark.value / LEVEL)).collect();
    let wanted = [
        ("row 1, column 1: 0 levels", 0.0),
        ("row 1, column 2: 1.00 levels", 1.0),
        ("row 1, column 3: 4.00 levels", 4.0),
        ("row 2, column 1: not a number", f64::INFINITY),
        ("row 2, column 2: 0.0010 levels", 0.001),
        ("row 2, column 3: 2.00 levels", 2.0),
    ];
    assert_eq!(marks, wanted);
    assert!(
        canvas.marks[1].place.0 > canvas.marks[0].place.0
            && canvas.marks[3].place.1 > canvas.marks[0].place.1
    );
    let svg = drawn.svg(Theme::Light)?;
    let cells: Vec<_> = svg
        .lines()
        .filter(|line| {
            line.starts_with("<rect") && line.contains("fill=\"#") && line.contains("width=\"71\"")
        })
        .filter_map(|line| line.split("fill=\"").nth(1)?.split('"').next())
        .collect();
    let step = |step| Theme::Light.hex(Colour::Heat(step));
    assert_eq!(cells, [0, 5, 7, 7, 1, 6].map(step), "{svg}");
    for text in ["uint8 levels", "up to 4", "up to 2", "up to 1", "up to 1/16", "0", "not a number"] {
        assert!(texts(&svg).contains(&text), "{text:?} is not in {svg}");
    }
    let csv: Vec<_> = drawn.csv().lines().collect();
    assert_eq!((csv.len(), csv[0], csv[4]), (7, "row,column,difference,levels", "2,1,,"));
    assert!(csv[3].starts_with("1,3,0.0313"));
    Ok(())
}

#[test]
fn large_grids_share_cells_by_their_worst_patch() -> Result<()> {
    let mut run = parity(1);
    let mut patches = vec![Some(0.0); 100 * 50];
    patches[99 * 50 + 49] = Some(3.0);
    run.rows = vec![row("hf-pil", 5000, false, &[(0, Some(3.0))])];
    run.rows[0].heat = heat(0, 100, &patches);
    let drawn = chart(&run, "worst")?;
    let marks = &drawn.wide().marks;
    assert_eq!(marks.len(), 34 * 17, "cells of 3 × 3 patches");
    assert_eq!(marks.last().map(|mark| mark.text.as_str()), Some("rows 100–100, columns 49–50: 3.00 levels"));
    assert!(drawn.svg(Theme::Light)?.contains("each cell shows the worst of 3 × 3 patches"));
    assert_eq!(drawn.csv().lines().count(), 5_001);
    Ok(())
}

#[test]
fn degenerate_comparisons_are_drawn() -> Result<()> {
    let mut runs = vec![parity(0), parity(1), parity(10_000)];
    let hostile = "a,\"<script>alert(1)</script>\u{7}\u{1b}[31m\n=1+1".repeat(40);
    let all: Vec<_> = (0..9).map(|image| (image, Some(1e300))).collect();
    let odd =
        [(0, Some(f64::NAN)), (1, Some(-1.0)), (2, Some(5e-324)), (3, Some(f64::INFINITY)), (77, Some(1.0))];
    for (count, rows) in [
        (1, vec![row("one", 1, true, &[(0, Some(1e-9))])]),
        (0, vec![row("none", 1, true, &[(0, None)])]),
        (9, vec![row("every", 64, true, &all), row(&hostile, 0, false, &odd)]),
        (2, vec![ParityRow { differing: 7, ..row("untold", 1, true, &[]) }]),
    ] {
        let mut run = parity(count);
        run.partial = true;
        run.rows = rows;
        runs.push(run.clone());
        run.environment = Default::default();
        run.images.iter_mut().for_each(|image| image.name = hostile.clone());
        for row in &mut run.rows {
            row.detail = hostile.clone();
            row.heat = heat(99, 1, &[Some(f64::NAN), None, Some(-1.0), Some(1e300)]);
        }
        runs.push(run.clone());
        for (rows, columns) in [(usize::MAX, 2), (0, 0), (3, 1), (0, usize::MAX)] {
            run.rows[0].heat = Some(Heat { image: 0, rows, columns, worst: vec![Some(0.1); 4] });
            runs.push(run.clone());
        }
    }
    for run in &runs {
        for drawn in of_parity(run)? {
            for theme in [Theme::Light, Theme::Dark] {
                let svg = drawn.svg(theme)?;
                assert!(svg.contains("</svg>") && !svg.contains(['\u{7}', '\u{1b}']), "{svg}");
                assert!(!svg.contains("<script"), "{svg}");
            }
            assert!(!drawn.csv().contains(['\u{7}', '\u{1b}']));
        }
    }
    let nothing = chart(&runs[0], "worst")?;
    assert!(nothing.svg(Theme::Light)?.contains("Nothing was compared."));
    for drawn in of_parity(&runs[10])?.iter().chain(&of_parity(&runs[0])?) {
        assert!(drawn.png(Theme::Dark)?.starts_with(b"\x89PNG"));
    }
    Ok(())
}
