//! The measuring part of a comparison: rounds, journal, decision.

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;
use patchmark_results::{
    Decision, Document, ERROR_RATE, Journal, Outcome, Round, Rule,
    journal::{Entry, Header, JOURNAL_VERSION, Measurement},
};
use patchmark_statistics::{Contest, Measured, Watch, contest::looks, decision_rows, measure};

use super::arguments::Arguments;
use crate::{
    commands::{
        decisions::print,
        journals,
        options::progress_bar,
        saved::{save, unmeasured},
    },
    interrupt::{self, Interrupt},
    measure::cpu::{self, CpuMonitor},
};

/// The seed of the order of rows, which affects no verdict.
const SEED: u64 = 0;

/// Takes the rounds of a comparison, and saves its decision. What is measured is in a journal, too, until it is saved.
pub(super) fn measure_and_save(
    arguments: &Arguments,
    contest: &mut dyn Contest,
    planned: Decision,
    started: Instant,
    interrupt: &Interrupt,
) -> Result<Outcome> {
    let measurement = Measurement::Compare { decision: Box::new(planned.clone()) };
    let header = Header { journal_version: JOURNAL_VERSION, measurement };
    let mut journal = journals::begin(&arguments.out, &header);
    let cpu = CpuMonitor::start();
    let measured = match take(arguments, contest, planned.rule, interrupt, &mut journal) {
        Ok(measured) => measured,
        Err(error) => {
            journals::end(journal, false);
            return Err(error);
        }
    };
    let _saving = interrupt::saving();
    let mut notes = [vec![measured.end.clone()], planned.notes.clone(), contest.notes()].concat();
    notes.extend(cpu::notes(&cpu.record(), arguments.device.threads(), &planned.environment));
    let decision = Decision {
        elapsed_s: started.elapsed().as_secs_f64(),
        partial: measured.interrupted,
        rows: decision_rows::rows(contest.rows(), &measured),
        notes,
        ..planned
    }
    .concluded();
    let ended = if decision.is_measured() {
        print(&arguments.output, &decision)?;
        save(&decision, &arguments.out)
    } else {
        unmeasured(&decision)
    };
    journals::end(journal, ended.saved);
    Ok(ended.outcome)
}

/// How the rows are decided.
pub(super) fn rule(arguments: &Arguments, contest: &dyn Contest) -> Rule {
    let rows = contest.rows().iter().filter(|row| row.timed()).count();
    let looks = looks(contest);
    Rule { min_effect: arguments.min_effect.fraction(), error_rate: ERROR_RATE, rows: rows.max(1), looks }
}

/// Shows how far a comparison is, and appends its rounds to the journal.
struct Journaled<'a> {
    bar: ProgressBar,
    journal: &'a mut Journal,
}

impl Watch for Journaled<'_> {
    fn progress(&mut self, spent: Duration, what: &str) {
        self.bar.set_position(spent.as_millis() as u64);
        self.bar.set_message(what.to_owned());
        self.journal.append(&Entry::ElapsedS(spent.as_secs_f64()));
    }

    fn round(&mut self, row: usize, times: &Round) {
        self.journal.append(&Entry::Round { row, times: *times });
    }
}

/// Takes rounds within the budget.
fn take(
    arguments: &Arguments,
    contest: &mut dyn Contest,
    rule: Rule,
    interrupt: &Interrupt,
    journal: &mut Journal,
) -> Result<Measured> {
    let bar = progress_bar((arguments.budget * 1e3) as u64)?;
    let budget = Duration::from_secs_f64(arguments.budget);
    let mut watch = Journaled { bar: bar.clone(), journal };
    let measured = measure(contest, rule, budget, SEED, interrupt, &mut watch);
    bar.finish_and_clear();
    measured
}
