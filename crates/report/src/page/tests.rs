//! Pages of ordinary, partial and hostile runs.

use anyhow::Result;
use patchmark_results::{
    Decision, DecodingParity, FileDifference, Finding, Heat, Parity, ParityRow, ParityStatus, Releases, Run,
    SkippedFile, Verdict, fixtures,
    fixtures::decision::{decision, row},
    parity::{CorpusImage, ImageDifference, PARITY_VERSION},
};

use super::{of_decision, of_index, of_parity, of_releases, of_run, of_runs, of_validation};
use crate::{charts, entry::Entry, view::Origin};

const HOSTILE: &str = "</script></title></svg><script>alert(1)</script><img src=x onerror=alert(1)>\"'`&";

fn page(run: &Run) -> Result<String> {
    of_run(run, &charts::of_run(run)?, &[])
}

/// A run in which every text is markup.
fn hostile() -> Run {
    let mut run = fixtures::run::run(&["hf", HOSTILE], &[1, 8]);
    let text = || HOSTILE.to_owned();
    run.notes = vec![text()];
    let environment = &mut run.environment;
    (environment.cpu, environment.os, environment.commit, environment.command) =
        (text(), text(), text(), text());
    environment.versions.insert(text(), text());
    environment.versions.insert("torch".to_owned(), text());
    let settings = &mut run.settings;
    (settings.device, settings.dtype, settings.model, settings.workload) = (text(), text(), text(), text());
    settings.tower = text();
    for batch in &mut run.batches {
        batch.forwards[0].name = text();
        let row = &mut batch.processors[1];
        row.feed = text();
        row.failure = Some(text());
        row.parity = ParityStatus::Differs { values: 1, total: 2, detail: text() };
        row.stages_ms.insert(text(), 1.0);
        for map in [&mut row.ratio, &mut row.images_per_s, &mut row.pipelined_images_per_s] {
            map.insert(text(), fixtures::run::estimate(0.5));
        }
    }
    run
}

#[test]
fn a_page_asks_for_nothing_and_leads_with_the_verdict() -> Result<()> {
    let run = fixtures::run::run(&["hf", "fused"], &[1, 8]);
    let page = page(&run)?;
    assert!(page.contains("default-src 'none'") && page.contains("script-src 'sha256-"), "no policy");
    assert!(!page.contains("unsafe-inline") && !page.contains("src=\"") && !page.contains("<link"));
    assert!(!page.contains("http://") && !page.contains("https://"), "an address of the network");
    assert!(page.contains("<h1>At batch 8, fused (CHW) preprocesses 3.20× (3.04 to 3.39) as fast as hf"));
    assert_eq!(page.matches("<figure").count(), charts::names_of_run(&run).len());
    assert_eq!(page.matches("scope=\"row\"").count(), 4, "one row of the table per processor and batch size");
    let saved = run.batches[1].processors[1].ratio["native"].median;
    assert!(page.contains(&format!("data-value=\"{saved}\"")));
    assert!(page.contains("patchmark bench --processors hf,fused") && page.contains("git checkout 0123abc"));
    Ok(())
}

/// A decision in which every text is markup.
fn hostile_decision() -> Decision {
    let text = || HOSTILE.to_owned();
    let mut bad = row(HOSTILE, Verdict::Regressed, Some(Finding::Parity));
    (bad.batch, bad.figure, bad.reason) = (text(), text(), Some(text()));
    let mut decision = decision(vec![bad.clone(), row(HOSTILE, Verdict::Improved, None), bad]);
    (decision.base, decision.candidate) = (text(), text());
    (decision.notes, decision.differences) = (vec![text()], vec![text()]);
    (decision.environment.cpu, decision.environment.command) = (text(), text());
    decision
}

