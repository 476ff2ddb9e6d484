//! Rounds of two subjects until every row is decided or the budget is spent.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::Result;
use patchmark_results::{Judgement, Pairs, Rule, Verdict, text::plural};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::{effect::Refusal, looks::Looks, pairs::judge_pairs};

/// The fewest rounds of every open row between two restarts.
const LEAST_ROUNDS_PER_RESTART: usize = 3;
/// And the most.
const MOST_ROUNDS_PER_RESTART: usize = 32;

/// What a row is called, and what is wrong with it before anything is timed.
#[derive(Debug, Clone, PartialEq)]
pub struct RowName {
    /// The processor with what it is fed, or the two processors.
    pub subject: String,
    /// The images and the batch size.
    pub batch: String,
    /// The base lacks it, or fails on it, for this reason.
    pub base_failure: Option<String>,
    /// The candidate lacks it, or fails on it, for this reason.
    pub candidate_failure: Option<String>,
    /// How the two outputs differ, where they must not.
    pub parity: Option<String>,
}

impl RowName {
    /// Whether both subjects can be timed.
    pub fn timed(&self) -> bool {
        self.base_failure.is_none() && self.candidate_failure.is_none()
    }
}

/// The times of one round of one row: each subject twice, in the order taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Round {
    /// The base.
    pub base: [f64; 2],
    /// The candidate.
    pub candidate: [f64; 2],
    /// A second process of the base, where subjects have processes.
    pub control: Option<[f64; 2]>,
}

/// Two subjects that can be timed in turn.
pub trait Contest {
    /// The rows, in the order of the table.
    fn rows(&self) -> &[RowName];

    /// Whether the subjects have processes of their own, which are started anew now and then.
    fn restarts(&self) -> bool;

    /// Starts the subjects' processes anew.
    ///
    /// # Errors
    /// If a process cannot be started.
    fn restart(&mut self) -> Result<()>;

    /// Times a row once: A B B A, or B A A B where `mirrored`.
    ///
    /// # Errors
    /// If a subject fails or its process has ended.
    fn round(&mut self, row: usize, mirrored: bool) -> Result<Round>;
}

/// All samples, and what they say.
pub struct Measured {
    /// One entry a row.
    pub pairs: Vec<Pairs>,
    /// One entry a row.
    pub judged: Vec<Result<Judgement, Refusal>>,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
    /// Why it ended, as a sentence.
    pub end: String,
    /// The rule with the number of looks filled in.
    pub rule: Rule,
}

/// Takes rounds of every undecided row until all are decided, the budget is spent or Ctrl-C.
///
/// # Errors
/// If a subject fails while it is timed.
pub fn measure(
    contest: &mut dyn Contest,
    rule: Rule,
    budget: Duration,
    seed: u64,
    interrupt: &AtomicBool,
    mut progress: impl FnMut(Duration, &str),
) -> Result<Measured> {
    let restarts = contest.restarts();
    let looks = if restarts { Looks::RESTARTS } else { Looks::ROUNDS };
    let rule = Rule { looks: looks.count(), ..rule };
    let count = contest.rows().len();
    let mut found = Measured {
        pairs: vec![Pairs::default(); count],
        judged: vec![Err(Refusal::TooFew { what: "round", have: 0, need: 1 }); count],
        interrupted: false,
        end: String::new(),
        rule,
    };
    let mut open: Vec<usize> = (0..count).filter(|row| contest.rows()[*row].timed()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let started = Instant::now();
    let mut taken = 0;
    while !open.is_empty() {
        let step = Instant::now();
        if restarts {
            progress(started.elapsed(), &format!("restart {}", taken + 1));
            contest.restart()?;
            for &row in &open {
                // The first touch of a new process's memory is not what is compared.
                contest.round(row, false)?;
            }
        }
        let ready = Instant::now();
        for round in 0..if restarts { MOST_ROUNDS_PER_RESTART } else { 1 } {
            // As long as starting took: fewer rounds waste the start, more waste the budget, as what
            // a process keeps for its life is told by many restarts and not by many rounds.
            if round >= LEAST_ROUNDS_PER_RESTART && ready.elapsed() > ready - step {
                break;
            }
            if interrupt.load(Ordering::Relaxed) {
                found.interrupted = true;
                break;
            }
            let left = budget.saturating_sub(started.elapsed()).as_secs();
            let label = format!("round {}, {} rows open, {left} s left at most", taken + 1, open.len());
            progress(started.elapsed(), &label);
            // Alternating, so that neither subject is always the first after the row before.
            let mirrored = (taken + round) % 2 == 1;
            open.shuffle(&mut rng);
            for &row in &open {
                let times = contest.round(row, mirrored)?;
                let pairs = &mut found.pairs[row];
                pairs.base.push(times.base);
                pairs.candidate.push(times.candidate);
                pairs.control.extend(times.control);
                pairs.restarts.extend(restarts.then_some(taken as u32));
            }
        }
        taken += 1;
        let spent = started.elapsed() + step.elapsed() > budget || taken >= looks.most();
        if found.interrupted || spent || looks.at(taken) {
            for &row in &open {
                found.judged[row] = judge_pairs(&found.pairs[row], &rule);
            }
        }
        let decided =
            |row: &usize| found.judged[*row].as_ref().is_ok_and(|j| j.verdict != Verdict::Inconclusive);
        open.retain(|row| !decided(row));
        if found.interrupted || spent {
            break;
        }
    }
    let exhausted = taken >= looks.most();
    let taken = plural(taken as u64, if restarts { "restart" } else { "round" });
    found.end = if found.interrupted {
        format!("interrupted after {taken}")
    } else if open.is_empty() {
        format!("measuring ended after {taken}, with every row decided")
    } else if exhausted {
        format!("measuring ended after {taken}, the most that are taken")
    } else {
        format!("measuring ended after {taken} because the budget was spent; a larger --budget decides more")
    };
    Ok(found)
}
