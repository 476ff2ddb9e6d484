//! The instruction set, chosen at run time.

use std::{fmt, str::FromStr};

use crate::Error;

/// The environment variable that forces a level.
const VARIABLE: &str = "PATCHMARK_CPU";

/// An instruction set. All levels compute the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// AVX-512 with byte permutations (VBMI) and byte dot products (VNNI): Ice Lake, Zen 4 and later.
    Avx512Vnni,
    /// AVX-512 F, BW, DQ and VL: Skylake-X and later.
    Avx512,
    /// AVX2 and FMA.
    Avx2,
    /// Plain Rust for any processor.
    Portable,
}

impl Level {
    /// All levels, fastest first.
    pub const ALL: [Self; 4] = [Self::Avx512Vnni, Self::Avx512, Self::Avx2, Self::Portable];

    /// The fastest level that this machine supports.
    pub fn detect() -> Self {
        Self::ALL.into_iter().find(|level| level.available()).unwrap_or(Self::Portable)
    }

    /// The level that `PATCHMARK_CPU` names, or the fastest one if it is not set.
    ///
    /// # Errors
    /// [`Error::Level`] if the name is not that of a level, or if this machine does not support the level.
    pub fn from_environment() -> Result<Self, Error> {
        match std::env::var(VARIABLE) {
            Ok(name) => {
                let level =
                    name.parse::<Self>().map_err(|error| Error::Level(format!("{VARIABLE}: {error}")))?;
                level.check().map(|()| level).map_err(|error| Error::Level(format!("{VARIABLE}: {error}")))
            }
            Err(std::env::VarError::NotPresent) => Ok(Self::detect()),
            Err(error) => Err(Error::Level(format!("{VARIABLE}: {error}"))),
        }
    }

    /// Whether this machine supports the level.
    pub fn available(self) -> bool {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            match self {
                Self::Portable => true,
                Self::Avx2 => avx2,
                Self::Avx512 => avx512,
                Self::Avx512Vnni => {
                    avx512 && is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("avx512vnni")
                }
            }
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        {
            self == Self::Portable
        }
    }

    /// Refuses a level that this machine does not support.
    pub(crate) fn check(self) -> Result<(), Error> {
        if self.available() { Ok(()) } else { Err(Error::Level(format!("this machine cannot run {self}"))) }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avx512Vnni => "avx512",
            Self::Avx512 => "avx512-novnni",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        })
    }
}

impl FromStr for Level {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|level| level.to_string() == name).ok_or_else(|| {
            Error::Level(format!("{name:?} is not a level; use avx512, avx512-novnni, avx2 or portable"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert!(matches!("sse".parse::<Level>(), Err(Error::Level(_))));
    }

    #[test]
    fn the_portable_level_is_everywhere() {
        assert!(Level::Portable.available() && Level::detect().available());
    }
}
