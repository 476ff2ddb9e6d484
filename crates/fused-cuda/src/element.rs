//! What a sample of the output is.

use half::{bf16, f16};

use crate::layout::CHANNELS;

/// The dtype of `pixel_values`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// 32-bit floating point, the reference's bits.
    F32,
    /// bfloat16, rounded to nearest even from the f32.
    Bf16,
    /// IEEE half precision, rounded to nearest even from the f32.
    F16,
    /// The resized byte itself, where neither rescaling nor normalising is asked for.
    U8,
}

impl Element {
    /// Bytes of a sample.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
            Self::U8 => 1,
        }
    }

    /// The unsigned integer of that size in the kernel's language. Beyond this the kernel knows no dtype: a sample is
    /// looked up, so it is rounded here once and never there.
    pub(crate) fn kernel_type(self) -> &'static str {
        match self.size() {
            4 => "u32",
            2 => "u16",
            _ => "u8",
        }
    }

    /// What each byte of each channel becomes, `[CHANNELS][256]` samples. [`Element::U8`] keeps bytes and ignores
    /// `values`.
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
