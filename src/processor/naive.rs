//! The per-image loop, with the same steps as in transformers.

use anyhow::Result;
use patchmark_results::input_error;
use tch::{Device, Kind, Tensor};

use super::{
    FedBatch, Feed, Parameters, Processor, Stage, StageClock,
    steps::{Normalization, output_size, patchify, resize},
};
use crate::inputs::ModelInputs;

/// Resizes, normalises, patchifies and pads one image after the other, then stacks them.
#[derive(Debug)]
pub struct Naive {
    loop_body: LoopBody,
    device: Device,
}

impl Naive {
    /// A processor with outputs on `device`.
    ///
    /// # Errors
    /// If a parameter is not supported.
    pub fn new(parameters: &Parameters, device: Device) -> Result<Self> {
        Ok(Self { loop_body: LoopBody::new(parameters)?, device })
    }
}

impl Processor for Naive {
    fn name(&self) -> &'static str {
        "naive"
    }

    fn feed(&self) -> Feed {
        Feed::Chw
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        let _no_grad = tch::no_grad_guard();
        let mut images = Vec::with_capacity(batch.chw()?.len());
        for image in batch.chw()? {
            images.push(self.loop_body.run(image, self.device, clock)?);
        }
        stack(images, self.device, clock)
    }
}

/// One image's share of the outputs.
#[derive(Debug)]
pub(super) struct PaddedImage {
    patches: Tensor,
    mask: Tensor,
    shape: (i64, i64),
}

/// The body of the loop, which processes one image; shared by `naive` and `threaded`.
#[derive(Debug)]
pub(super) struct LoopBody {
    parameters: Parameters,
    normalization: Normalization,
}

impl LoopBody {
    pub(super) fn new(parameters: &Parameters) -> Result<Self> {
        parameters.validate()?;
        Ok(Self { parameters: parameters.clone(), normalization: Normalization::new(parameters)? })
    }

    pub(super) fn shallow_clone(&self) -> Self {
        Self { parameters: self.parameters.clone(), normalization: self.normalization.shallow_clone() }
    }

    pub(super) fn run(&self, image: &Tensor, device: Device, clock: &mut StageClock) -> Result<PaddedImage> {
        let (_, height, width) = image.size3()?;
        let target = output_size(&self.parameters, height as usize, width as usize)?;
        clock.mark(Stage::SizeSearch);
        let resized = resize(&image.f_unsqueeze(0)?, target, self.parameters.resample)?;
        clock.mark(Stage::Resize);
        let normalized = self.normalization.apply(resized)?;
        clock.mark(Stage::Normalize);
        let patches = patchify(&normalized, self.parameters.patch_size)?.f_squeeze_dim(0)?;
        clock.mark(Stage::Patchify);
        let count = patches.size()[0];
        let limit = self.parameters.max_num_patches as i64;
        let mask = Tensor::f_ones([limit], (Kind::Int, Device::Cpu))?;
        let patches = if count < limit {
            let _ = mask.f_narrow(0, count, limit - count)?.f_zero_()?;
            patches.f_constant_pad_nd([0, 0, 0, limit - count])?
        } else {
            patches
        };
        clock.mark(Stage::PadStack);
        let patches = patches.f_to_device(device)?;
        clock.mark(Stage::Upload);
        let patch = self.parameters.patch_size;
        Ok(PaddedImage { patches, mask, shape: ((target.0 / patch) as i64, (target.1 / patch) as i64) })
    }
}

/// Stacks the images of a batch into the three tensors.
pub(super) fn stack(images: Vec<PaddedImage>, device: Device, clock: &mut StageClock) -> Result<ModelInputs> {
    let first = images.first().ok_or_else(|| input_error!("the batch is empty; give at least one image"))?;
    let expected = first.patches.size();
    if let Some(other) = images.iter().find(|image| image.patches.size() != expected) {
        return Err(input_error!(
            "images of {} and {} patches cannot be stacked: without do_resize an image may exceed max_num_patches; \
             set do_resize or raise max_num_patches",
            expected[0],
            other.patches.size()[0]
        ));
    }
    let patches: Vec<&Tensor> = images.iter().map(|image| &image.patches).collect();
    let masks: Vec<&Tensor> = images.iter().map(|image| &image.mask).collect();
    let shapes: Vec<i64> = images.iter().flat_map(|image| [image.shape.0, image.shape.1]).collect();
    let shapes = Tensor::f_from_slice(&shapes)?.f_view([-1, 2])?;
    let inputs = ModelInputs {
        pixel_values: Tensor::f_stack(&patches, 0)?.f_to_device(device)?,
        pixel_attention_mask: Tensor::f_stack(&masks, 0)?.f_to_device(device)?,
        spatial_shapes: shapes.f_to_device(device)?,
        host_shapes: Some(shapes),
    };
    clock.mark(Stage::PadStack);
    Ok(inputs)
}
