//! Results as text for a terminal.

pub mod decision;
mod flows;
pub mod golden;
pub mod history;
pub mod layout;
pub mod parity;
pub mod releases;
pub mod run;
pub mod validation;

#[cfg(test)]
mod width_tests;
