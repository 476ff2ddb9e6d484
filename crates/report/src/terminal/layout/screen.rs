//! The width of what is printed.

use std::{env, io, ops::RangeInclusive};

use terminal_size::{Width, terminal_size_of};

/// The width in columns of a pipe, a file or a log of CI.
const ELSEWHERE: usize = 100;
/// Widths in columns that tables are laid out for: narrower terminals wrap lines themselves, and in wider ones the eye loses
/// its row.
const POSSIBLE: RangeInclusive<usize> = 40..=200;

/// The columns that stdout has: those of `COLUMNS` if it is set, otherwise the terminal's, or a fixed number if it is no
/// terminal.
pub fn columns() -> usize {
    let terminal = terminal_size_of(io::stdout()).map(|(Width(columns), _)| usize::from(columns));
    choose(env::var("COLUMNS").ok().as_deref(), terminal)
}

fn choose(asked: Option<&str>, terminal: Option<usize>) -> usize {
    let asked = asked.and_then(|text| text.trim().parse().ok()).filter(|columns| *columns > 0);
    asked.or(terminal).unwrap_or(ELSEWHERE).clamp(*POSSIBLE.start(), *POSSIBLE.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_comes_before_the_terminal_and_nonsense_is_ignored() {
        assert_eq!(choose(None, None), 100);
        assert_eq!(choose(None, Some(80)), 80);
        assert_eq!(choose(Some("72"), Some(80)), 72);
        for nonsense in ["", "0", "-3", "wide"] {
            assert_eq!(choose(Some(nonsense), Some(80)), 80, "{nonsense}");
        }
        assert_eq!((choose(Some("1"), None), choose(Some("100000"), None)), (40, 200));
    }
}
