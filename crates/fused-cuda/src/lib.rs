//! SigLIP 2 (NaFlex) preprocessing of a whole batch in one CUDA launch. It takes decoded pixels of any mix of sizes in
//! device memory, and makes all three tensors. The result is bit for bit that of torch's uint8 antialiased resize **on
//! a CPU**. torch's own resize on CUDA has no integer path: a tenth of its values differ from the CPU's by one level.
//!
//! | file | concept |
//! | --- | --- |
//! | `element` | the dtype of the output |
//! | `tables` | the weights of an axis, in words of four |
//! | `tiling` | how an output is divided into tiles |
//! | `plan` | everything that a resize between two sizes needs, and a bounded store of plans |
//! | `batch` | the images of a launch, and the table that describes them to the kernel |
//! | `layout` | constants and structures that host and kernel share |
//! | `source`, `kernel/` | the kernel's source, with the primitives that it needs on a device and on the host |
//! | `nvrtc`, `compiler`, `code_cache` | the compiler, its input, and its machine code on disk |
//! | `stream`, `context`, `device` | a stream, a device's context, and launches of the kernel |
//! | `resident` | the plans that stay in device memory |
//! | `staging`, `streaming` | pinned memory for uploads, and copies into it |
//! | `emulator` | the kernel on the host, one thread after another |
//! | `bandwidth` | the kernel's time compared with that of a copy |
//!
//! # How it works
//! One block makes one tile of an output, usually 96x16 pixels; the last blocks of each image write padding, mask and
//! shape. The table has one entry per block, so a block finds its image with a single load.
//!
//! Source rows arrive in shared memory by asynchronous copies of 16 bytes, in stages of eight rows: one stage is copied
//! while the other is resized. In the horizontal pass, a thread resizes one pixel of four rows and stores the four
//! bytes of each channel in one word. A word thus holds four *rows*, which is the operand of the vertical pass: there,
//! a thread sums neighbouring samples, looks the bytes up in a table of normalised samples and stores the results side
//! by side. Nothing between source and output leaves the multiprocessor.
//!
//! Both passes multiply with `dp2a`, two 16-bit weights with two bytes. Windows of weights begin at whole words, with
//! zeros before and after, because shifting bytes would take more instructions. Sums are exact 32-bit integers, so
//! their order does not matter, and each pass rounds as torch does. The table of normalised samples is made on the
//! host, in the output's dtype and with true division; the kernel has no floating-point arithmetic.
//!
//! Extreme scales get smaller tiles, then vertical sums in chunks, then source rows that are read from global memory
//! byte by byte (see `tiling`). Rows may begin at any address, but multiples of four bytes are faster.
//!
//! `docs/kernels.md` has the measurements.

#![warn(missing_docs)]

pub mod bandwidth;
mod batch;
mod code_cache;
mod compiler;
mod context;
mod device;
mod element;
pub mod emulator;
mod error;
mod layout;
mod nvrtc;
mod plan;
mod resident;
mod source;
mod staging;
mod stream;
mod streaming;
mod tables;
mod tiling;

pub use batch::{ALIGNMENT, Batch, Outputs, Source};
pub use code_cache::CodeCache;
pub use compiler::{Compiled, Program};
pub use device::Device;
pub use element::Element;
pub use error::Error;
pub use layout::Launch;
pub use plan::{Plan, Planner};
pub use staging::{Sender, Staging, Upload};
pub use stream::Stream;
pub use streaming::copy_streaming;
