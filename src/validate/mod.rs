//! May this processor replace that one? Checks a candidate's contract, parity and speed.
//!
//! Candidate and reference each run in a worker process ([`crate::worker`]); this side draws the images, calls both,
//! compares what they return, and writes the evidence.

mod answers;
mod calls;
pub mod cases;
pub mod checks;
mod comparing;
mod embeddings;
mod evidence;
mod exam;
mod inspect;
mod picture;
pub mod releases;
mod repeats;
mod run;
mod session;
mod settings;
mod shrink;
mod sight;
mod speed;
mod uses;

pub use run::{examine, validate};
pub use session::Session;
pub use settings::Settings;
