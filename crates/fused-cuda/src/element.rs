//! The dtype of the output.

use half::{bf16, f16};

use crate::layout::CHANNELS;

/// The dtype of `pixel_values`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// 32-bit floating point, with the bits of the reference.
    F32,
    /// bfloat16, rounded from the f32 to nearest even.
    Bf16,
    /// IEEE half precision, rounded from the f32 to nearest even.
    F16,
    /// The resized byte itself, if neither rescaling nor normalisation is wanted.
    U8,
}

impl Element {
    /// Bytes per sample.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
            Self::U8 => 1,
        }
    }

    /// The unsigned integer type of this size in the kernel's source. The kernel knows nothing else about the dtype: it
    /// looks samples up in a table, which holds values that are already rounded.
    pub(crate) fn kernel_type(self) -> &'static str {
        match self.size() {
            4 => "u32",
            2 => "u16",
            _ => "u8",
        }
    }

    /// The sample that each byte of each channel becomes, `[CHANNELS][256]`. [`Element::U8`] keeps the bytes and
    /// ignores `values`.
    pub(crate) fn table(self, values: &[[f32; 256]; 3]) -> Vec<u8> {
        let samples = || values.iter().flatten();
        let channels: Vec<u8> = match self {
            Self::F32 => samples().flat_map(|value| value.to_le_bytes()).collect(),
            Self::Bf16 => samples().flat_map(|&value| bf16::from_f32(value).to_le_bytes()).collect(),
            Self::F16 => samples().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect(),
            Self::U8 => (0..3).flat_map(|_| 0..=u8::MAX).collect(),
        };
        channels.repeat(CHANNELS / 3)
    }
}
