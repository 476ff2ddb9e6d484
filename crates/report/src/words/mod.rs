//! Results in words: what terminal, Markdown, charts and pages say alike.

pub mod decision;
pub mod figures;
pub mod machine;
pub mod overlap;
pub mod parity;
pub mod releases;
pub mod run;
pub mod validation;
