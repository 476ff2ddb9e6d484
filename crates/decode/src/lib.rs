//! Image files to 8-bit RGB, with exactly the pixels that transformers' own loading of a file gives.
//!
//! transformers reads files through Pillow or through torchvision. Both decode JPEG with libjpeg-turbo, and so does this
//! crate, without Python. A file gets its pixels here only if they are known to be those of the [`Loader`] in question;
//! of any other file the answer is [`Native::Undecided`] with the reason, and the caller hands it to that loader
//! itself. Nothing is guessed: a warning of a decoder, an unusual marker or an EXIF block that does not parse is a
//! reason already.
//!
//! | file | concept |
//! | --- | --- |
//! | `format` | what a file is by its first bytes |
//! | `limits` | the largest image that is decoded |
//! | `pixels` | a decoded image, or none |
//! | `orientation` | the EXIF orientation, read and applied |
//! | `jpeg` | the segments of a JPEG, and libjpeg-turbo |
//! | `png` | the chunks of a PNG, and the `image` crate's decoder |
//! | `gif` | the frames of a GIF, which is not decoded here |
//! | `decoder` | a file of any format |

mod decoder;
mod error;
mod format;
mod gif;
mod jpeg;
mod limits;
mod loader;
mod orientation;
mod pixels;
mod png;

pub use decoder::{decode, decode_undamaged, stored_size};
pub use error::{Doubt, Error};
pub use format::Format;
pub use gif::is_sound_still_gif;
pub use jpeg::SIMD;
pub use limits::{MAX_PIXELS, MAX_SIDE};
pub use loader::Loader;
pub use pixels::{Native, Pixels};
