//! Numbers, names and selections that the table, the summary and the charts must agree on.

use super::schema::{Batch, Environment, Estimate, ParityStatus, ProcessorRow, Run, Samples, Settings};
use crate::gate::Change;

/// A number as a person reads it: three significant digits below 100, thousands separated above.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "—".to_owned()
    } else if size >= 1e9 || (size > 0.0 && size < 9.5e-4) {
        format!("{value:.1e}")
    } else if size >= 99.95 {
        thousands(value)
    } else if size >= 9.995 {
        format!("{value:.1}")
    } else if size >= 0.9995 {
        format!("{value:.2}")
    } else if size >= 0.09995 {
        format!("{value:.3}")
    } else if size > 0.0 {
        format!("{value:.4}")
    } else {
        "0".to_owned()
    }
}

/// A number without the zeros that say how exactly it is known: for what is exact, such as a tick.
pub fn short(value: f64) -> String {
    let text = number(value);
    if text.contains('e') || !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A count with its thousands separated: `3,145,728`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn thousands(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", count(value.abs().round() as u64))
}

/// A speed-up: `3.2×`.
pub fn times(value: f64) -> String {
    match value {
        v if !v.is_finite() => "—".to_owned(),
        v if v >= 99.5 => format!("{}×", thousands(v)),
        v if v >= 9.95 => format!("{v:.0}×"),
        v if v >= 0.995 => format!("{v:.1}×"),
        v => format!("{v:.2}×"),
    }
}

/// A relative change: `+4.2%`; a factor where a percentage would be hard to read.
pub fn change(value: f64) -> String {
    if value >= 1.995 {
        return format!("{:.1}×", value + 1.0);
    }
    let percent = value * 100.0;
    // An ASCII minus is half as wide as the plus in most fonts.
    format!("{}{:.1}%", if percent < -0.05 { "−" } else { "+" }, percent.abs())
}

/// The interval of a change: `[−0.3% … +2.8%]`.
pub fn change_interval(found: &Change) -> String {
    let high = found.high.filter(|high| *high < 9.995).map_or_else(|| "∞".to_owned(), change);
    format!("[{} … {high}]", change(found.low))
}

/// A median with its interval: `0.0077 [0.0075–0.0079]`.
pub fn interval(estimate: &Estimate) -> String {
    format!("{} [{}–{}]", number(estimate.median), number(estimate.low), number(estimate.high))
}

/// Text from outside on one line, without control characters: a name or an exception's message
/// may hold newlines or terminal escapes, which would break a table, an SVG or a terminal.
pub fn clean(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Shortens `text` to `width` characters, the last of them an ellipsis where any are cut.
pub fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// Columns that a label takes at the most where it says what a processor was fed.
const LABEL_WIDTH: usize = 30;

/// What a processor is called everywhere: its name, and what it was fed where there is room for that.
pub fn label(row: &ProcessorRow) -> String {
    let name = clean(&row.name);
    let fed = format!("{name} ({})", clean(&row.feed));
    if row.feed.is_empty() || fed.chars().count() > LABEL_WIDTH { name } else { fed }
}

/// Parity in a table's cell.
pub fn parity(status: &ParityStatus) -> String {
    match status {
        ParityStatus::Reference => "reference".to_owned(),
        ParityStatus::Exact => "exact".to_owned(),
        ParityStatus::Differs { values, total, .. } => {
            format!("{} of {} values differ", count(*values), count(*total))
        }
        ParityStatus::NotVerified => "not verified".to_owned(),
    }
}

/// Whether an estimate holds a time, rate or ratio at all: a row that failed has none.
pub fn usable(estimate: &Estimate) -> bool {
    estimate.median.is_finite() && estimate.median > 0.0
}

/// The estimate of what was measured; none where nothing was.
pub fn measured(samples: &Samples) -> Option<Estimate> {
    (!samples.samples.is_empty() && usable(&samples.estimate)).then_some(samples.estimate)
}

/// The row's preprocess time, where it took a sample.
pub fn preprocess(row: &ProcessorRow) -> Option<Estimate> {
    measured(&row.preprocess_ms)
}

/// The forward that ratios are shown against: the first that was measured.
pub fn first_forward(run: &Run) -> Option<&str> {
    let measured = run.batches.iter().flat_map(|batch| &batch.forwards).map(|forward| forward.name.as_str());
    let named =
        run.batches.iter().flat_map(|b| &b.processors).flat_map(|row| row.ratio.keys()).map(String::as_str);
    measured.chain(named).next()
}

/// The largest batch that has processors, or the largest at all.
pub fn largest_batch(run: &Run) -> Option<&Batch> {
    run.batches.iter().max_by_key(|batch| (!batch.processors.is_empty(), batch.batch_size))
}

/// The machine in one phrase: the GPU too where the forward ran on it.
pub fn machine(environment: &Environment, settings: &Settings) -> String {
    machine_at(environment, &settings.device)
}

/// The machine in one phrase, for what ran on a device (`cpu` or `cuda:N`).
pub fn machine_at(environment: &Environment, device: &str) -> String {
    let cpu = if environment.cpu.is_empty() { "unknown CPU" } else { &environment.cpu };
    let index = device.strip_prefix("cuda").map(|rest| rest.trim_start_matches(':').parse().unwrap_or(0));
    match index {
        Some(index) => {
            let gpu = environment.gpus.get::<usize>(index).map_or("unknown GPU", String::as_str);
            clean(&format!("{gpu}, {cpu}"))
        }
        None => clean(cpu),
    }
}

/// The model in one phrase.
pub fn model(settings: &Settings) -> String {
    let name = if settings.model.is_empty() { "unnamed model" } else { &settings.model };
    let weights = if settings.random_weights { " (random weights)" } else { "" };
    format!("{}{weights}", clean(name))
}

/// How many rounds the rows of a run took: `12 rounds`, or `5–12 rounds` where they are not alike.
pub fn rounds(run: &Run) -> String {
    match fewest_and_most_rounds(run) {
        None => "0 rounds".to_owned(),
        Some((1, 1)) => "1 round".to_owned(),
        Some((low, high)) if low == high => format!("{high} rounds"),
        Some((low, high)) => format!("{low}–{high} rounds"),
    }
}

fn fewest_and_most_rounds(run: &Run) -> Option<(usize, usize)> {
    let lengths = run.batches.iter().flat_map(|b| &b.processors).map(|row| row.preprocess_ms.samples.len());
    lengths.filter(|n| *n > 0).fold(None, |found, n| {
        let (low, high) = found.unwrap_or((n, n));
        Some((low.min(n), high.max(n)))
    })
}

/// Rounds below which the interval that a bootstrap gives is the range of the samples, and must be called so: of five
/// samples, more than one resample in forty has the smallest for its median.
const ROUNDS_OF_AN_INTERVAL: usize = 6;

/// Whether some row has too few rounds for an interval, so that what stands beside its median is a range.
pub fn is_range(run: &Run) -> bool {
    fewest_and_most_rounds(run).is_some_and(|(low, _)| low < ROUNDS_OF_AN_INTERVAL)
}

/// What a band or whisker round a median is.
pub fn spread(run: &Run) -> &'static str {
    if is_range(run) { "ranges of the samples" } else { "95% intervals of the median" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn numbers_keep_three_digits_or_thousands() {
        let cases = [(2760.4, "2,760"), (21.34, "21.3"), (0.00771, "0.0077"), (0.1234, "0.123"), (0.0, "0")];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        assert_eq!(number(0.00002), "2.0e-5");
        assert_eq!(number(99.97), "100");
        assert_eq!(number(f64::NAN), "—");
        assert_eq!(count(3_145_728), "3,145,728");
        assert_eq!([2.0, 0.5, 20.0, 1500.0, 1e-5].map(short), ["2", "0.5", "20", "1,500", "1.0e-5"]);
        assert_eq!(times(3.21), "3.2×");
    }

    #[test]
    fn few_rounds_have_a_range_and_no_interval() {
        let mut run = samples::run(&["hf", "fused"], &[1]);
        let rows = |run: &mut Run, counts: [usize; 2]| {
            for (row, count) in run.batches[0].processors.iter_mut().zip(counts) {
                row.preprocess_ms.samples = vec![1.0; count];
            }
        };
        for (counts, range, told) in [
            ([5, 9], true, "5–9 rounds"),
            ([6, 9], false, "6–9 rounds"),
            // A row that failed at once says nothing of the others.
            ([0, 6], false, "6 rounds"),
            ([0, 0], false, "0 rounds"),
        ] {
            rows(&mut run, counts);
            assert_eq!((is_range(&run), rounds(&run).as_str()), (range, told), "{counts:?}");
        }
    }

    #[test]
    fn a_label_says_what_was_fed_where_there_is_room() {
        let mut row = ProcessorRow::unmeasured("fused-cuda", "HWC");
        assert_eq!(label(&row), "fused-cuda (HWC)");
        row = ProcessorRow::unmeasured("fused-cuda-resident", "HWC on the device");
        assert_eq!(label(&row), "fused-cuda-resident");
    }

    #[test]
    fn names_lose_escapes_and_newlines() {
        assert_eq!(clean("a\u{1b}[31m\nb\t c"), "a [31m b c");
        assert_eq!(shorten("abcdef", 4), "abc…");
    }
}
