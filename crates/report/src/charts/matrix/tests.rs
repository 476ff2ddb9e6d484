//! Charts of ordinary and degenerate matrices.

use anyhow::Result;

use patchmark_results::{
    ParityClass, Releases,
    fixtures::releases::{backend, raises, releases as matrix},
    releases::{FailedCheck, Probe, ProbeAnswer, Release},
};

use super::{MOST_RELEASES, MOST_ROWS};
use crate::charts::{Chart, OF_RELEASES, Theme, layout_tests::texts, of_releases};

fn chart(matrix: &Releases) -> Result<Chart> {
    let mut charts = of_releases(matrix)?;
    assert_eq!(charts.iter().map(Chart::name).collect::<Vec<_>>(), OF_RELEASES);
    Ok(charts.remove(0))
}

#[test]
fn every_release_has_a_cell_in_every_row_of_both_classes() -> Result<()> {
    let drawn = chart(&matrix())?;
    let marks: Vec<_> = drawn.wide().marks.iter().map(|mark| mark.text.as_str()).collect();
    let wanted = [
        "torchvision class of 4.50.0, parity: exact in 1,051 calls, 26 not comparable",
        "torchvision class of 5.23.0, parity: exact in 1,051 calls, 26 not comparable",
        "torchvision class of 4.50.0, 3×700 px: same as the reference",
        "torchvision class of 5.23.0, 3×700 px: same as the reference",
        "torchvision class of 4.50.0, grey: returns; the reference raises",
        "torchvision class of 5.23.0, grey: raises RuntimeError, same as the reference",
        "torchvision class of 4.50.0, grey: fails: grey | went wrong",
        "torchvision class of 5.23.0, grey: no finding",
        "torchvision class of 4.50.0, alpha: fails: alpha | went wrong",
        "torchvision class of 5.23.0, alpha: no finding",
    ];
    assert_eq!(marks[..10], wanted);
    assert!(marks[10].contains("Pillow class of 4.50.0, parity: different in 939 of 1,051 calls, 254"));
    assert_eq!(drawn.wide().marks[10].value, 254.0);
    assert!(marks[14].ends_with("raises ValueError; the reference raises RuntimeError"), "{}", marks[14]);
    assert_eq!(marks.len(), 10 + 8);
    // Columns are releases: the cells of one are below each other, those of a row beside each other.
    let places: Vec<_> = drawn.wide().marks.iter().map(|mark| mark.place).collect();
    assert!(places[0].0 == places[2].0 && places[0].1 < places[2].1);
    assert!(places[0].1 == places[1].1 && places[0].0 + places[0].2 < places[1].0);
    Ok(())
}

#[test]
fn a_cell_is_read_by_its_word_and_its_cut_corner() -> Result<()> {
    let drawn = chart(&matrix())?;
    for theme in [Theme::Light, Theme::Dark] {
        let svg = drawn.svg(theme)?;
        let all = texts(&svg);
        let words = |word: &str| all.iter().filter(|text| **text == word).count();
        // Two calls and the legend's; parity in both releases.
        assert_eq!((words("="), words("exact")), (2 + 1, 2));
        assert_eq!((words("raises"), words("returns"), words("broken")), (3 + 1, 1, 1));
        assert_eq!((words("fails"), words("ok"), words("254"), words("1")), (3, 3, 1 + 1, 2 + 1));
        for text in [
            "torchvision class",
            "Pillow class",
            "4.50.0",
            "5.23.0",
            "3×700 px",
            "alpha",
            "same as the reference",
        ] {
            assert!(all.contains(&text), "{text:?} is not among {all:?}");
        }
        assert!(all.iter().any(|text| text.contains("torch 2.11.0") && text.contains("commit 0123abc")));
        assert!(all.contains(&"reference: hf (transformers 5.23.0)"));
        // Another result: a call, two checks; parity, a broken call, a check; and the legend's.
        assert_eq!(svg.matches("<polygon").count(), 3 + 3 + 1, "{svg}");
    }
    let csv = drawn.csv();
    assert_eq!(csv.lines().count(), 1 + 18);
    let line = "Pillow,4.50.0,single calls,grey,different exception,raises ValueError; the reference raises RuntimeError,";
    assert!(csv.lines().any(|found| found == line), "{csv}");
    assert!(csv.contains("Pillow,5.23.0,over the corpus,parity,within one level,"), "{csv}");
    Ok(())
}

#[test]
fn columns_stay_wide_enough_and_the_latest_releases_are_drawn() -> Result<()> {
    let mut many = matrix();
    let release = many.releases.remove(0);
    let named = |number: usize| Release { version: format!("5.{number}.0"), ..release.clone() };
    for count in [1, 7, 14, 40] {
        many.releases = (0..count).map(named).collect();
        let drawn = chart(&many)?;
        let canvas = drawn.wide();
        let columns = count.min(MOST_RELEASES);
        assert_eq!(canvas.marks.len(), columns * (5 + 4));
        for mark in &canvas.marks {
            let (x, y, width, height) = mark.place;
            assert!(width >= 40.0 && x >= 0.0 && x + width <= canvas.width && y + height <= canvas.height);
        }
        let svg = drawn.svg(Theme::Light)?;
        assert!(texts(&svg).contains(&format!("5.{}.0", count - 1).as_str()));
        assert_eq!(svg.contains("the latest 14 of 40 releases drawn"), count == 40);
        assert_eq!(drawn.csv().lines().count(), 1 + count * 9);
    }
    Ok(())
}

#[test]
fn degenerate_matrices_are_drawn() -> Result<()> {
    let mut none = matrix();
    none.releases.clear();
    assert!(chart(&none)?.svg(Theme::Light)?.contains("No release was examined."));
    let mut odd = matrix();
    let evil = "=a,\"<script>alert(1)</script>\u{7}\u{1b}[31m\n";
    let hostile = evil.repeat(40);
    odd.reference = hostile.clone();
    odd.environment = vec![(hostile.clone(), hostile.clone())];
    for (index, release) in odd.releases.iter_mut().enumerate() {
        release.version = hostile.clone();
        release.pil = backend(None, [ProbeAnswer::Ended, ProbeAnswer::NotComparable], &[&hostile]);
        // What is asked need not be alike.
        release.pil.probes.truncate(index);
        release.torchvision.parity.as_mut().expect("it has one").worst_levels = f64::NAN;
        release.torchvision.parity.as_mut().expect("it has one").class = ParityClass::Within;
        for number in 0..10_000 {
            let given = format!("{evil}{number}");
            release.torchvision.probes.push(Probe { given, answer: raises(evil), agrees: false });
            let check = format!("{number}{evil}");
            release.torchvision.failed.push(FailedCheck { check, finding: evil.to_owned() });
        }
    }
    let drawn = chart(&odd)?;
    assert!(drawn.wide().marks.len() <= 2 * 2 * (1 + 2 * MOST_ROWS), "{}", drawn.wide().marks.len());
    for theme in [Theme::Light, Theme::Dark] {
        let svg = drawn.svg(theme)?;
        assert!(!svg.contains("<script") && !svg.contains(['\u{7}', '\u{1b}']));
        assert!(svg.contains("rows drawn") && svg.contains("not asked"));
    }
    assert!(!drawn.csv().contains(['\u{7}', '\u{1b}']));
    assert!(drawn.png(Theme::Dark)?.starts_with(b"\x89PNG"));
    Ok(())
}
