//! May this processor replace that one? A candidate through contract, parity and speed.
//!
//! Candidate and reference each run in a worker process ([`crate::worker`]); this side draws the images, asks both, compares
//! what comes back, and writes the evidence.

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
mod run;
mod session;
mod settings;
mod shrink;
mod speed;

pub use run::{examine, validate};
pub use session::Session;
pub use settings::Settings;
