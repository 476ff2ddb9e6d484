//! Runs the single pass on the CPU up to resized bytes, which are uploaded and normalised on the device.
//!
//! Only a quarter of the bytes of `fused` go over the bus; whether that pays for normalising on the device depends on
//! the batch.

use anyhow::Result;
use tch::{Device, Kind, Tensor};

use super::{FedBatch, Feed, Fused, Parameters, Processor, Stage, StageClock, steps::Normalization};
use crate::inputs::ModelInputs;

/// [`Fused`] without its normalisation, which is done on the device instead.
pub struct FusedU8 {
    bytes: Fused,
    normalization: Normalization,
}

impl FusedU8 {
    /// A processor on `threads` threads, with outputs on `device`.
    ///
    /// # Errors
    /// As [`Fused::new`].
    pub fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        parameters.validate()?;
        let normalization = Normalization::new(parameters)?.to_device(device)?;
        let bytes = Parameters { do_rescale: false, do_normalize: false, ..parameters.clone() };
        Ok(Self { bytes: Fused::new("fused-u8", Feed::Hwc, &bytes, device, threads)?, normalization })
    }
}

impl Processor for FusedU8 {
    fn name(&self) -> &str {
        self.bytes.name()
    }

    fn feed(&self) -> Feed {
        self.bytes.feed()
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        let _no_grad = tch::no_grad_guard();
        let inputs = self.bytes.process(batch, clock)?;
        let pixel_values = match self.normalization.kind() {
            Kind::Uint8 => inputs.pixel_values,
            kind => {
                let values = inputs.pixel_values.f_to_kind(kind)?;
                self.normalization.apply_in_place(&values)?;
                blank_padding(&values, &inputs.spatial_shapes)?;
                values
            }
        };
        clock.mark(Stage::Normalize);
        Ok(ModelInputs { pixel_values, ..inputs })
    }
}

/// Sets padding, which was normalised as if it were black, to zero; `shapes` is i64 `[B, 2]`.
fn blank_padding(values: &Tensor, shapes: &Tensor) -> Result<()> {
    let (_, length, _) = values.size3()?;
    let counts = shapes.f_prod_dim_int(1, true, Kind::Int64)?;
    let places = Tensor::f_arange(length, (Kind::Int64, values.device()))?;
    let padding = places.f_ge_tensor(&counts)?.f_unsqueeze(-1)?;
    // Filled, not multiplied: a negative value times zero is −0.
    let _ = values.shallow_clone().f_masked_fill_(&padding, 0.0)?;
    Ok(())
}
