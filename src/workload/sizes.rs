//! The sizes at which photographs are processed.

use std::fmt;
use std::str::FromStr;

use crate::error::InputError;

/// Longest side that a photograph may be resampled to, in pixels.
pub const MAX_EQUAL_SIDE: usize = 8192;

/// At which sizes the photographs are processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sizes {
    /// Every photograph at its own size, all in one workload.
    Mixed,
    /// Every photograph resampled to each `(width, height)`, one workload a size.
    Equal(Vec<(usize, usize)>),
}

impl FromStr for Sizes {
    type Err = InputError;

    /// Reads `mixed` or a comma-separated list such as `1024x768,640x480`.
    fn from_str(text: &str) -> Result<Self, InputError> {
        if text.trim().eq_ignore_ascii_case("mixed") {
            return Ok(Self::Mixed);
        }
        let mut sizes = Vec::new();
        for part in text.split(',') {
            let size = parse_size(part.trim())?;
            if sizes.contains(&size) {
                return Err(InputError(format!("size {}x{} is given twice; remove one", size.0, size.1)));
            }
            sizes.push(size);
        }
        Ok(Self::Equal(sizes))
    }
}

impl fmt::Display for Sizes {
    /// Writes what [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mixed => f.write_str("mixed"),
            Self::Equal(sizes) => {
                let names: Vec<String> = sizes.iter().map(|(w, h)| format!("{w}x{h}")).collect();
                f.write_str(&names.join(","))
            }
        }
    }
}

/// One `WIDTHxHEIGHT`.
fn parse_size(text: &str) -> Result<(usize, usize), InputError> {
    let side = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?;
    let parsed: Option<(usize, usize)> =
        text.split_once(['x', 'X']).and_then(|(width, height)| Some((side(width)?, side(height)?)));
    let Some((width, height)) = parsed else {
        return Err(InputError(format!(
            "'{text}' is not a size; give mixed, or WIDTHxHEIGHT separated by commas, such as 1024x768,640x480"
        )));
    };
    let allowed = 1..=MAX_EQUAL_SIDE;
    if !allowed.contains(&width) || !allowed.contains(&height) {
        return Err(InputError(format!(
            "size {text} is out of range; each side is 1 to {MAX_EQUAL_SIDE} px"
        )));
    }
    Ok((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Sizes {
        text.parse().expect("valid sizes")
    }

    #[test]
    fn mixed_and_lists_are_read_in_order() {
        assert_eq!(parsed("mixed"), Sizes::Mixed);
        assert_eq!(parsed("1024x768, 640X480"), Sizes::Equal(vec![(1024, 768), (640, 480)]));
    }

    #[test]
    fn writing_then_reading_gives_the_same_sizes() {
        for sizes in [Sizes::Mixed, Sizes::Equal(vec![(1, 8192), (640, 480)])] {
            assert_eq!(parsed(&sizes.to_string()), sizes);
        }
    }

    #[test]
    fn malformed_sizes_are_refused_with_an_example() {
        for text in ["", "640", "x480", "640x", "640x480,", "+640x480", "640x480x3", "-1x5", "big"] {
            let message = text.parse::<Sizes>().expect_err(text).to_string();
            assert!(message.contains("1024x768"), "{text}: {message}");
        }
    }

    #[test]
    fn zero_huge_and_repeated_sizes_are_refused() {
        for (text, reason) in [
            ("0x480", "out of range"),
            ("640x0", "out of range"),
            ("8193x1", "out of range"),
            ("64x64,64x64", "twice"),
        ] {
            let message = text.parse::<Sizes>().expect_err(text).to_string();
            assert!(message.contains(reason), "{text}: {message}");
        }
    }
}
