//! The forward's dtype and the device, as given on the command line.

use std::fmt;

use anyhow::Result;
use patchmark_results::input_error;
use tch::{Cuda, Device, Kind};

/// The dtype of weights and activations in the forward, and how f32 products are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Precision {
    /// 32-bit floating point.
    F32,
    /// 32-bit floating point, with factors of matrix products rounded to TF32, which a GPU multiplies several times
    /// faster.
    Tf32,
    /// bfloat16.
    Bf16,
    /// IEEE half.
    F16,
}

impl Precision {
    /// The torch dtype of weights and activations.
    pub fn kind(self) -> Kind {
        match self {
            Self::F32 | Self::Tf32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
            Self::F16 => Kind::Half,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

/// Parses `cpu`, `cuda` or `cuda:N`, without checking that the device exists.
///
/// # Errors
/// An input error for any other text.
pub fn named_device(text: &str) -> Result<Device> {
    let index = match text {
        "cpu" => return Ok(Device::Cpu),
        "cuda" => Some(0),
        _ => text.strip_prefix("cuda:").and_then(|index| index.parse::<usize>().ok()),
    };
    index.map(Device::Cuda).ok_or_else(|| input_error!("unknown device {text:?}; choose cpu or cuda:N"))
}

/// As [`named_device`], but only for a device that this machine has.
///
/// # Errors
/// As [`named_device`], or if the GPU does not exist.
pub fn parse_device(text: &str) -> Result<Device> {
    let Device::Cuda(index) = named_device(text)? else { return Ok(Device::Cpu) };
    let count = Cuda::device_count();
    if !Cuda::is_available() || count <= 0 {
        return Err(input_error!(
            "--device {text}: torch sees no CUDA device; run `patchmark doctor`, or use --device cpu"
        ));
    }
    if index as i64 >= count {
        return Err(input_error!(
            "--device {text}: this machine has {count} CUDA device(s), numbered from 0"
        ));
    }
    Ok(Device::Cuda(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_devices_are_named() {
        assert_eq!(parse_device("cpu").unwrap(), Device::Cpu);
        for text in ["gpu", "cuda:x", "cuda:-1", ""] {
            assert!(parse_device(text).unwrap_err().to_string().contains(text));
        }
    }
}
