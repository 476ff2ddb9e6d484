//! SigLIP 2 (NaFlex) preprocessing of a whole batch in one CUDA launch: decoded pixels of any mix of sizes in device
//! memory, all three tensors out, with the bits of torch's uint8 antialiased resize **on a CPU**. torch's own resize on
//! CUDA has no integer path and differs from the CPU by a level in a tenth of the values.
//!
//! | file | concept |
//! | --- | --- |
//! | `element` | what a sample of the output is |
//! | `tables` | the weights of an axis, in words of four |
//! | `tiling` | how an output is cut into tiles |
//! | `plan` | all that a resize between two sizes needs, and a bounded store of it |
//! | `batch` | the images of a launch and the table that describes them |
//! | `layout` | constants and structures that host and kernel share |
//! | `source`, `kernel/` | the kernel; what it is written in, as CUDA and for the host |
//! | `nvrtc`, `compiler`, `code_cache` | the compiler, what it compiles, and its machine code on disk |
//! | `stream`, `context`, `device` | a stream, a device, the kernel on it, launches |
//! | `resident` | the plans that it keeps |
//! | `staging` | pinned memory for uploads |
//! | `streaming` | copies into it |
//! | `emulator` | the kernel on the host, thread after thread |
//! | `bandwidth` | the kernel's time against a copy's |
//!
//! # How
//! A block makes a tile of one image's output, usually 96x16 pixels. Source rows come eight at a time by asynchronous
//! 16-byte copies into shared memory, the next eight while these are resized. A thread resizes one pixel of four rows,
//! twelve sums, and leaves each channel's four bytes in a word. So words hold four *rows*, which is what the vertical
//! pass multiplies: a thread sums four neighbouring samples from 16-byte loads, looks them up, and stores 16 bytes.
//! Nothing between source and output leaves the multiprocessor. A last block of each image writes padding, mask and
//! shape.
//!
//! Both passes multiply with `dp2a`: two 16-bit weights with two bytes, one instruction on every device that has
//! `cp.async`. Four-byte products (`dp4a`) would need the weights split into high and low bytes and come out the same.
//! Windows begin at words: weights before and behind are zero, which costs fewer instructions than shifting bytes.
//! Pixels are interleaved, so a word of one channel takes permutations: four for four pixels of all three channels,
//! because red and green of a pixel pair share a word of which the low and the high half are multiplied.
//!
//! Sums are 32-bit integers and exact, so their order does not matter; the rounding is torch's, at 2 to the precision
//! of each axis, after each pass. Normalising is a table of 256 samples a channel, already of the output's dtype, that is made
//! with true division on the host. The kernel contains no floating point at all.
//!
//! Everything that the layout of a batch asks for is in the table: one block finds its image by one load. Extreme
//! scales take smaller tiles ([`Batch`] chooses), then vertical sums in chunks, then source rows read byte by byte
//! where they lie. Rows may begin anywhere; multiples of four bytes save one load and three shifts for four pixels.
//!
//! # What limits it
//! On an H100 the kernel reaches 77% of a copy's bandwidth in f32 and 72% in bf16 (64 images of 1024x768, `patchmark
//! kernel-bench`); latency binds, and the last wave of blocks leaves much of the device idle. `docs/gpu.md` has the profile.
//!
//! 1024x768 to 288x224 reads 2.36 MB and writes 0.79 MB (f32). Neighbouring tiles share rows and columns: the blocks of an
//! image load 1.2 times its bytes, of which the second-level cache serves the 0.2, because neighbours run at about the
//! same time. The inner loop for sm_90 has 62 instructions for four pixels of four rows, of which 24 multiply, 16 permute
//! and 12 load from shared memory. Followed through its machine code, a warp of a whole tile takes 3,200 instructions:
//! eight stages of 290, six turns of the vertical pass of 85, the rest once. 64 registers and 44 KB of shared memory let
//! five blocks of 192 threads run on a multiprocessor: while some wait at a barrier, others multiply or write. Forty
//! kilobytes of copies are under way on each at a time.
//!
//! A first version took 5,100 instructions a warp for the same bits. What made the difference: a thread keeps its share
//! of the copies, its first word and its weights from stage to stage instead of finding them again; copies are of 16
//! bytes always, as a shorter one takes a dozen instructions to state; four sums become a word by two saturating
//! conversions (`cvt.pack`); the table holds the channels twice, so that four samples look on without a wrap; and the
//! vertical pass of two or three words is written out, with its divisions before the loop.
//!
//! Outputs are stored with the hint that they are not read again on this multiprocessor (`st.global.cs`); the copies
//! ask the second-level cache for whole 128-byte lines.

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
