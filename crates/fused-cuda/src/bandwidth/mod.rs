//! The time of the kernel alone, compared with that of a copy of the same number of bytes on the same device.
//!
//! All data is on the device before the clock starts. Before each sample, twice as many bytes as the second-level cache
//! holds are read. This evicts the sample's data, and also data of earlier writes that is still to be stored, for which
//! the copy would pay in full while the kernel would hide it. Times are measured between two events on the device, and
//! samples of the kernel and of the copy alternate.

mod clock;
mod flush;
mod memory;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use cudarc::driver::result::{self, stream as streams};
use patchmark_fused::{Size, Sizing};

use self::{clock::Clock, flush::Flush, memory::Memory};
use crate::{
    ALIGNMENT, Batch, Device, Element, Error, Launch, Outputs, Planner, Source, Stream, context::Context,
};

/// The duration of the untimed launches before the first sample: an idle device runs at a fraction of its clock.
const WARM_UP: Duration = Duration::from_millis(200);

/// What to measure.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The sizes of the images.
    pub sizes: Vec<Size>,
    /// How they are resized.
    pub sizing: Sizing,
    /// The dtype of the output.
    pub element: Element,
    /// The number of samples, of the kernel and of the copy each.
    pub samples: usize,
}

/// Bytes and times of one setup.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Bytes of the images.
    pub input_bytes: usize,
    /// Bytes of the three outputs.
    pub output_bytes: usize,
    /// Blocks of the launch.
    pub blocks: u32,
    /// Bytes of shared memory per block.
    pub shared_bytes: usize,
    /// The time of each launch in milliseconds.
    pub kernel_ms: Vec<f64>,
    /// The time of each copy in milliseconds. A copy reads and writes the same number of bytes in total as a launch.
    pub copy_ms: Vec<f64>,
}

/// A device to measure on. It keeps the device's context alive for all setups, because creating the context takes
/// longer than a measurement.
#[derive(Debug)]
pub struct Bench {
    context: Arc<Context>,
    ordinal: i32,
    libraries: PathBuf,
    cache: Option<PathBuf>,
}

impl Bench {
    /// Opens CUDA device `ordinal`. The compiler comes from the folder `libraries`, and its machine code is kept in
    /// `cache`.
    ///
    /// # Errors
    /// [`Error::NoDriver`] if the driver is not installed, [`Error::Driver`] if there is no such device.
    pub fn new(ordinal: i32, libraries: &Path, cache: Option<PathBuf>) -> Result<Self, Error> {
        let context = Arc::new(Context::new(ordinal)?);
        Ok(Self { context, ordinal, libraries: libraries.to_owned(), cache })
    }

    /// Measures one setup.
    ///
    /// # Errors
    /// The same as for [`Batch::new`] and [`Device::new`], and [`Error::Driver`] if memory runs out or the device
    /// fails.
    pub fn measure(&self, setup: &Setup) -> Result<Measured, Error> {
        let _entered = self.context.enter()?;
        measure(setup, self)
    }
}

/// A batch on the device that can be launched any number of times.
struct Ready {
    device: Device,
    batch: Batch,
    launch: Launch,
    input_bytes: usize,
    output_bytes: usize,
    /// The images, the table and the outputs: everything that the launch refers to, except for the device's plans.
    _memory: Vec<Memory>,
}

impl Ready {
    /// Allocates and uploads everything that one launch of `setup` needs. The bench's context is current.
    fn new(setup: &Setup, bench: &Bench, stream: Stream) -> Result<Self, Error> {
        let values = std::array::from_fn(|_| std::array::from_fn(|x| (x as f32 - 127.5) / 127.5));
        let planner = Planner::new(setup.sizing, setup.element, &values, setup.sizes.len());
        let limit = setup.sizing.max_num_patches;
        let batch = Batch::new(&planner, &setup.sizes, limit)?;
        let device = Device::new(&planner, bench.ordinal, &bench.libraries, bench.cache.clone())?;

        let count = setup.sizes.len();
        let row = setup.sizing.patch_size.pow(2) * 3 * setup.element.size();
        let values = Memory::new(count * limit * row)?;
        let mask = Memory::new(count * limit * 4)?;
        let shapes = Memory::new(count * 16)?;
        let outputs = Outputs { values: values.address, mask: mask.address, shapes: shapes.address };
        let output_bytes = values.length + mask.length + shapes.length;
        let mut memory = vec![values, mask, shapes];

        let mut sources = Vec::new();
        let mut input_bytes = 0;
        for (size, seed) in setup.sizes.iter().zip(1..) {
            let bytes = size.height * size.width * 3;
            let pixels = Memory::new(bytes.next_multiple_of(ALIGNMENT))?;
            pixels.write(&noise(bytes, seed))?;
            sources.push(Source { address: pixels.address, pitch: size.width * 3 });
            memory.push(pixels);
            input_bytes += bytes;
        }

        let plans = device.place(&batch, stream)?;
        let table = Memory::new(batch.table_length(&planner))?;
        let mut bytes = vec![0; table.length];
        let launch = batch.write(&planner, &mut bytes, table.address, &sources, &plans, outputs)?;
        table.write(&bytes)?;
        memory.push(table);
        Ok(Self { device, batch, launch, input_bytes, output_bytes, _memory: memory })
    }
}

/// Does the work of [`Bench::measure`] in the current context.
fn measure(setup: &Setup, bench: &Bench) -> Result<Measured, Error> {
    let stream = Stream(0);
    let ready = Ready::new(setup, bench, stream)?;
    let half = (ready.input_bytes + ready.output_bytes) / 2;
    let [from, to] = [Memory::new(half)?, Memory::new(half)?];
    // SAFETY: everything that the launch refers to has been allocated and written, and lives as long as `ready`.
    let kernel = || unsafe { ready.device.launch(&ready.batch, &ready.launch, stream) };
    let copy = || {
        // SAFETY: both buffers have `half` bytes and outlive the measurement; they do not overlap.
        unsafe { result::memcpy_dtod_async(to.address, from.address, half, stream.raw()) }
            .map_err(Error::driver("cuMemcpyDtoDAsync"))
    };

    let flush = Flush::new(&bench.context, &bench.libraries, bench.cache.clone())?;
    let started = Instant::now();
    while started.elapsed() < WARM_UP {
        for _ in 0..10 {
            kernel()?;
            copy()?;
        }
        // SAFETY: the default stream always exists.
        unsafe { streams::synchronize(stream.raw()) }.map_err(Error::driver("cuStreamSynchronize"))?;
    }
    let clock = Clock::new()?;
    let (mut kernel_ms, mut copy_ms) = (Vec::new(), Vec::new());
    for _ in 0..setup.samples {
        flush.run(stream)?;
        kernel_ms.push(clock.time(stream, kernel)?);
        flush.run(stream)?;
        copy_ms.push(clock.time(stream, copy)?);
    }
    Ok(Measured {
        input_bytes: ready.input_bytes,
        output_bytes: ready.output_bytes,
        blocks: ready.batch.blocks(),
        shared_bytes: ready.batch.shared(),
        kernel_ms,
        copy_ms,
    })
}

/// Pseudo-random bytes.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..length).map(|_| random()).collect()
}
