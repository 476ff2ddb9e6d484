//! SigLIP 2 (NaFlex) itself, for inference: its configuration, its weights and its forward pass.
//!
//! The semantics are transformers' `Siglip2Model`, tensor by tensor and name by name, so that what a
//! processor returns can be judged by what the model makes of it.

mod attention;
mod config;
mod encoder;
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
