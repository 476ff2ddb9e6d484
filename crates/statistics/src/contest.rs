//! Rounds of two subjects until every row is decided or the budget is spent.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::Result;
use patchmark_results::{Judgement, Pairs, Round, Rule, Verdict, text::plural};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::{
    effect::Refusal,
    judge::{after_look, is_final},
    looks::Looks,
    pairs::judge_pairs,
};

/// The smallest number of rounds of each undecided row between two restarts.
const LEAST_ROUNDS_PER_RESTART: usize = 3;
/// The largest number of rounds of each undecided row between two restarts.
const MOST_ROUNDS_PER_RESTART: usize = 32;

/// A row's name, and what is wrong with it before anything is timed.
#[derive(Debug, Clone, PartialEq)]
pub struct RowName {
    /// The processor and what it is fed, or the two processors.
    pub subject: String,
    /// The images and the batch size.
    pub batch: String,
    /// Why the base lacks the row or fails on it, if it does.
    pub base_failure: Option<String>,
    /// Why the candidate lacks the row or fails on it, if it does.
    pub candidate_failure: Option<String>,
    /// How the two outputs differ, if they must be equal and are not.
    pub parity: Option<String>,
}

impl RowName {
    /// Whether both subjects can be timed.
    pub fn timed(&self) -> bool {
        self.base_failure.is_none() && self.candidate_failure.is_none()
    }
}

/// Two subjects that can be timed in turn.
pub trait Contest {
    /// The rows, in the order of the table.
    fn rows(&self) -> &[RowName];

    /// Whether the subjects run in processes of their own, which are restarted from time to time.
    fn restarts(&self) -> bool;

    /// When the samples are looked at.
    fn looks(&self) -> Looks {
        if self.restarts() { Looks::RESTARTS } else { Looks::ROUNDS }
    }

    /// Restarts the subjects' processes.
    ///
    /// # Errors
    /// If a process cannot be started.
    fn restart(&mut self) -> Result<()>;

    /// Times a row once: A B B A, or B A A B if `mirrored`. The number of the restart is filled in by the caller.
    ///
    /// # Errors
    /// If a subject fails or its process has ended.
    fn round(&mut self, row: usize, mirrored: bool) -> Result<Round>;

    /// What disturbed the rounds so far, one sentence each; a sentence is told once.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What is told of a comparison under way.
pub trait Watch {
    /// How long it has been measuring, and what it does next.
    fn progress(&mut self, spent: Duration, what: &str);

    /// A round of the row at `row` was taken.
    fn round(&mut self, _row: usize, _round: &Round) {}
}

impl<F: FnMut(Duration, &str)> Watch for F {
    fn progress(&mut self, spent: Duration, what: &str) {
        self(spent, what);
    }
}

/// The number of looks that the rule of a comparison must allow for.
pub fn looks(contest: &dyn Contest) -> usize {
    contest.looks().count()
}

/// All samples, and the judgements on them.
pub struct Measured {
    /// One entry per row.
    pub pairs: Vec<Pairs>,
    /// One entry per row.
    pub judged: Vec<Result<Judgement, Refusal>>,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
    /// Why it ended, as a sentence.
    pub end: String,
    /// The rule with the number of looks filled in.
    pub rule: Rule,
}

/// Takes rounds of every undecided row until all are decided, the budget is spent or the user interrupts.
///
/// # Errors
/// If a subject fails while it is timed.
pub fn measure(
    contest: &mut dyn Contest,
    rule: Rule,
    budget: Duration,
    seed: u64,
    interrupt: &AtomicBool,
    watch: &mut dyn Watch,
) -> Result<Measured> {
    let restarts = contest.restarts();
    let looks = contest.looks();
    let rows = contest.rows();
    let measured = Measured {
        pairs: vec![Pairs::default(); rows.len()],
        judged: vec![Err(Refusal::TooFew { what: "round", have: 0, need: 1 }); rows.len()],
        interrupted: false,
        end: String::new(),
        rule: Rule { looks: looks.count(), ..rule },
    };
    let open: Vec<usize> = (0..rows.len()).filter(|row| rows[*row].timed()).collect();
    let mut measuring = Measuring {
        contest,
        restarts,
        measured,
        open,
        taken: 0,
        rng: ChaCha8Rng::seed_from_u64(seed),
        started: Instant::now(),
        budget,
        interrupt,
        watch,
    };
    while !measuring.open.is_empty() {
        let step = Instant::now();
        match measuring.step(step) {
            Ok(()) => measuring.taken += 1,
            // Ctrl-C also ends the wait for a process, and what was measured before counts.
            Err(_) if interrupt.load(Ordering::Relaxed) => measuring.measured.interrupted = true,
            Err(error) => return Err(error),
        }
        let spent = measuring.started.elapsed() + step.elapsed() > budget || measuring.taken >= looks.most();
        let last = measuring.measured.interrupted || spent;
        if last || looks.at(measuring.taken) {
            measuring.look();
        }
        if last {
            break;
        }
    }
    Ok(measuring.ended(looks))
}

/// A comparison under way.
struct Measuring<'a> {
    contest: &'a mut dyn Contest,
    restarts: bool,
    measured: Measured,
    /// The rows that are not decided.
    open: Vec<usize>,
    /// Restarts done, or rounds where there are none.
    taken: usize,
    rng: ChaCha8Rng,
    started: Instant,
    budget: Duration,
    interrupt: &'a AtomicBool,
    watch: &'a mut dyn Watch,
}

