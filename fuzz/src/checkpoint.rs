//! A checkpoint to put beside what was read.

use patchmark::model::{Config, TextConfig, VisionConfig};

/// The smallest model there is, so that a whole file of weights is a short input.
pub fn smallest() -> Config {
    let vision = VisionConfig {
        hidden_size: 1,
        intermediate_size: 1,
        num_hidden_layers: 1,
        num_attention_heads: 1,
        num_channels: 1,
        patch_size: 1,
        num_patches: 1,
        ..VisionConfig::default()
    };
    let text = TextConfig {
        hidden_size: 1,
        intermediate_size: 1,
        num_hidden_layers: 1,
        num_attention_heads: 1,
        vocab_size: 1,
        max_position_embeddings: 1,
        projection_size: 1,
        ..TextConfig::default()
    };
    Config { vision, text }
}
