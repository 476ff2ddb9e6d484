//! What processors take right behind a forward, where that differs from what they take alone.

use patchmark_results::{
    Batch, Estimate, ProcessorRow,
    estimate::SAMPLES_OF_AN_INTERVAL,
    text::{clean, number},
};

/// The least samples of a time that is shown.
const LEAST_SAMPLES: usize = 3;

/// A lead, and each processor whose time right behind a forward differs by more than noise; `None` if none does.
pub fn line(batch: &Batch) -> Option<(String, String)> {
    let shown: Vec<String> = batch
        .processors
        .iter()
        .filter_map(|row| {
            let (alone, behind, count) = differing(row)?;
            let behind = if count < SAMPLES_OF_AN_INTERVAL {
                format!("{} to {} ms in {count} calls", number(behind.low), number(behind.high))
            } else {
                format!("{} ms", number(behind.median))
            };
            Some(format!("{} {behind} (alone {})", clean(&row.name), number(alone.median)))
        })
        .collect();
    let lead = "right behind a forward, whose threads have not left the CPU:";
    (!shown.is_empty()).then(|| (lead.to_owned(), shown.join(", ")))
}

/// The times alone and behind a forward, and how often the latter was taken, if their intervals have nothing in common.
fn differing(row: &ProcessorRow) -> Option<(Estimate, Estimate, usize)> {
    let behind = row.behind_forward_ms.as_ref().filter(|behind| behind.samples.len() >= LEAST_SAMPLES)?;
    let count = behind.samples.len();
    let (alone, behind) = (row.preprocess()?, behind.measured()?);
    (behind.low > alone.high || behind.high < alone.low).then_some((alone, behind, count))
}

#[cfg(test)]
mod tests {
    use patchmark_results::{Samples, fixtures::run as fixtures};

    use super::*;

    #[test]
    fn only_times_that_differ_by_more_than_noise_are_shown() {
        let mut batch = fixtures::run(&["hf", "batched", "fused"], &[8]).batches.remove(0);
        assert_eq!(line(&batch), None, "nothing was measured behind a forward");
        let alone: Vec<f64> = batch.processors.iter().map(|row| row.preprocess().unwrap().median).collect();
        let estimate = |median: f64| Some(Estimate { median, low: median * 0.9, high: median * 1.1 });
        for (row, factor) in batch.processors.iter_mut().zip([1.0, 1.05, 2.0]) {
            let median = row.preprocess().unwrap().median;
            row.preprocess_ms.estimate = estimate(median);
            row.behind_forward_ms = Some(Samples {
                samples: vec![median * factor; SAMPLES_OF_AN_INTERVAL],
                estimate: estimate(median * factor),
            });
        }
        let (_, shown) = line(&batch).unwrap();
        let own = number(alone[2]);
        assert_eq!(shown, format!("fused {} ms (alone {own})", number(2.0 * alone[2])));
        let mut left = |count| {
            batch.processors[2].behind_forward_ms.as_mut().unwrap().samples.truncate(count);
            line(&batch).map(|(_, shown)| shown)
        };
        let (low, high) = (number(1.8 * alone[2]), number(2.2 * alone[2]));
        let range = format!("fused {low} to {high} ms in 3 calls (alone {own})");
        assert_eq!(left(3), Some(range), "an estimate of few samples is their range");
        assert_eq!(left(2), None, "two samples say little");
    }
}
