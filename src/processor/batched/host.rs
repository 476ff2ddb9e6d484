//! Processes groups on a CPU, channels-last, with torch's integer resize.
//!
//! It is fast for these reasons, each measured with torch 2.11 on one thread:
//! - torch's uint8 resize is over three times faster on channels-last memory, which is what a decoder writes. All four
//!   strides must be channels-last, including the batch's, or torch returns separate planes.
//! - A call of the resize takes about 0.1 ms before its first pixel (it builds its weights again), so small images of
//!   one size are stacked and share a call. A large image is resized where it is, because copying it takes longer than
//!   the call; stacking a whole group would also cause page faults.
//! - Bytes are cut into patches directly in the batch's output, and normalised there.

use std::sync::Arc;

use anyhow::Result;
use tch::{Device, Kind, Tensor};

use super::{
    super::{
        Parameters, Stage, StageClock, feed, output,
        steps::{Normalization, resize},
    },
    groups::Groups,
};
use crate::{inputs::ModelInputs, workload::DecodedImage};

/// Bytes of source images per stack, at most: after being copied they are still in a core's L2 cache.
const STACK_BYTES: usize = 1 << 20;

/// Resizes each group in stacks that stay in cache.
#[derive(Debug)]
pub(super) struct OnHost {
    parameters: Parameters,
    normalization: Normalization,
}

impl OnHost {
    pub(super) fn new(parameters: &Parameters) -> Result<Self> {
        Ok(Self { parameters: parameters.clone(), normalization: Normalization::new(parameters)? })
    }

    /// Processes a batch.
    pub(super) fn process(
        &self,
        images: &[Arc<DecodedImage>],
        groups: &Groups,
        clock: &mut StageClock,
    ) -> Result<ModelInputs> {
        let patch = self.parameters.patch_size;
        let limit = self.parameters.max_num_patches;
        let row = (patch * patch * 3) as i64;
        let size = [images.len() as i64, groups.length, row];
        let output = output::empty(&size, self.normalization.kind(), Device::Cpu)?;
        let mask = Tensor::f_ones([images.len() as i64, limit as i64], (Kind::Int, Device::Cpu))?;
        for (index, shape) in groups.shapes.chunks_exact(2).enumerate() {
            let count = shape[0] * shape[1];
            if count < limit as i64 {
                let padding = limit as i64 - count;
                let _ = output.f_get(index as i64)?.f_narrow(0, count, padding)?.f_zero_()?;
                let _ = mask.f_get(index as i64)?.f_narrow(0, count, padding)?.f_zero_()?;
            }
        }
        clock.mark(Stage::PadStack);
        for group in &groups.groups {
            self.group(images, &group.members, group.target, &output, clock)?;
        }
        Ok(ModelInputs {
            pixel_values: output,
            pixel_attention_mask: mask,
            spatial_shapes: Tensor::f_from_slice(&groups.shapes)?.f_view([-1, 2])?,
            host_shapes: None,
        })
    }

    /// Processes the images `members`, which are of one size, into their rows of `output`.
    fn group(
        &self,
        images: &[Arc<DecodedImage>],
        members: &[usize],
        target: (usize, usize),
        output: &Tensor,
        clock: &mut StageClock,
    ) -> Result<()> {
        let Some(first) = members.first() else { return Ok(()) };
        let stack = (STACK_BYTES / images[*first].rgb.len().max(1)).max(1);
        for chunk in members.chunks(stack) {
            if let [single] = chunk {
                feed::with_hwc_view(&images[*single], |hwc| self.stack(hwc, chunk, target, output, clock))?;
            } else {
                let (height, width) = (images[*first].height as i64, images[*first].width as i64);
                let stacked =
                    Tensor::f_empty([chunk.len() as i64, height, width, 3], (Kind::Uint8, Device::Cpu))?;
                for (position, &index) in chunk.iter().enumerate() {
                    let mut place = stacked.f_narrow(0, position as i64, 1)?;
                    feed::with_hwc_view(&images[index], |hwc| Ok(place.f_copy_(hwc)?))?;
                }
                clock.mark(Stage::PadStack);
                self.stack(&stacked, chunk, target, output, clock)?;
            }
        }
        Ok(())
    }

    /// Resizes uint8 `[B, H, W, 3]`, then patchifies and normalises each image into its rows of `output`.
    fn stack(
        &self,
        hwc: &Tensor,
        members: &[usize],
        target: (usize, usize),
        output: &Tensor,
        clock: &mut StageClock,
    ) -> Result<()> {
        let resized = resize(&hwc.f_permute([0, 3, 1, 2])?, target, self.parameters.resample)?
            .f_permute([0, 2, 3, 1])?;
        clock.mark(Stage::Resize);
        let patch = self.parameters.patch_size as i64;
        let (rows, columns) = (target.0 as i64 / patch, target.1 as i64 / patch);
        for (position, &index) in members.iter().enumerate() {
            let image = resized.f_get(position as i64)?.f_reshape([rows, patch, columns, patch * 3])?;
            let patches = output.f_get(index as i64)?.f_narrow(0, 0, rows * columns)?;
            // A row of a patch is one run of 3·P bytes, which the copy converts to floats.
            let mut cut = patches.f_view([rows, columns, patch, patch * 3])?;
            cut.f_copy_(&image.f_transpose(1, 2)?)?;
            clock.mark(Stage::Patchify);
            self.normalization.apply_in_place(&patches)?;
            clock.mark(Stage::Normalize);
        }
        Ok(())
    }
}
