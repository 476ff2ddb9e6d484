//! The steps of preprocessing as torch operations: the operators that transformers calls, so the bits are the same.

use anyhow::Result;
use patchmark_results::input_error;
use tch::{Device, Kind, Tensor};

use super::{Parameters, Resample};
use patchmark_fused::target_size;

/// The mean and standard deviation, fused with the rescale factor as in transformers, f32 `[3, 1, 1]`.
#[derive(Debug)]
pub(super) struct Normalization {
    fused: Option<(Tensor, Tensor)>,
    rescale_factor: Option<f64>,
}

impl Normalization {
    pub(super) fn new(parameters: &Parameters) -> Result<Self> {
        let column = |values: [f32; 3]| -> Result<Tensor> {
            let values = Tensor::f_from_slice(&values)?.f_view([3, 1, 1])?;
            // transformers multiplies the f32 tensor by 1/factor; dividing would round differently.
            Ok(if parameters.do_rescale {
                values.f_mul_scalar(1.0 / parameters.rescale_factor)?
            } else {
                values
            })
        };
        let fused = if parameters.do_normalize {
            Some((column(parameters.image_mean)?, column(parameters.image_std)?))
        } else {
            None
        };
        Ok(Self { fused, rescale_factor: parameters.do_rescale.then_some(parameters.rescale_factor) })
    }

    /// The same normalisation on another device.
    pub(super) fn to_device(&self, device: Device) -> Result<Self> {
        let moved = |values: &Tensor| values.f_to_device(device);
        let fused = match &self.fused {
            Some((mean, std)) => Some((moved(mean)?, moved(std)?)),
            None => None,
        };
        Ok(Self { fused, rescale_factor: self.rescale_factor })
    }

    /// Converts uint8 `[…, 3, H, W]` to normalised f32, or returns it unchanged if neither step is requested.
    pub(super) fn apply(&self, pixels: Tensor) -> Result<Tensor> {
        Ok(match (&self.fused, self.rescale_factor) {
            (Some((mean, std)), _) => pixels.f_to_kind(Kind::Float)?.f_sub_(mean)?.f_div_(std)?,
            (None, Some(factor)) => pixels.f_mul_scalar(factor)?,
            (None, None) => pixels,
        })
    }

    /// As [`Normalization::apply`], in place, on f32 patches `[…, P·P·3]` that hold byte values.
    ///
    /// The channel is the innermost dimension, so mean and deviation are repeated to the length of a patch: torch
    /// divides long rows several times faster than triples.
    pub(super) fn apply_in_place(&self, patches: &Tensor) -> Result<()> {
        let mut patches = patches.shallow_clone();
        match (&self.fused, self.rescale_factor) {
            (Some((mean, std)), _) => {
                let repeats = patches.size().last().map_or(0, |length| length / 3);
                let row = |values: &Tensor| values.f_flatten(0, -1)?.f_repeat([repeats]);
                let _ = patches.f_sub_(&row(mean)?)?.f_div_(&row(std)?)?;
            }
            (None, Some(factor)) => {
                let _ = patches.f_mul_scalar_(factor)?;
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// A handle for another thread.
    pub(super) fn shallow_clone(&self) -> Self {
        Self {
            fused: self.fused.as_ref().map(|(mean, std)| (mean.shallow_clone(), std.shallow_clone())),
            rescale_factor: self.rescale_factor,
        }
    }

    /// The dtype of [`Normalization::apply`]'s result.
    pub(super) fn kind(&self) -> Kind {
        if self.fused.is_some() || self.rescale_factor.is_some() { Kind::Float } else { Kind::Uint8 }
    }
}

/// The (height, width) in pixels to which an image of `height` × `width` is resized.
///
/// # Errors
/// Without `do_resize`, an input error if a side is not a multiple of the patch size.
pub(super) fn output_size(parameters: &Parameters, height: usize, width: usize) -> Result<(usize, usize)> {
    let patch = parameters.patch_size;
    if parameters.do_resize {
        return Ok(target_size(height, width, patch, parameters.max_num_patches));
    }
    if !height.is_multiple_of(patch) || !width.is_multiple_of(patch) {
        return Err(input_error!(
            "an image of {width}x{height} px cannot be cut into patches of {patch} px without do_resize; \
             set do_resize or give sides that are multiples of {patch}"
        ));
    }
    Ok((height, width))
}

/// Resizes uint8 `[B, 3, H, W]` with antialiasing; images that already have the size are returned unchanged.
pub(super) fn resize(images: &Tensor, (height, width): (usize, usize), resample: Resample) -> Result<Tensor> {
    let target = [height as i64, width as i64];
    if images.size()[2..] == target {
        return Ok(images.shallow_clone());
    }
    Ok(match resample {
        Resample::Bilinear => images.f_internal_upsample_bilinear2d_aa(target, false, None, None)?,
        Resample::Bicubic => images.f_internal_upsample_bicubic2d_aa(target, false, None, None)?,
    })
}

/// As [`resize`], but as torchvision does it if torch has no uint8 operator, as on a GPU: in f32, then rounded.
pub(super) fn resize_in_float(
    images: &Tensor,
    (height, width): (usize, usize),
    resample: Resample,
) -> Result<Tensor> {
    let target = [height as i64, width as i64];
    if images.size()[2..] == target {
        return Ok(images.shallow_clone());
    }
    // Converts to f32 and to separate planes, whatever the layout of the images, in one step.
    let mut float = Tensor::f_empty(images.size(), (Kind::Float, images.device()))?;
    float.f_copy_(images)?;
    let mut resized = match resample {
        Resample::Bilinear => float.f_internal_upsample_bilinear2d_aa(target, false, None, None)?,
        // The cubic filter overshoots; torchvision clamps before it rounds.
        Resample::Bicubic => {
            float.f_internal_upsample_bicubic2d_aa(target, false, None, None)?.f_clamp_(0.0, 255.0)?
        }
    };
    Ok(resized.f_round_()?.f_to_kind(Kind::Uint8)?)
}

/// Rearranges `[B, 3, rows·P, columns·P]` into patches `[B, rows·columns, P·P·3]`, channels innermost.
pub(super) fn patchify(images: &Tensor, patch_size: usize) -> Result<Tensor> {
    let patch = patch_size as i64;
    let (batch, channels, height, width) = images.size4()?;
    let (rows, columns) = (height / patch, width / patch);
    Ok(images
        .f_reshape([batch, channels, rows, patch, columns, patch])?
        .f_permute([0, 2, 4, 3, 5, 1])?
        .f_reshape([batch, rows * columns, patch * patch * channels])?)
}

/// The length of each image's sequence of patches in the output. It is the limit, or the number of patches of every
/// image if all of them exceed the limit, which is only possible without `do_resize` and is what the reference returns.
pub(super) fn output_length(shapes: &[i64], limit: usize) -> Result<i64> {
    let limit = limit as i64;
    let mut lengths = shapes.chunks_exact(2).map(|shape| (shape[0] * shape[1]).max(limit));
    let first = lengths.next().unwrap_or(limit);
    match lengths.find(|&length| length != first) {
        None => Ok(first),
        Some(other) => Err(input_error!(
            "images of {first} and {other} patches cannot be stacked: without do_resize an image may exceed \
             max_num_patches; set do_resize or raise max_num_patches"
        )),
    }
}
