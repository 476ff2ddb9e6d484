//! Effects and verdicts from the samples of two subjects timed in turn.

use patchmark_results::{Better, Judgement, Pairs, Rule};

use crate::{
    effect::{self, Effect, Grouping, Refusal},
    judge::judge,
};

/// The effect of candidate over base.
///
/// # Errors
/// A [`Refusal`] for too few rounds or impossible times.
pub fn effect_of(pairs: &Pairs) -> Result<Effect, Refusal> {
    effect::paired(&rounds(&pairs.base), &rounds(&pairs.candidate), grouping(pairs))
}

/// The A/A floor of these rounds, as a log-ratio: the base compared with its second process or, within one process, base
/// and candidate each compared with themselves.
///
/// # Errors
/// As for [`effect_of`].
pub fn floor_of(pairs: &Pairs) -> Result<f64, Refusal> {
    if !pairs.control.is_empty() {
        return effect::floor(&rounds(&pairs.base), &rounds(&pairs.control), grouping(pairs));
    }
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for side in [&pairs.base, &pairs.candidate] {
        // The four times of two consecutive rounds make one pair: 1 and 4 against 2 and 3, as in A B B A.
        for pair in side.chunks_exact(2) {
            first.push((pair[0][0] * pair[1][1]).sqrt());
            second.push((pair[0][1] * pair[1][0]).sqrt());
        }
    }
    effect::floor(&first, &second, Grouping::Series)
}

/// The verdict under `rule`, with the larger of its minimum effect and the A/A floor.
///
/// # Errors
/// As for [`effect_of`].
pub fn judge_pairs(pairs: &Pairs, rule: &Rule) -> Result<Judgement, Refusal> {
    Ok(judge(&effect_of(pairs)?, floor_of(pairs)?, Better::Lower, rule))
}

fn grouping(pairs: &Pairs) -> Grouping<'_> {
    if pairs.restarts.is_empty() { Grouping::Series } else { Grouping::Restarts(&pairs.restarts) }
}

/// The geometric mean of each round's two times.
fn rounds(times: &[[f64; 2]]) -> Vec<f64> {
    times.iter().map(|[first, second]| (first * second).sqrt()).collect()
}
