//! Numbers, counts and external text as people read them, the same in saved sentences, tables and charts.

/// Bytes of memory for people: `1.50 GiB`.
pub fn gib(bytes: u64) -> String {
    format!("{} GiB", number(bytes as f64 / (1u64 << 30) as f64))
}

/// A number as people read it: up to three significant digits below 100, thousands separators above.
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

/// A number without trailing zeros, for exact values such as ticks.
pub fn short(value: f64) -> String {
    let text = number(value);
    if text.contains('e') || !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A count with thousands separators: `3,145,728`.
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

/// A relative change: `+4.2%`, or a factor if a percentage would be hard to read. A value of -1, which no time can fall by,
/// is an unbounded lower end.
pub fn change(value: f64) -> String {
    if value >= 98.5 {
        return format!("{}×", number(value + 1.0));
    }
    if value >= 1.995 {
        return format!("{:.1}×", value + 1.0);
    }
    let percent = value * 100.0;
    // Rounded to −100%, a change would look as if nothing were left.
    let decimals = if percent > -100.0 && percent < -99.5 { 3 } else { 1 };
    // An ASCII minus is half as wide as the plus in most fonts.
    format!("{}{:.decimals$}%", if percent < -0.05 { "−" } else { "+" }, percent.abs())
}

/// External text on one line, without control characters: a name or an exception's message may hold newlines or terminal
/// escapes, which would break a table, an SVG or a terminal.
pub fn clean(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Shortens `text` to at most `width` characters, with an ellipsis as the last one if any are cut.
pub fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// A count with its noun, in the plural unless the count is 1: `1 thread`, `8 threads`, `2 processes`.
pub fn plural(value: u64, noun: &str) -> String {
    let ending = match value {
        1 => "",
        _ if ["s", "x", "ch", "sh"].iter().any(|end| noun.ends_with(end)) => "es",
        _ => "s",
    };
    format!("{} {noun}{ending}", count(value))
}

/// The first line of an exception's message, cut to at most 160 characters.
pub fn first_line(message: &str) -> String {
    shorten(&clean(message.lines().next().unwrap_or("")), 160)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn changes_of_any_size_are_told() {
        let cases = [
            (0.042, "+4.2%"),
            (-0.118, "−11.8%"),
            (0.0, "+0.0%"),
            (9.995, "11.0×"),
            (11.0, "12.0×"),
            (99.0, "100×"),
            (12_344.0, "12,345×"),
            (1e300, "1.0e300×"),
            (-0.9, "−90.0%"),
            (-0.9998, "−99.980%"),
            (-1.0, "−100.0%"),
        ];
        for (value, text) in cases {
            assert_eq!(change(value), text);
        }
    }

    #[test]
    fn a_noun_agrees_with_its_count() {
        assert_eq!([0, 1, 1200].map(|n| plural(n, "run")), ["0 runs", "1 run", "1,200 runs"]);
        assert_eq!([plural(2, "process"), plural(2, "patch")], ["2 processes", "2 patches"]);
    }

    #[test]
    fn names_lose_escapes_and_newlines() {
        assert_eq!(clean("a\u{1b}[31m\nb\t c"), "a [31m b c");
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(first_line("ValueError: a\u{1b}b\nline 2"), "ValueError: a b");
    }
}
