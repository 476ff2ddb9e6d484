//! From an effect to a verdict.
//!
//! A figure has regressed or improved if the whole interval of its log-ratio lies beyond the minimum effect, and is
//! equivalent if the interval lies within it. If the interval rules out a regression but not an improvement, the figure is
//! not slower; otherwise it is inconclusive. The interval's error rate is shared (Bonferroni) between all rows decided
//! together and all looks taken at them, so that all intervals contain the truth together but for a chance of
//! [`Rule::error_rate`]. Every verdict only says what its interval says, so this bounds the chance of one wrong verdict in
//! the whole decision.

use patchmark_results::{Better, Change, Judgement, Rule, Verdict};

use crate::{effect::Effect, student};

/// Judges one row. `floor` is the row's A/A floor as a log-ratio (see [`crate::effect::floor`]), or 0 if it has none.
pub fn judge(effect: &Effect, floor: f64, better: Better, rule: &Rule) -> Judgement {
    let shares = (rule.rows.max(1) * rule.looks.max(1)) as f64;
    // Two-sided: half of the error rate for each end.
    let quantile = student::upper_quantile(rule.error_rate / shares / 2.0, effect.degrees);
    let reach = if effect.standard_error == 0.0 { 0.0 } else { quantile * effect.standard_error };
    let (low, high) = (effect.log_ratio - reach, effect.log_ratio + reach);
    let least = rule.min_effect.ln_1p().max(floor);
    let verdict = match better {
        Better::Lower => verdict(low, high, least),
        Better::Higher => verdict(-high, -low, least),
    };
    let high = high.exp_m1();
    Judgement {
        verdict,
        change: Change {
            median: effect.log_ratio.exp_m1(),
            low: low.exp_m1(),
            high: high.is_finite().then_some(high),
        },
        min_effect: least.exp_m1(),
    }
}

/// Whether more rounds can tell nothing more. They can where the row is inconclusive, and where it is not slower: it may
/// turn out to be improved or equivalent.
pub fn is_final(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Inconclusive | Verdict::NotSlower)
}

/// The judgement on a row after one more look at it. The intervals of all looks hold together, so what one of them has
/// ruled out stays ruled out: a row that was not slower and went on to tell more does not become inconclusive again. A
/// later look at more samples replaces it in every other case.
pub fn after_look<E>(before: Result<Judgement, E>, now: Result<Judgement, E>) -> Result<Judgement, E> {
    match (&before, &now) {
        (Ok(Judgement { verdict: Verdict::NotSlower, .. }), Ok(now))
            if now.verdict == Verdict::Inconclusive =>
        {
            before
        }
        _ => now,
    }
}

/// The verdict on an interval of how much worse a figure is.
fn verdict(low: f64, high: f64, least: f64) -> Verdict {
    if low > least {
        Verdict::Regressed
    } else if high < -least {
        Verdict::Improved
    } else if high <= least {
        if low >= -least { Verdict::Equivalent } else { Verdict::NotSlower }
    } else {
        // Also if the ends are NaN.
        Verdict::Inconclusive
    }
}
