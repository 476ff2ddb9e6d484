//! How many calls make a sample, and what a row's batch is called.

/// The approximate milliseconds that the calls of a sample take.
const SAMPLE_MS: f64 = 8.0;

/// The number of calls in a sample if a warm call takes `warm_ms`. A sample is their median, so a preempted call does
/// not distort it.
pub(super) fn calls(warm_ms: f64) -> usize {
    if warm_ms > 0.0 { (SAMPLE_MS / warm_ms).ceil().clamp(1.0, 64.0) as usize } else { 1 }
}

/// The name of a row's batch.
pub(super) fn batch(workload: &str, batch_size: usize) -> String {
    format!("{workload}, batch {batch_size}")
}

#[cfg(test)]
mod tests {
    use super::calls;

    #[test]
    fn a_sample_takes_some_milliseconds_and_a_slow_call_stands_alone() {
        assert_eq!([0.01, 1.0, 3.0, 50.0, f64::INFINITY, 0.0].map(calls), [64, 8, 3, 1, 1, 1]);
    }
}
