//! The contract between a processor and the model.

use tch::Tensor;

/// The three tensors that SigLIP 2's forward takes, as transformers' processor returns them.
///
/// `B` is the batch size, `N` is `max_num_patches`, `P` is the patch size.
#[derive(Debug)]
pub struct ModelInputs {
    /// f32 `[B, N, P·P·3]`: normalised patches, row-major within an image, zero where padded.
    pub pixel_values: Tensor,
    /// i32 `[B, N]`: 1 where a patch is real, 0 where it is padding.
    pub pixel_attention_mask: Tensor,
    /// i64 `[B, 2]`: the number of patches as (rows, columns).
    pub spatial_shapes: Tensor,
    /// A copy of `spatial_shapes` in host memory, if the processor had one: a forward that reads the shapes back from a
    /// GPU waits for all work queued before. Not part of transformers' contract.
    pub host_shapes: Option<Tensor>,
}

impl ModelInputs {
    /// `spatial_shapes`, in host memory if they are there too.
    pub fn readable_shapes(&self) -> &Tensor {
        self.host_shapes.as_ref().unwrap_or(&self.spatial_shapes)
    }

    /// The tensors under transformers' names, in transformers' order.
    pub fn named(&self) -> [(&'static str, &Tensor); 3] {
        [
            ("pixel_values", &self.pixel_values),
            ("pixel_attention_mask", &self.pixel_attention_mask),
            ("spatial_shapes", &self.spatial_shapes),
        ]
    }

    /// Other handles to the same tensors.
    pub fn shallow_clone(&self) -> Self {
        Self {
            pixel_values: self.pixel_values.shallow_clone(),
            pixel_attention_mask: self.pixel_attention_mask.shallow_clone(),
            spatial_shapes: self.spatial_shapes.shallow_clone(),
            host_shapes: self.host_shapes.as_ref().map(Tensor::shallow_clone),
        }
    }
}
