//! The form in which a processor is fed decoded images.

use std::{fmt, path::Path, sync::Arc};

use anyhow::{Result, bail};
use pyo3::{Py, types::PyList};
use tch::{Device, Kind, Tensor};

use crate::{python, workload::DecodedImage};

/// What a user of a processor holds before calling it. Making it does not count as preprocess time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// A list of `PIL.Image.Image` in RGB.
    Pil,
    /// uint8 tensors `[3, H, W]`, contiguous.
    Chw,
    /// Interleaved bytes `[H, W, 3]`: what a decoder writes.
    Hwc,
    /// uint8 tensors `[H, W, 3]`, contiguous, on that device: what a decoder on a GPU writes.
    Device(Device),
    /// Interleaved bytes, from which another process makes the named form before it takes the time.
    Elsewhere(&'static str),
}

impl fmt::Display for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Pil => "PIL",
            Self::Chw => "CHW",
            Self::Hwc => "HWC",
            Self::Device(_) => "GPU",
            Self::Elsewhere(form) => form,
        })
    }
}

/// A batch in the form of one [`Feed`].
pub enum FedBatch {
    /// See [`Feed::Pil`].
    Pil(Py<PyList>),
    /// Paths of files as `str`, which only transformers' own processors take: they read the files themselves.
    Paths(Py<PyList>),
    /// See [`Feed::Chw`].
    Chw(Vec<Tensor>),
    /// See [`Feed::Hwc`] and [`Feed::Elsewhere`].
    Hwc(Vec<Arc<DecodedImage>>),
    /// See [`Feed::Device`].
    Device(Vec<Tensor>),
}

impl FedBatch {
    /// Prepares decoded images for a processor that is fed `feed`.
    pub fn new(feed: Feed, images: &[Arc<DecodedImage>]) -> Result<Self> {
        Ok(match feed {
            Feed::Pil => Self::Pil(python::pil_images(images)?),
            Feed::Chw => Self::Chw(images.iter().map(|image| chw(image)).collect::<Result<_>>()?),
            Feed::Hwc | Feed::Elsewhere(_) => Self::Hwc(images.to_vec()),
            Feed::Device(device) => {
                let there = |image: &Arc<DecodedImage>| {
                    with_hwc_view(image, |hwc| {
                        Ok(hwc.f_squeeze_dim(0)?.f_to_device_(device, Kind::Uint8, false, true)?)
                    })
                };
                Self::Device(images.iter().map(there).collect::<Result<_>>()?)
            }
        })
    }

    /// Files for transformers' own processors, which read them themselves.
    ///
    /// # Errors
    /// If Python cannot start or runs out of memory.
    pub fn of_files(paths: &[&Path]) -> Result<Self> {
        Ok(Self::Paths(python::path_list(paths)?))
    }

    /// The list of a [`Feed::Pil`] batch.
    pub(crate) fn pil(&self) -> Result<&Py<PyList>> {
        match self {
            Self::Pil(list) => Ok(list),
            _ => bail!("the batch was not prepared as PIL images"),
        }
    }

    /// The tensors of a [`Feed::Chw`] batch.
    pub(crate) fn chw(&self) -> Result<&[Tensor]> {
        match self {
            Self::Chw(tensors) => Ok(tensors),
            _ => bail!("the batch was not prepared as CHW tensors"),
        }
    }

    /// The tensors of a [`Feed::Device`] batch.
    pub(crate) fn device(&self) -> Result<&[Tensor]> {
        match self {
            Self::Device(tensors) => Ok(tensors),
            _ => bail!("the batch was not prepared on a device"),
        }
    }

    /// The images of a [`Feed::Hwc`] batch.
    pub(crate) fn hwc(&self) -> Result<&[Arc<DecodedImage>]> {
        match self {
            Self::Hwc(images) => Ok(images),
            _ => bail!("the batch was not prepared as HWC bytes"),
        }
    }
}

/// A uint8 tensor `[1, H, W, 3]` over the image's own bytes, without a copy.
///
/// The tensor is passed to `view` and must not outlive the call, because torch does not own the bytes.
pub(crate) fn with_hwc_view<T>(image: &DecodedImage, view: impl FnOnce(&Tensor) -> Result<T>) -> Result<T> {
    let (height, width) = (image.height as i64, image.width as i64);
    // SAFETY: `DecodedImage` holds exactly height·width·3 bytes, the strides below stay within
    // them, `image` is borrowed for the whole call, and nothing in this crate writes to the view.
    let tensor = unsafe {
        Tensor::f_from_blob(
            image.rgb.as_ptr(),
            &[1, height, width, 3],
            &[height * width * 3, width * 3, 3, 1],
            Kind::Uint8,
            Device::Cpu,
        )?
    };
    view(&tensor)
}

/// A contiguous uint8 copy `[3, H, W]`.
fn chw(image: &DecodedImage) -> Result<Tensor> {
    with_hwc_view(image, |hwc| Ok(hwc.f_squeeze_dim(0)?.f_permute([2, 0, 1])?.f_contiguous()?))
}
