//! The SigLIP 2 (NaFlex) model for inference: configuration, weights and forward pass.
//!
//! It follows transformers' `Siglip2Model` tensor by tensor and name by name, so that a processor's outputs can be
//! judged by the embeddings that the model computes from them.

mod attention;
mod config;
mod encoder;
mod growth;
mod layers;
mod positions;
mod random;
mod recorded;
mod siglip2;
mod source;
mod text;
mod tokenizer;
mod vision;
mod weights;

pub use config::{Config, TextConfig, VisionConfig};
pub use recorded::{Recorded, Recorder, Work};
pub use siglip2::{Forward, ModelOutputs, Siglip2, Tower};
pub use source::{LoadedModel, ModelSource};
pub use text::TextInputs;
pub use tokenizer::{TextTokenizer, seeded_ids};
pub use weights::{Weights, expected_tensors};
