//! Whole uses of a processor, drawn from the reference's own signature: construction, inputs, arguments, return types, and
//! what is done with instance and result. Each is Python code that both sides run; a difference is shrunk to the smallest
//! use that shows it.

mod code;
mod difference;
mod draw;
mod drawn;
mod literals;
mod run;
mod smallest;
mod ways;

pub(super) use self::run::run;