/// One differing image of one processor; every text is `text`.
fn compared(text: &str) -> Parity {
    let text = || text.to_owned();
    Parity {
        schema_version: PARITY_VERSION,
        started_unix_s: 0,
        elapsed_s: 3.0,
        partial: true,
        reference: text(),
        device: text(),
        seed: 0,
        environment: fixtures::run::run(&[], &[]).environment,
        images: vec![CorpusImage { name: text(), width: 64, height: 48 }],
        skipped_files: vec![SkippedFile { file: text(), reason: text() }],
        decoding: Some(DecodingParity {
            files: 1,
            equal: 0,
            differing: vec![FileDifference {
                file: text(),
                differing: 1,
                values: 3,
                worst: None,
                detail: text(),
            }],
        }),
        failures: Vec::new(),
        rows: vec![ParityRow {
            processor: text(),
            max_num_patches: 256,
            must_equal: true,
            images: 1,
            values: 100,
            differing: 7,
            worst: Some(0.02),
            detail: text(),
            by_image: vec![ImageDifference { image: 0, differing: 7, worst: Some(0.02) }],
            heat: Some(Heat { image: 0, rows: 1, columns: 2, worst: vec![Some(0.02), Some(0.0)] }),
        }],
    }
}

/// A matrix in which every text is markup.
fn hostile_matrix() -> Releases {
    let text = || HOSTILE.to_owned();
    let mut matrix = fixtures::releases::releases();
    (matrix.reference, matrix.cpu_capability, matrix.commit) = (text(), text(), text());
    matrix.environment = vec![(text(), text())];
    matrix.skipped_files = vec![SkippedFile { file: text(), reason: text() }];
    for release in &mut matrix.releases {
        release.version = text();
        for backend in [&mut release.torchvision, &mut release.pil] {
            backend.class = text();
            backend.failed.iter_mut().for_each(|failed| (failed.check, failed.finding) = (text(), text()));
            backend.probes.iter_mut().for_each(|probe| probe.given = text());
        }
    }
    matrix
}

#[test]
fn a_comparison_leads_with_who_differs_and_a_matrix_with_who_does_not() -> Result<()> {
    let mut parity = compared("mine");
    let page = of_parity(&parity, &charts::of_parity(&parity)?, &[])?;
    let told = "<h1>Decoding: 1 of 1 file has other pixels than transformers reads: mine. Processing: 1 of 1";
    assert!(page.contains(told) && page.contains("<h2>Files decoded to other pixels</h2>"), "{page}");
    parity.decoding = None;
    let page = of_parity(&parity, &charts::of_parity(&parity)?, &[])?;
    assert!(!page.contains("decoded to other pixels"), "{page}");
    assert!(
        page.contains("<h1>1 of 1 processor differs from mine: mine.") && page.contains("Partial"),
        "{page}"
    );
    assert!(page.contains("<dd>7<small>of 100 in all three tensors"), "{page}");
    assert_eq!(page.matches("<figure").count(), charts::OF_PARITY.len());
    let matrix = fixtures::releases::releases();
    let page = of_releases(&matrix, &charts::of_releases(&matrix)?, &[])?;
    assert!(page.contains("<h1>Releases with the reference's bits on RGB images:"), "{page}");
    assert_eq!(page.matches("scope=\"row\"").count(), 4, "two classes of two releases");
    Ok(())
}

#[test]
fn counts_that_no_comparison_can_have_are_drawn() -> Result<()> {
    let mut parity = compared("mine");
    (parity.rows[0].values, parity.rows[0].differing) = (u64::MAX, u64::MAX);
    parity.rows.push(parity.rows[0].clone());
    let page = of_parity(&parity, &charts::of_parity(&parity)?, &[])?;
    assert!(page.contains("of 18,446,744,073,709,551,615 in all three tensors"), "{page}");
    Ok(())
}

#[test]
fn a_decision_leads_with_its_verdict_and_shows_every_row() -> Result<()> {
    let decision =
        decision(vec![row("slow", Verdict::Regressed, None), row("same", Verdict::Equivalent, None)]);
    let page = of_decision(&decision, &charts::of_decision(&decision)?, &[])?;
    assert!(page.contains("<h1>regressed: 1 of 2 rows regressed (exit code 3)"), "{page}");
    assert!(
        page.contains("data-value=\"0.12\"") && page.contains("<dd>+12.0%"),
        "the largest change is not first"
    );
    assert_eq!(page.matches("scope=\"row\"").count(), 2);
    assert_eq!(page.matches("<figure").count(), 1);
    assert!(page.contains("href=\"compare.json\""));
    Ok(())
}

