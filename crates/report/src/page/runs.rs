//! Several runs on one page: machines, releases or commits side by side.

use anyhow::Result;
use maud::{Markup, html};
use patchmark_results::{
    Run,
    text::{clean, plural},
};

use super::{
    facts,
    figure::figure,
    grid::{self, Cell},
    head, run,
    sheet::numbers,
    table,
};
use crate::{
    charts,
    words::{
        machine::machine,
        run::{headline, model, rounds},
    },
};

/// Charts per run; with more the page would be too long to read.
const CHARTS: usize = 3;

const COLUMNS: [(&str, bool); 6] = [
    ("Run", false),
    ("Found", false),
    ("Machine", false),
    ("Model", false),
    ("Commit", false),
    ("Rounds", false),
];

/// The runs, each with the name of its folder, as one HTML document.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_runs(runs: &[(String, Run)]) -> Result<String> {
    let across = charts::of_runs(runs)?;
    let mut titles: [String; CHARTS] = Default::default();
    let mut drawn: Vec<Vec<Markup>> = Vec::new();
    for (index, (_, run)) in runs.iter().enumerate() {
        let charts = charts::of_run(run)?;
        for (title, chart) in titles.iter_mut().zip(&charts) {
            title.clone_from(&chart.frame().title);
        }
        let figures = charts.iter().take(CHARTS);
        let figures = figures.map(|chart| figure(chart, &format!("run-{index}-{}", chart.name())));
        drawn.push(figures.collect::<Result<_>>()?);
    }
    let body = html! {
        header { div { p.brand { "Patchmark" } p.muted { (plural(runs.len() as u64, "run")) " side by side" } } (head::switch()) }
        main #main {
            h1 { (plural(runs.len() as u64, "run")) }
            (runs_table(runs))
            section { h2 { (across.frame().title) } (figure(&across, across.name())?) }
            @for chart in 0..CHARTS {
                section {
                    h2 { (titles[chart]) }
                    div.pair { @for (figures, (name, _)) in drawn.iter().zip(runs) {
                        div { h3 { (clean(name)) } @if let Some(figure) = figures.get(chart) { (figure) } }
                    } }
                }
            }
            @for (index, (name, run)) in runs.iter().enumerate() {
                section id={ "run-" (index) } {
                    h2 { (clean(name)) }
                    p { (headline(run)) }
                    (numbers(&run::numbers(run))) (table::table(run)) (facts::of_run(run))
                    pre tabindex="0" { code { (clean(&run.environment.command)) } }
                }
            }
        }
    };
    Ok(head::document("Patchmark: runs", &body))
}

fn runs_table(runs: &[(String, Run)]) -> Markup {
    let rows = runs.iter().enumerate().map(|(index, (name, run))| {
        let (machine, settings) = (machine(&run.environment, &run.settings.device), &run.settings);
        let (dtype, device) = (clean(&settings.dtype), clean(&settings.device));
        vec![
            Cell { link: Some(format!("#run-{index}")), ..Cell::text(clean(name)) },
            Cell::text(headline(run)),
            Cell::text(machine),
            Cell::text(format!("{}, {dtype} on {device}", model(settings))),
            Cell::text(clean(&run.environment.commit)),
            Cell::text(rounds(run)),
        ]
    });
    let caption = "The runs with what they found. Differences between machines do not come from the code.";
    grid::table("The runs", caption, &COLUMNS, runs.len(), rows)
}
