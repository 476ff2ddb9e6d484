//! Results in words, shared by terminal, Markdown, charts and pages.

pub mod behind;
pub mod caveats;
pub mod decision;
pub mod decoding;
pub mod figures;
pub mod flows;
pub mod machine;
pub mod overlap;
pub mod parity;
pub mod releases;
pub mod run;
pub mod spread;
pub mod validation;
pub mod warnings;
