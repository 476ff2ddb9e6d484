//! May this processor replace that one? A candidate through contract, parity and speed.
//!
//! Candidate and reference each run in a worker process ([`crate::worker`]); this side draws the
//! images, asks both, compares what comes back, and writes the evidence.

pub mod checks;
pub mod corpus;
mod embeddings;
mod evidence;
mod exam;
mod inspect;
mod observation;
pub mod overlays;
mod parity;
mod picture;
pub mod releases;
pub mod report;
mod run;
mod session;
mod shrink;
mod side;
mod speed;
mod subject;

pub use embeddings::Embeddings;
pub use exam::{Exam, Finding, Row, Verdict as CheckVerdict};
pub use observation::{Observation, Returned};
pub use parity::{Class, Measurement, Place, Rules};
pub use run::{Outcome, ParityReport, Settings, examine, validate};
pub use session::Session;
pub use side::{About, Run};
pub(crate) use side::{Answer, Side, side, write_image};
pub(crate) use speed::ERROR_RATE;
pub use speed::SpeedRow;
pub use subject::Subject;
