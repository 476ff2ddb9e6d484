//! How many calls make one sample.

/// A sample is the median of enough calls to take this long.
const SAMPLE_MS: f64 = 8.0;

/// The calls of a sample, for a warm call of `warm_ms` milliseconds: one preempted call does not count.
pub(super) fn calls(warm_ms: f64) -> usize {
    if warm_ms > 0.0 { (SAMPLE_MS / warm_ms).ceil().clamp(1.0, 64.0) as usize } else { 1 }
}

/// How a row's batch is called.
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
