//! What is processed: decoded images and how they are batched.

mod batches;
mod corpus;
mod decoder;
mod image;
mod listing;
mod sizes;
mod source;

pub use batches::Workload;
pub use corpus::{CorpusSpec, Pattern, generated};
pub use decoder::{Decoded, FileDecoder, Loading, Unread};
pub use image::DecodedImage;
pub use listing::{ListedFile, Listing};
pub use sizes::{MAX_EQUAL_SIDE, Size, Sizes};
pub use source::{EncodedImage, ImageSource, built_in_photographs};
