//! How fast the kernel alone is, against a copy of as many bytes on the same device.
//!
//! Everything is on the device before the clock starts. Before each sample twice as many bytes as the second-level
//! cache holds are read, so that nothing of the sample is in it, nor anything that was written and is still to be
//! stored: the copy would pay for that in full, and the kernel hide it. Times are between two events of the device.
//! Samples of the kernel and of the copy alternate.

use std::{
    ffi::c_void,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use cudarc::driver::{
    result::{self, event, stream as streams},
    sys,
};
use patchmark_fused::{Size, Sizing};

use crate::{
    ALIGNMENT, Batch, Device, Element, Error, Outputs, Planner, Source, Stream,
    code_cache::CodeCache,
    compiler::{Program, SWEEP},
    context::Context,
    device::Kernel,
};

/// Untimed launches before the first sample take as long: a device that was idle runs at a fraction of its clock.
const WARM_UP: Duration = Duration::from_millis(200);

/// What is measured.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The images.
    pub sizes: Vec<Size>,
    /// How they are resized.
    pub sizing: Sizing,
    /// The dtype of the output.
    pub element: Element,
    /// Samples of each.
    pub samples: usize,
}

/// Bytes and times of one setup.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Bytes that the images have.
    pub input_bytes: usize,
    /// Bytes that the three outputs have.
    pub output_bytes: usize,
    /// Blocks of the launch.
    pub blocks: u32,
    /// Bytes of shared memory of a block.
    pub shared_bytes: usize,
    /// Milliseconds of each launch.
    pub kernel_ms: Vec<f64>,
    /// Milliseconds of each copy, which reads and writes as many bytes as the launch in all.
    pub copy_ms: Vec<f64>,
}

/// A device that is measured on. It holds the device's context: a context that nobody holds goes away, and making it
/// anew for each setup costs more than measuring.
#[derive(Debug)]
pub struct Bench {
    context: Arc<Context>,
    ordinal: i32,
    libraries: PathBuf,
    cache: Option<PathBuf>,
}

impl Bench {
    /// On CUDA device `ordinal`, with the compiler of `libraries` and its machine code kept in `cache`.
    ///
    /// # Errors
    /// [`Error::NoDriver`] on a machine without one, [`Error::Driver`] where there is no such device.
    pub fn new(ordinal: i32, libraries: &Path, cache: Option<PathBuf>) -> Result<Self, Error> {
        let context = Arc::new(Context::new(ordinal)?);
        Ok(Self { context, ordinal, libraries: libraries.to_owned(), cache })
    }

    /// Measures one setup.
    ///
    /// # Errors
    /// As for [`Batch::new`] and [`Device::new`]; [`Error::Driver`] where memory is short or the device fails.
    pub fn measure(&self, setup: &Setup) -> Result<Measured, Error> {
        let _entered = self.context.enter()?;
        measure(setup, self)
    }
}

/// As [`Bench::measure`], in the current context.
fn measure(setup: &Setup, bench: &Bench) -> Result<Measured, Error> {
    let values = std::array::from_fn(|_| std::array::from_fn(|x| (x as f32 - 127.5) / 127.5));
    let planner = Planner::new(setup.sizing, setup.element, &values, setup.sizes.len());
    let limit = setup.sizing.max_num_patches;
    let batch = Batch::new(&planner, &setup.sizes, limit)?;
    let device = Device::new(&planner, bench.ordinal, &bench.libraries, bench.cache.clone())?;
    let stream = Stream(0);

    let row = setup.sizing.patch_size.pow(2) * 3 * setup.element.size();
    let values = Memory::new(batch.plans().len() * limit * row)?;
    let mask = Memory::new(batch.plans().len() * limit * 4)?;
    let shapes = Memory::new(batch.plans().len() * 16)?;
    let mut images = Vec::new();
    let mut sources = Vec::new();
    for (size, seed) in setup.sizes.iter().zip(1..) {
        let bytes = size.height * size.width * 3;
        let pixels = Memory::new(bytes.next_multiple_of(ALIGNMENT))?;
        pixels.write(&noise(bytes, seed))?;
        sources.push(Source { address: pixels.address, pitch: size.width * 3 });
        images.push(pixels);
    }
    let plans = device.place(&batch, stream)?;
    let table = Memory::new(batch.table_length(&planner))?;
    let mut bytes = vec![0; table.length];
    let outputs = Outputs { values: values.address, mask: mask.address, shapes: shapes.address };
    let launch = batch.write(&planner, &mut bytes, table.address, &sources, &plans, outputs)?;
    table.write(&bytes)?;

    let input_bytes: usize = setup.sizes.iter().map(|size| size.height * size.width * 3).sum();
    let output_bytes = values.length + mask.length + shapes.length;
    let half = (input_bytes + output_bytes) / 2;
    let [from, to] = [Memory::new(half)?, Memory::new(half)?];
    let flush = Flush::new(bench)?;
    // SAFETY: everything that the launch names was just allocated and written, and outlives the measurement; so do
    // the copy's two buffers, which do not overlap.
    let kernel = || unsafe { device.launch(&batch, &launch, stream) };
    let copy = || {
        // SAFETY: as above.
        unsafe { result::memcpy_dtod_async(to.address, from.address, half, stream.raw()) }
            .map_err(Error::driver("cuMemcpyDtoDAsync"))
    };
    let started = Instant::now();
    while started.elapsed() < WARM_UP {
        for _ in 0..10 {
            kernel()?;
            copy()?;
        }
        // SAFETY: the default stream is always there.
        unsafe { streams::synchronize(stream.raw()) }.map_err(Error::driver("cuStreamSynchronize"))?;
    }
    let clock = Clock::new()?;
    let (mut kernel_ms, mut copy_ms) = (Vec::new(), Vec::new());
    for _ in 0..setup.samples {
        kernel_ms.push(clock.time(&flush, stream, kernel)?);
        copy_ms.push(clock.time(&flush, stream, copy)?);
    }
    Ok(Measured {
        input_bytes,
        output_bytes,
        blocks: batch.blocks(),
        shared_bytes: batch.shared(),
        kernel_ms,
        copy_ms,
    })
}

