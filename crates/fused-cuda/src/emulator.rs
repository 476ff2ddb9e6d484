//! The kernel on the host, for machines without a GPU. The same source is compiled with the system's C++ compiler and
//! runs one thread after another. Every access is checked: it fails if it is out of bounds or misaligned, if it writes
//! an output twice, or if two threads access shared memory without a barrier between them and at least one of them
//! writes.

use std::{
    fs,
    io::{Read, Write},
    path::PathBuf,
    process::{Command, Stdio},
};

use patchmark_fused::Size;
use tempfile::TempDir;

use crate::{
    Batch, Error, Outputs, Planner, Source,
    layout::{CHANNELS, STAGE, THREADS},
    source,
};

/// The compiled kernel.
#[derive(Debug)]
pub struct Emulator {
    folder: TempDir,
}

/// An image in host memory, interleaved RGB.
#[derive(Debug, Clone)]
pub struct HostImage<'a> {
    /// All bytes from the first pixel to the last.
    pub bytes: &'a [u8],
    /// The size in pixels.
    pub size: Size,
    /// Bytes from one row to the next.
    pub pitch: usize,
    /// The distance of the first pixel from the previous multiple of 16 bytes, less than 16.
    pub offset: u64,
}

/// The outputs of the kernel.
#[derive(Debug, PartialEq)]
pub struct Emulated {
    /// `[images, length, patch_size * patch_size * 3]` samples.
    pub values: Vec<u8>,
    /// `[images, max_num_patches]`.
    pub mask: Vec<i32>,
    /// `[images, 2]`.
    pub shapes: Vec<i64>,
}

impl Emulator {
    /// Compiles the kernel with `CXX`, or with `c++` if that is not set, and with additional `flags`.
    ///
    /// # Errors
    /// [`Error::Emulator`] if there is no compiler or it rejects the source.
    pub fn new(flags: &[&str]) -> Result<Self, Error> {
        Self::with_source(flags, &Self::source())
    }

    /// The source that is compiled here.
    #[doc(hidden)]
    pub fn source() -> String {
        source::host()
    }

    /// Like [`Emulator::new`], but with another source, for tests that plant a fault.
    #[doc(hidden)]
    pub fn with_source(flags: &[&str], source: &str) -> Result<Self, Error> {
        let failed = |what: &str, error: std::io::Error| Error::Emulator(format!("{what}: {error}"));
        let folder = tempfile::tempdir().map_err(|error| failed("no temporary folder", error))?;
        let file = folder.path().join("emulator.cpp");
        fs::write(&file, source).map_err(|error| failed("failed to write the source", error))?;
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
        let output = Command::new(&compiler)
            .args(["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"])
            .args([
                format!("-DTHREADS={THREADS}"),
                format!("-DSTAGE={STAGE}"),
                format!("-DCHANNELS={CHANNELS}"),
            ])
            .args(flags)
            .arg("-o")
            .arg(folder.path().join("emulator"))
            .arg(&file)
            .output()
            .map_err(|error| failed(&compiler, error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Emulator(format!("{compiler} rejected the kernel: {said}")));
        }
        Ok(Self { folder })
    }

    /// Runs a batch as one launch.
    ///
    /// # Errors
    /// The same as for [`Batch::new`] and [`Batch::write`], and [`Error::Emulator`] if an access of the kernel fails.
    pub fn run(&self, planner: &Planner, images: &[HostImage<'_>], length: usize) -> Result<Emulated, Error> {
        let sizes: Vec<Size> = images.iter().map(|image| image.size).collect();
        let batch = Batch::new(planner, &sizes, length)?;
        let sizing = planner.sizing();
        let samples = images.len() * length * sizing.patch_size * sizing.patch_size * 3;
        let mut memory = Memory::default();
        let plans: Vec<u64> = batch.plans().iter().map(|plan| memory.input(plan.tables().to_vec())).collect();
        let sources: Vec<Source> = images
            .iter()
            .map(|image| {
                // The bytes before the first pixel and after the last one must not matter, so they are arbitrary.
                let mut bytes = vec![0x5a; image.offset as usize];
                bytes.extend(image.bytes);
                bytes.resize(bytes.len().next_multiple_of(16), 0x5a);
                Source { address: memory.input(bytes) + image.offset, pitch: image.pitch }
            })
            .collect();
        let outputs = Outputs {
            values: memory.output(samples * planner.element().size()),
            mask: memory.output(images.len() * sizing.max_num_patches * 4),
            shapes: memory.output(images.len() * 16),
        };
        let mut table = vec![0; batch.table_length(planner)];
        let address = memory.next();
        let launch = batch.write(planner, &mut table, address, &sources, &plans, outputs)?;
        memory.input(table);

        let mut request = Vec::new();
        let header =
            [planner.element().size(), batch.blocks() as usize, batch.shared(), memory.regions.len()];
        header.iter().for_each(|value| request.extend((*value as u64).to_le_bytes()));
        for (address, writable, bytes) in &memory.regions {
            for value in [*address, u64::from(*writable), bytes.len() as u64] {
                request.extend(value.to_le_bytes());
            }
            request.extend(bytes);
        }
        request.extend(launch.bytes());
        let answer = self.ask(&request)?;
        let (values, rest) = answer.split_at(samples * planner.element().size());
        let (mask, shapes) = rest.split_at(images.len() * sizing.max_num_patches * 4);
        Ok(Emulated {
            values: values.to_vec(),
            mask: mask.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect(),
            shapes: shapes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
        })
    }

    /// Sends a request to the program and returns the contents of the outputs.
    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, Error> {
        let program: PathBuf = self.folder.path().join("emulator");
        let failed = |error: std::io::Error| Error::Emulator(error.to_string());
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        // The program reads the whole request before it writes anything, unless it fails early; writing the request
        // then fails too, and the exit status is the better error.
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(request));
        let mut answer = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_end(&mut answer).map_err(failed)?;
        }
        let output = child.wait_with_output().map_err(failed)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Emulator(format!("{}: {said}", output.status)));
        }
        written.map_err(failed)?;
        Ok(answer)
    }
}

/// Regions of global memory, as address, whether the region is writable, and contents. No access may cross a boundary.
#[derive(Default)]
struct Memory {
    regions: Vec<(u64, bool, Vec<u8>)>,
}

impl Memory {
    /// An address far beyond all regions.
    fn next(&self) -> u64 {
        self.regions.last().map_or(1 << 40, |(address, _, bytes)| {
            (address + bytes.len() as u64 + (1 << 20)).next_multiple_of(256)
        })
    }

    /// Adds a read-only region and returns its address.
    fn input(&mut self, bytes: Vec<u8>) -> u64 {
        let address = self.next();
        self.regions.push((address, false, bytes));
        address
    }

    /// Adds a writable region and returns its address. It is filled with a pattern that shows which bytes are not
    /// written.
    fn output(&mut self, length: usize) -> u64 {
        let address = self.next();
        self.regions.push((address, true, vec![0xa5; length]));
        address
    }
}
