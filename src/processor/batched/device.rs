//! Processes groups on a GPU: pixels are uploaded as bytes, and everything else is computed on the device.
//!
//! The operators and their order are those of torchvision without a uint8 resize, and of transformers before and after
//! it: to f32, antialiased resize, (bicubic: clamp,) round, to u8, to f32, subtract the mean, divide by the deviation.
//! Each is element-wise or treats images independently, so applying them to a whole group changes no bit. Patches are
//! cut before the normalisation, because that moves a quarter of the bytes.

use std::sync::Arc;

use anyhow::{Context, Result};
use patchmark_fused_cuda::copy_streaming;
use rayon::{ThreadPool, prelude::*};
use tch::{Device, Kind, Tensor};

use super::{
    super::{
        Parameters, Stage, StageClock, output,
        steps::{Normalization, resize_in_float},
    },
    groups::{Group, Groups},
};
use crate::{inputs::ModelInputs, workload::DecodedImage};

/// Bytes of source pixels per chunk. As f32 they take four times that on the device. While one chunk is uploaded, the
/// next is gathered on the host.
const CHUNK_BYTES: usize = 64 << 20;

/// Bytes that one thread copies at a time.
const BAND: usize = 256 << 10;

/// Processes groups on a device. For tests, the device may be the CPU: the values are the same, but it is slow.
#[derive(Debug)]
pub(super) struct OnDevice {
    parameters: Parameters,
    normalization: Normalization,
    device: Device,
    /// Copies pixels into page-locked memory; one thread alone would be slower than the bus.
    pool: ThreadPool,
    chunk_bytes: usize,
}

impl OnDevice {
    pub(super) fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .with_context(|| format!("failed to start a thread pool of size {threads}"))?;
        let normalization = Normalization::new(parameters)?.to_device(device)?;
        Ok(Self { parameters: parameters.clone(), normalization, device, pool, chunk_bytes: CHUNK_BYTES })
    }

    /// Processes a batch.
    pub(super) fn process(
        &self,
        images: &[Arc<DecodedImage>],
        groups: &Groups,
        clock: &mut StageClock,
    ) -> Result<ModelInputs> {
        let patch = self.parameters.patch_size;
        let size = [images.len() as i64, groups.length, (patch * patch * 3) as i64];
        let output = Tensor::f_zeros(size, (self.normalization.kind(), self.device))?;
        let host_shapes = Tensor::f_from_slice(&groups.shapes)?.f_view([-1, 2])?;
        let shapes = output::upload(&host_shapes, self.device)?;
        let mask = self.mask(&shapes)?;
        clock.mark(Stage::PadStack);
        for group in &groups.groups {
            let bytes = group.members.first().map_or(1, |&first| images[first].rgb.len());
            for members in group.members.chunks((self.chunk_bytes / bytes.max(1)).max(1)) {
                let pixels = self.gather(images, members)?;
                clock.mark(Stage::Convert);
                let pixels = output::upload(&pixels, self.device)?;
                clock.mark(Stage::Upload);
                self.chunk(&pixels, group, members, &output, clock)?;
            }
        }
        Ok(ModelInputs {
            pixel_values: output,
            pixel_attention_mask: mask,
            spatial_shapes: shapes,
            host_shapes: Some(host_shapes),
        })
    }

    /// The mask, i32 `[B, max_num_patches]`: 1 for each patch of an image according to `shapes`, i64 `[B, 2]`.
    fn mask(&self, shapes: &Tensor) -> Result<Tensor> {
        let counts = shapes.f_prod_dim_int(1, true, Kind::Int64)?;
        let places = Tensor::f_arange(self.parameters.max_num_patches as i64, (Kind::Int64, self.device))?;
        Ok(places.f_lt_tensor(&counts)?.f_to_kind(Kind::Int)?)
    }

    /// The pixels of images of one size, u8 `[B, H, W, 3]`, in host memory that the device can read directly.
    fn gather(&self, images: &[Arc<DecodedImage>], members: &[usize]) -> Result<Tensor> {
        let first = &images[members[0]];
        let size = [members.len() as i64, first.height as i64, first.width as i64, 3];
        let gathered = output::empty(&size, Kind::Uint8, self.device)?;
        // SAFETY: the tensor is contiguous u8 on the host and was made here, so nothing else reads or writes its bytes;
        // torch reuses an earlier buffer only when the device has read it.
        let bytes =
            unsafe { std::slice::from_raw_parts_mut(gathered.data_ptr().cast::<u8>(), gathered.numel()) };
        // In bands, so that several threads share even a single image.
        let places = bytes.chunks_exact_mut(first.rgb.len()).zip(members);
        let bands: Vec<_> = places
            .flat_map(|(place, &index)| place.chunks_mut(BAND).zip(images[index].rgb.chunks(BAND)))
            .collect();
        self.pool.install(|| bands.into_par_iter().for_each(|(to, from)| copy_streaming(to, from)));
        Ok(gathered)
    }

    /// Processes u8 `[B, H, W, 3]` on the device into the rows of `members` in `output`.
    fn chunk(
        &self,
        pixels: &Tensor,
        group: &Group,
        members: &[usize],
        output: &Tensor,
        clock: &mut StageClock,
    ) -> Result<()> {
        let resized =
            resize_in_float(&pixels.f_permute([0, 3, 1, 2])?, group.target, self.parameters.resample)?;
        clock.mark(Stage::Resize);
        let patch = self.parameters.patch_size as i64;
        let (rows, columns) = (group.target.0 as i64 / patch, group.target.1 as i64 / patch);
        let cut = [-1, 3, rows, patch, columns, patch];
        let patches = resized.f_reshape(cut)?.f_permute([0, 2, 4, 3, 5, 1])?;
        let mut start = 0;
        for run in members.chunk_by(|one, next| one + 1 == *next) {
            // Images that are neighbours in the batch are written together; a same-size batch is a single run.
            let place = output.f_narrow(0, run[0] as i64, run.len() as i64)?;
            let place = place.f_narrow(1, 0, rows * columns)?;
            let mut cut = place.f_view([run.len() as i64, rows, columns, patch, patch, 3])?;
            cut.f_copy_(&patches.f_narrow(0, start, run.len() as i64)?)?;
            clock.mark(Stage::Patchify);
            self.normalization.apply_in_place(&place)?;
            clock.mark(Stage::Normalize);
            start += run.len() as i64;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
