//! The sizes at which photographs are processed.

use std::{fmt, str::FromStr};

use patchmark_results::InputError;

/// The longest side to which a photograph may be resampled, in pixels.
pub const MAX_EQUAL_SIDE: usize = 8192;

/// A size of photographs; each size makes one workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Every photograph at its own size.
    Mixed,
    /// Every photograph resampled to these pixels.
    Equal {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
}

/// The sizes at which photographs are processed, without repetitions: one workload per size, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes(Vec<Size>);

impl Sizes {
    /// Every photograph at its own size.
    pub fn mixed() -> Self {
        Self(vec![Size::Mixed])
    }

    /// The sizes in order; at least one.
    pub fn iter(&self) -> impl Iterator<Item = Size> {
        self.0.iter().copied()
    }
}

impl FromStr for Sizes {
    type Err = InputError;

    /// Parses a comma-separated list such as `mixed` or `1024x768,640x480,mixed`.
    fn from_str(text: &str) -> Result<Self, InputError> {
        let mut sizes = Vec::new();
        for part in text.split(',').map(str::trim) {
            let size = if part.eq_ignore_ascii_case("mixed") { Size::Mixed } else { parse_size(part)? };
            if sizes.contains(&size) {
                return Err(InputError(format!("size {size} is given twice; remove one")));
            }
            sizes.push(size);
        }
        Ok(Self(sizes))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mixed => f.write_str("mixed"),
            Self::Equal { width, height } => write!(f, "{width}x{height}"),
        }
    }
}

impl fmt::Display for Sizes {
    /// Writes what [`FromStr`] parses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(Size::to_string).collect();
        f.write_str(&names.join(","))
    }
}

/// Parses one `WIDTHxHEIGHT`.
fn parse_size(text: &str) -> Result<Size, InputError> {
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
    Ok(Size::Equal { width, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Sizes {
        text.parse().expect("valid sizes")
    }

    #[test]
    fn mixed_and_lists_are_read_in_order() {
        assert_eq!(parsed("mixed"), Sizes::mixed());
        let sizes: Vec<Size> = parsed("1024x768, Mixed, 640X480").iter().collect();
        let equal = |width, height| Size::Equal { width, height };
        assert_eq!(sizes, [equal(1024, 768), Size::Mixed, equal(640, 480)]);
    }

    #[test]
    fn writing_then_reading_gives_the_same_sizes() {
        for text in ["mixed", "1x8192,mixed,640x480"] {
            assert_eq!(parsed(text).to_string(), text);
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
            ("mixed,64x64,mixed", "twice"),
        ] {
            let message = text.parse::<Sizes>().expect_err(text).to_string();
            assert!(message.contains(reason), "{text}: {message}");
        }
    }
}