/// Bytes that are not all alike.
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

/// Device memory of the current context.
struct Memory {
    address: u64,
    length: usize,
}

impl Memory {
    fn new(length: usize) -> Result<Self, Error> {
        // SAFETY: the context is current; what is there is written before it is read, or does not matter.
        let address = unsafe { result::malloc_sync(length.max(1)) }.map_err(Error::driver("cuMemAlloc"))?;
        Ok(Self { address, length })
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        debug_assert!(bytes.len() <= self.length);
        // SAFETY: the memory has room, and nothing under way uses it.
        unsafe { result::memcpy_htod_sync(self.address, bytes) }.map_err(Error::driver("cuMemcpyHtoD"))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated once, freed once; the driver waits for what is under way. A lost device has nothing left.
        let _ = unsafe { result::free_sync(self.address) };
    }
}

/// What fills the second-level cache with bytes that nobody else reads and that need not be stored.
struct Flush {
    bytes: Memory,
    kernel: Kernel,
}

impl Flush {
    /// Threads of a block.
    const THREADS: u32 = 256;

    /// Made in the current context, the bench's.
    fn new(bench: &Bench) -> Result<Self, Error> {
        let program = Program::sweep(bench.context.capability()?);
        let code = CodeCache::new(bench.cache.clone()).get(&program, &bench.libraries)?;
        let kernel = Kernel::load(&bench.context, &code, SWEEP)?;
        let attribute = sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE;
        let bytes = Memory::new(2 * bench.context.attribute(attribute)? as usize)?;
        bytes.write(&vec![0; bytes.length])?;
        Ok(Self { bytes, kernel })
    }

    fn run(&self, stream: Stream) -> Result<(), Error> {
        let (mut count, mut sought) = (self.bytes.length as u64 / 16, 1u32);
        let mut address = self.bytes.address;
        let mut parameters = [
            (&raw mut address).cast::<c_void>(),
            (&raw mut count).cast::<c_void>(),
            (&raw mut sought).cast::<c_void>(),
        ];
        let blocks = count.div_ceil(Self::THREADS.into()) as u32;
        // SAFETY: the parameters are the kernel's, and the driver copies them; the kernel reads `count` times 16 bytes,
        // all zero, and so writes nothing.
        unsafe {
            result::launch_kernel(
                self.kernel.function,
                (blocks, 1, 1),
                (Self::THREADS, 1, 1),
                0,
                stream.raw(),
                &mut parameters,
            )
        }
        .map_err(Error::driver("cuLaunchKernel"))
    }
}

/// Two events.
struct Clock {
    start: sys::CUevent,
    end: sys::CUevent,
}

impl Clock {
    fn new() -> Result<Self, Error> {
        let event =
            || event::create(sys::CUevent_flags::CU_EVENT_DEFAULT).map_err(Error::driver("cuEventCreate"));
        Ok(Self { start: event()?, end: event()? })
    }

    /// Milliseconds of `work`, with nothing of it in the second-level cache.
    fn time(
        &self,
        flush: &Flush,
        stream: Stream,
        work: impl Fn() -> Result<(), Error>,
    ) -> Result<f64, Error> {
        let failed = Error::driver("timing an event");
        flush.run(stream)?;
        // SAFETY: the events are alive.
        unsafe {
            event::record(self.start, stream.raw()).map_err(&failed)?;
            work()?;
            event::record(self.end, stream.raw()).map_err(&failed)?;
            event::synchronize(self.end).map_err(&failed)?;
            event::elapsed(self.start, self.end).map(f64::from).map_err(&failed)
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        for event in [self.start, self.end] {
            // SAFETY: made once, destroyed once. A lost device has nothing left.
            let _ = unsafe { event::destroy(event) };
        }
    }
}
