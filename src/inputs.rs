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
}

impl ModelInputs {
    /// The tensors under transformers' names, in transformers' order.
    pub fn named(&self) -> [(&'static str, &Tensor); 3] {
        [
            ("pixel_values", &self.pixel_values),
            ("pixel_attention_mask", &self.pixel_attention_mask),
            ("spatial_shapes", &self.spatial_shapes),
        ]
    }

    /// Another handle to the same storage.
    pub fn shallow_clone(&self) -> Self {
        Self {
            pixel_values: self.pixel_values.shallow_clone(),
            pixel_attention_mask: self.pixel_attention_mask.shallow_clone(),
            spatial_shapes: self.spatial_shapes.shallow_clone(),
        }
    }
}
