//! The two passes behind one trait, with one implementation per level.
//!
//! The horizontal pass turns a few source rows into groups. A group has one dword per output sample (red,
//! green and blue of each pixel side by side, whatever the layout of the source). The dword holds that sample
//! of every row in the group: four rows as bytes, or two rows as 16-bit numbers. The dot product of the
//! vertical pass takes exactly this operand, so nothing is shuffled between the passes.

#![allow(
    clippy::needless_range_loop,
    reason = "an index stands for the same row or register in several arrays"
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
