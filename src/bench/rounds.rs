//! The order of the steps in a round, and when to stop.

use std::time::{Duration, Instant};

use patchmark_results::{
    journal::{BatchSamples, Subjects},
    text::plural,
};
use patchmark_statistics::{flow_rows::speedups, run_rows::ratio};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

/// Rounds that every row gets, however small the budget: an interval from fewer would mean nothing.
pub(super) const MINIMUM_ROUNDS: usize = 3;
/// The maximum number of rounds; more would hardly change a result.
const MAXIMUM_ROUNDS: usize = 200;
/// The relative half-width up to which an interval is narrow enough.
const NARROW: f64 = 0.02;

/// Orders that change from round to round. Counted from 0, each odd round mirrors the even one before it (ABBA), so
/// that drift affects everything alike, and each such pair is shuffled again.
///
/// The first pair keeps groups together, each shuffled: what a group needs can be made when its first item is due, so
/// the first measurement does not wait for the other groups.
pub(super) struct Orders<T> {
    rng: ChaCha8Rng,
    current: Vec<T>,
    rounds: usize,
}

impl<T: Clone> Orders<T> {
    pub(super) fn new(groups: Vec<Vec<T>>, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shuffled = groups.into_iter().flat_map(|mut group| {
            group.shuffle(&mut rng);
            group
        });
        Self { current: shuffled.collect(), rng, rounds: 0 }
    }

    /// The order of the next round.
    pub(super) fn next(&mut self) -> Vec<T> {
        match self.rounds {
            0 => {}
            round if round % 2 == 1 => self.current.reverse(),
            _ => self.current.shuffle(&mut self.rng),
        }
        self.rounds += 1;
        self.current.clone()
    }
}

/// How wide the intervals of ratios are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Intervals {
    /// There are no ratios: every processor or every forward has failed.
    NoRatio,
    /// A ratio has too few rounds for an interval.
    TooFew,
    /// The relative half-width of the widest.
    Widest(f64),
}

impl Intervals {
    /// How wide the intervals of a batch's ratios are, those between flows from files included.
    pub(super) fn of(subjects: &Subjects, samples: &BatchSamples) -> Self {
        let measured = || samples.forwards.iter().filter(|forward| forward.failure.is_none());
        samples
            .processors
            .iter()
            .filter(|processor| processor.failure.is_none())
            .flat_map(|processor| measured().map(|forward| ratio(processor, forward)))
            .chain(speedups(subjects, samples))
            .map(|ratio| match ratio {
                Some(ratio) => Self::Widest((ratio.high - ratio.low) / (2.0 * ratio.median)),
                None => Self::TooFew,
            })
            .fold(Self::NoRatio, Self::with)
    }

    /// These and other ratios together.
    pub(super) fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::NoRatio, only) | (only, Self::NoRatio) => only,
            (Self::Widest(one), Self::Widest(other)) => Self::Widest(one.max(other)),
            (Self::TooFew, _) | (_, Self::TooFew) => Self::TooFew,
        }
    }
}

/// How measuring ended.
pub(super) struct Ended {
    pub(super) sentence: String,
    pub(super) interrupted: bool,
}

/// Why measuring ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Every interval is narrow enough.
    Narrow,
    /// There is no ratio whose interval could become narrow.
    NoRatio,
    /// Another round would not fit in the budget.
    Budget,
    /// The maximum number of rounds was taken.
    Rounds,
}

impl End {
    /// A sentence for the run's notes.
    pub(super) fn sentence(self, rounds: usize) -> String {
        let fewest = rounds <= MINIMUM_ROUNDS;
        let rounds = plural(rounds as u64, "round");
        match self {
            Self::Narrow => format!(
                "measuring ended after {rounds}, with every ratio's interval within ±{:.0}%",
                NARROW * 100.0
            ),
            Self::NoRatio => {
                format!("measuring ended after {rounds}, because no ratio could be formed")
            }
            Self::Budget if fewest => format!(
                "measuring ended after {rounds}, which are taken however small the budget is; a larger --budget narrows \
                 the intervals"
            ),
            Self::Budget => format!(
                "measuring ended after {rounds} because the budget was spent; a larger --budget narrows the intervals"
            ),
            Self::Rounds => format!("measuring ended after {rounds}, the most allowed"),
        }
    }
}

/// Why to stop after `rounds` rounds, or `None` to continue. `last` is how long the last round took.
pub(super) fn end(
    rounds: usize,
    started: Instant,
    last: Duration,
    budget: Duration,
    intervals: Intervals,
) -> Option<End> {
    let enough = rounds >= 2 * MINIMUM_ROUNDS;
    if rounds < MINIMUM_ROUNDS {
        None
    } else if enough && matches!(intervals, Intervals::Widest(widest) if widest <= NARROW) {
        Some(End::Narrow)
    } else if enough && intervals == Intervals::NoRatio {
        Some(End::NoRatio)
    } else if started.elapsed() + last > budget {
        Some(End::Budget)
    } else {
        (rounds >= MAXIMUM_ROUNDS).then_some(End::Rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_round_mirrors_the_one_before() {
        let mut orders = Orders::new(vec![(0..6).collect(), (6..12).collect()], 3);
        let [first, mut second, third, mut fourth] = std::array::from_fn(|_| orders.next());
        second.reverse();
        fourth.reverse();
        assert_eq!((&first, &third), (&second, &fourth));
        assert_ne!(first, third);
    }

    #[test]
    fn only_the_first_pair_of_rounds_keeps_groups_together() {
        let mut orders = Orders::new(vec![(0..6).collect(), (6..12).collect()], 3);
        let together = |order: &[i32]| order[..6].iter().all(|&each| each < 6);
        let [first, _, third] = std::array::from_fn(|_| orders.next());
        assert!(together(&first) && !together(&third), "{first:?} {third:?}");
        assert_ne!(first, (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn the_fewest_rounds_are_not_said_to_fit_in_the_budget() {
        assert!(End::Budget.sentence(3).contains("3 rounds, which are taken however small the budget is"));
        assert!(End::Budget.sentence(4).contains("because the budget was spent"));
    }

    #[test]
    fn the_minimum_of_rounds_is_taken_even_without_a_budget() {
        let second = Duration::from_secs(1);
        let now = Instant::now();
        assert_eq!(end(2, now, second, Duration::ZERO, Intervals::Widest(0.0)), None);
        assert_eq!(end(3, now, second, Duration::ZERO, Intervals::Widest(0.0)), Some(End::Budget));
        assert_eq!(end(6, now, second, Duration::from_secs(60), Intervals::Widest(0.01)), Some(End::Narrow));
        assert_eq!(end(6, now, second, Duration::from_secs(60), Intervals::TooFew), None);
        assert_eq!(end(5, now, second, Duration::from_secs(60), Intervals::NoRatio), None);
        assert_eq!(end(6, now, second, Duration::from_secs(60), Intervals::NoRatio), Some(End::NoRatio));
        assert_eq!(end(200, now, second, Duration::from_secs(60), Intervals::TooFew), Some(End::Rounds));
    }
}