impl Measuring<'_> {
    /// Everything between two looks at the budget: a restart with its rounds, or one round where there are none.
    fn step(&mut self, started: Instant) -> Result<()> {
        if self.restarts {
            self.restart()?;
        }
        self.rounds(started.elapsed())
    }

    /// Starts the subjects' processes anew.
    fn restart(&mut self) -> Result<()> {
        self.watch.progress(self.started.elapsed(), &format!("restart {}", self.taken + 1));
        self.contest.restart()?;
        for &row in &self.open {
            // Warm-up: a new process's first touch of its memory is not part of the comparison.
            self.contest.round(row, false)?;
        }
        Ok(())
    }

    /// The rounds between two restarts, of which the last took `start`; or one round where there are none.
    fn rounds(&mut self, start: Duration) -> Result<()> {
        let ready = Instant::now();
        for round in 0..if self.restarts { MOST_ROUNDS_PER_RESTART } else { 1 } {
            // Rounds take as long as starting took. Fewer would waste the start; more would waste the budget, because
            // what a process keeps for its whole life varies between restarts, not between rounds.
            if round >= LEAST_ROUNDS_PER_RESTART && ready.elapsed() > start {
                break;
            }
            let left = self.budget.saturating_sub(self.started.elapsed()).as_secs();
            let rows = plural(self.open.len() as u64, "undecided row");
            let label = format!("round {}, {rows}, at most {left} s left", self.taken + 1);
            self.watch.progress(self.started.elapsed(), &label);
            // Alternates, so that neither subject always comes first after the previous row.
            let mirrored = (self.taken + round) % 2 == 1;
            self.open.shuffle(&mut self.rng);
            for &row in &self.open {
                if self.interrupt.load(Ordering::Relaxed) {
                    self.measured.interrupted = true;
                    return Ok(());
                }
                let restart = self.restarts.then_some(self.taken as u32);
                let round = Round { restart, ..self.contest.round(row, mirrored)? };
                self.measured.pairs[row].push(&round);
                self.watch.round(row, &round);
            }
        }
        Ok(())
    }

    /// Judges the open rows, and closes those that are decided.
    fn look(&mut self) {
        let Measured { pairs, judged, rule, .. } = &mut self.measured;
        self.open.retain(|&row| {
            judged[row] = after_look(judged[row].clone(), judge_pairs(&pairs[row], rule));
            judged[row].as_ref().map_or(true, |judgement| !is_final(judgement.verdict))
        });
    }

    /// Whether every row that is still open passes, because it is not slower.
    fn all_open_rows_pass(&self) -> bool {
        let passes = |row: &usize| {
            self.measured.judged[*row].as_ref().is_ok_and(|judged| judged.verdict == Verdict::NotSlower)
        };
        self.open.iter().all(passes)
    }

    /// What was measured, with why it ended.
    fn ended(self, looks: Looks) -> Measured {
        let taken = plural(self.taken as u64, if self.restarts { "restart" } else { "round" });
        let more = if self.all_open_rows_pass() {
            "may tell whether rows that are not slower are improved or equivalent"
        } else {
            "decides more"
        };
        let end = if self.measured.interrupted {
            format!("interrupted after {taken}")
        } else if self.open.is_empty() {
            format!("measuring ended after {taken}, with every row decided")
        } else if self.taken >= looks.most() {
            format!("measuring ended after {taken}, the most allowed")
        } else {
            format!("measuring ended after {taken} because the budget was spent; a larger --budget {more}")
        };
        Measured { end, ..self.measured }
    }
}