#[test]
fn a_validation_shows_what_failed_and_the_time_beside_the_reference() -> Result<()> {
    let report = fixtures::validation::validation("mine");
    let charts = charts::of_validation(&report)?;
    let page = of_validation(&report, &charts, &[])?;
    assert!(page.contains("<h1>mine may not replace mine: 1 of 2 checks failed (relaxed by mine)"), "{page}");
    assert!(page.contains("What failed") && page.contains("3×4 px"), "{page}");
    assert!(page.contains("<dd>+25.0%<small>[+23.0% … +27.0%]; regressed"), "{page}");
    let texts: Vec<&str> = charts[0].wide().marks.iter().map(|mark| mark.text.as_str()).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[1].starts_with("batch 8: +25.0%") && texts[1].ends_with("regressed"), "{texts:?}");
    let mut untimed = report;
    untimed.found.speed.clear();
    assert!(charts::of_validation(&untimed)?.is_empty());
    assert!(of_validation(&untimed, &[], &[])?.contains("What failed"));
    Ok(())
}

#[test]
fn an_index_links_to_pages_that_are_there() {
    let entry = |folder: &str, page| Entry {
        folder: folder.to_owned(),
        headline: HOSTILE.to_owned(),
        origin: Origin { command: "bench", machine: HOSTILE.to_owned(), ..Origin::default() },
        page,
    };
    let page = of_index(&[entry("a/b", true), entry("c", false)], &[]);
    assert!(page.contains("href=\"a/b/report.html\"") && !page.contains("href=\"c/"), "{page}");
    assert_eq!(page.matches("<script").count(), 1, "{page}");
}

#[test]
fn nothing_of_a_hostile_result_is_markup() -> Result<()> {
    let run = hostile();
    let (decision, validation) = (hostile_decision(), fixtures::validation::validation(HOSTILE));
    let times = charts::of_validation(&validation)?;
    let (parity, releases) = (compared(HOSTILE), hostile_matrix());
    for page in [
        page(&run)?,
        of_runs(&[(HOSTILE.to_owned(), run.clone()), ("b".to_owned(), run.clone())])?,
        of_decision(&decision, &charts::of_decision(&decision)?, &[])?,
        of_validation(&validation, &times, &[])?,
        of_parity(&parity, &charts::of_parity(&parity)?, &[])?,
        of_releases(&releases, &charts::of_releases(&releases)?, &[])?,
    ] {
        assert!(page.contains("alert(1)"), "the names are shown as they are");
        assert!(!page.contains("<img") && !page.contains("<script>alert"), "markup came through");
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("</script").count(), 1);
        assert_eq!(page.matches("<title>").count(), 1);
        // Inside an attribute a quote would end it.
        assert!(!page.contains("alert(1)&gt;\"") && !page.contains("alert(1)>\""), "a quote came through");
    }
    for chart in charts::of_run(&run)?
        .into_iter()
        .chain(charts::of_decision(&decision)?)
        .chain(times)
        .chain(charts::of_parity(&parity)?)
        .chain(charts::of_releases(&releases)?)
    {
        let svg = chart.svg(charts::Theme::Light)?;
        assert!(!svg.contains("<script") && !svg.contains("<img"), "{}", chart.name());
    }
    Ok(())
}

#[test]
fn pages_without_results_or_of_ten_thousand_rows_stay_whole_and_small() -> Result<()> {
    let mut empty = fixtures::run::run(&[], &[]);
    empty.environment = Default::default();
    empty.settings = Default::default();
    empty.partial = true;
    let text = page(&empty)?;
    assert!(text.contains("Nothing was measured.") && text.contains("Partial run"), "{text}");
    let names: Vec<String> = (0..10_000).map(|n| format!("p{n}")).collect();
    let mut many = fixtures::run::run(&names.iter().map(String::as_str).collect::<Vec<_>>(), &[1]);
    for row in &mut many.batches[0].processors {
        row.preprocess_ms.samples = (0..500).map(|n| 10.0 + f64::from(n % 9)).collect();
    }
    let text = page(&many)?;
    assert!(text.contains("The first 1,000 of 10,000 rows"));
    assert!(text.len() < 2_000_000, "{} bytes", text.len());
    Ok(())
}
