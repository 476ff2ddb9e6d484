//! The two passes, once for each level, behind one trait.
//!
//! The horizontal pass turns a few source rows into groups: one dword for each output sample (red, green,
//! blue of a pixel side by side, whatever the source's layout) that holds the sample in each of the group's
//! rows, as bytes of four rows or as 16 bits of two. That is the operand that the vertical pass's dot product
//! takes, so nothing is shuffled between the passes.

#![allow(
    clippy::needless_range_loop,
    reason = "registers are numbered: the same row or vector of several arrays"
)]

mod interface;
mod portable;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_sums;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_out;
#[cfg(target_arch = "x86_64")]
mod vnni;
#[cfg(target_arch = "x86_64")]
mod vnni_sums;

#[cfg(target_arch = "x86_64")]
pub(crate) use self::{avx2::Avx2, avx512::Avx512, vnni::Vnni};
pub(crate) use self::{
    interface::{Kernel, MOST_GROUPS, Rows, Runs, SLACK, Sum, Term, fence},
    portable::Portable,
};
