//! From an effect to a verdict.
//!
//! A figure has regressed or improved if the whole interval of its log-ratio lies beyond the minimum effect, is
//! equivalent if the interval lies within it, and is inconclusive otherwise. The interval's error rate is shared
//! (Bonferroni) between all rows decided together and all looks taken at them, so that the chance of one false alarm in
//! the whole decision stays below [`Rule::error_rate`].

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
    let verdict = if low > least || high < -least {
        if (low > least) == (better == Better::Lower) { Verdict::Regressed } else { Verdict::Improved }
    } else if low >= -least && high <= least {
        Verdict::Equivalent
    } else {
        Verdict::Inconclusive
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
