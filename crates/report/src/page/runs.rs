//! Several runs on one page: machines, releases or commits side by side.

use anyhow::Result;
use maud::html;
use patchmark_results::{
    Run,
    text::{clean, plural},
};

use super::{facts, figure::figure, head, run, sheet::numbers, table};
use crate::{
    charts::{self, OF_RUN},
    words::{
        machine::machine,
        run::{headline, model, rounds},
    },
};

/// Charts per run; with more the page would be too long to read.
const CHARTS: usize = 3;

/// The runs, each with the name of its folder, as one HTML document.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_runs(runs: &[(String, Run)]) -> Result<String> {
    let across = charts::of_runs(runs)?;
    let drawn = runs
        .iter()
        .enumerate()
        .map(|(index, (_, run))| {
            let charts = charts::of_run(run)?;
            let drawn = charts.iter().take(CHARTS);
            drawn.map(|chart| figure(chart, &format!("run-{index}-{}", chart.name()))).collect()
        })
        .collect::<Result<Vec<Vec<_>>>>()?;
    let body = html! {
        header { div { p.brand { "Patchmark" } p.muted { (plural(runs.len() as u64, "run")) " side by side" } } (head::switch()) }
        main #main {
            h1 { (plural(runs.len() as u64, "run")) }
            div.scroll tabindex="0" role="region" aria-label="The runs, table" {
                table {
                    caption { "The runs with their results. Differences between machines do not come from the code." }
                    thead { tr { @for name in ["Run", "Machine", "Model", "Commit", "Rounds", "Result"] {
                        th scope="col" { (name) } } } }
                    tbody { @for (index, (name, run)) in runs.iter().enumerate() {
                        tr {
                            th scope="row" { a href={ "#run-" (index) } { (clean(name)) } }
                            td { (machine(&run.environment, &run.settings.device)) }
                            td { (model(&run.settings)) ", " (clean(&run.settings.dtype)) " on " (clean(&run.settings.device)) }
                            td { (clean(&run.environment.commit)) }
                            td { (rounds(run)) }
                            td { (headline(run)) }
                        }
                    } }
                }
            }
            section.charted { h2 { (across.canvas().title) } (figure(&across, across.name())?) }
            @for chart in 0..CHARTS {
                section {
                    h2 { (OF_RUN[chart]) }
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
