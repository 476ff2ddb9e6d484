//! Files read by transformers itself, as `processor(images=["photo.jpg"])` reads them.

use std::path::Path;

use clap::ValueEnum;
use patchmark_decode::{Format, Loader, MAX_PIXELS, MAX_SIDE, Pixels, is_sound_still_gif};
use pyo3::{prelude::*, types::PyBytes};

use super::start;
use crate::{
    guarded::guarded,
    workload::{Loading, Unread},
};

/// Whose pixels a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DecoderChoice {
    /// transformers' own class of the installed release; what only Pillow reads, Pillow reads
    Reference,
    /// Pillow, as transformers' `load_image` calls it
    Pillow,
    /// torchvision, as transformers' `load_image_as_tensor` calls it
    Torchvision,
}

impl DecoderChoice {
    /// The name of the option's value, which the Python side knows too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Pillow => "pillow",
            Self::Torchvision => "torchvision",
        }
    }
}

/// transformers' loading of files.
#[derive(Debug, Clone, Copy)]
pub struct TransformersLoading {
    choice: DecoderChoice,
}

impl TransformersLoading {
    /// Python is started when the first file needs it.
    pub fn new(choice: DecoderChoice) -> Self {
        Self { choice }
    }
}

impl Loading for TransformersLoading {
    fn loader(&self) -> Loader {
        match self.choice {
            DecoderChoice::Pillow => Loader::Pillow,
            // The installed release may read with either. Every kind of which Pillow's pixels are in doubt is one of which
            // torchvision's are; a PNG that Pillow refuses for its long texts has pixels all the same.
            DecoderChoice::Reference | DecoderChoice::Torchvision => Loader::Torchvision,
        }
    }

    fn load(&self, path: &Path, bytes: &[u8]) -> Result<Pixels, Unread> {
        // Of several frames torchvision makes several images, and for a damaged one it writes outside its memory.
        let torchvision_may_read =
            Format::of(bytes) != Some(Format::Gif) || guarded(|| is_sound_still_gif(bytes)).unwrap_or(false);
        let bridge = start().map_err(Unread::Failed)?;
        Python::attach(|py| -> PyResult<Result<Pixels, Unread>> {
            let call = bridge.bind(py).getattr("load_file")?;
            let limits = (MAX_SIDE, MAX_PIXELS);
            let (kind, found) = call
                .call1((path, self.choice.name(), torchvision_may_read, limits))?
                .extract::<(String, Bound<'_, PyAny>)>()?;
            Ok(match kind.as_str() {
                "pixels" => {
                    let (width, height, rgb): (usize, usize, Bound<'_, PyBytes>) = found.extract()?;
                    Ok(Pixels { width, height, rgb: rgb.as_bytes().to_vec() })
                }
                "large" => {
                    let (width, height) = found.extract()?;
                    Err(Unread::TooLarge(width, height))
                }
                "deep" => Err(Unread::SixteenBit),
                "unsupported" => Err(Unread::Unsupported(found.extract()?)),
                _ => Err(Unread::Damaged(found.extract()?)),
            })
        })
        .map_err(|error| Unread::Failed(error.into()))?
    }
}
