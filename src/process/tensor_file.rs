//! A safetensors file that is written image by image, so that it may be larger than memory.

use std::{fs::File, io, os::unix::fs::FileExt};

use anyhow::{Context, Result, bail, ensure};
use crc32fast::Hasher;
use tch::Device;

use super::layout::Layout;
use crate::{inputs::ModelInputs, tensor_bytes::bytes};

/// Bytes that are moved at once.
const BLOCK: usize = 4 << 20;

/// A file under way. Each tensor has its place from the start, as long as there may be images; what is left over at the end
/// is closed up.
pub(super) struct TensorFile {
    file: File,
    layout: Layout,
    capacity: u64,
    rows: u64,
    /// The checksum of what was written of each tensor.
    checksums: Vec<Hasher>,
}

/// A whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    /// Images in it.
    pub(super) rows: u64,
    /// Its size.
    pub(super) bytes: u64,
    /// The CRC-32 of all its bytes.
    pub(super) crc32: u32,
}

impl TensorFile {
    /// A file for at most `capacity` images, in an empty `file`.
    ///
    /// # Errors
    /// If the disk or the file system has no room for it.
    pub(super) fn new(file: File, layout: Layout, capacity: u64) -> Result<Self> {
        file.set_len(layout.file_bytes(capacity)?)?;
        let checksums = layout.names().map(|_| Hasher::new()).collect();
        Ok(Self { file, layout, capacity, rows: 0, checksums })
    }

    /// How many images it still takes.
    pub(super) fn room(&self) -> u64 {
        self.capacity - self.rows
    }

    /// What every image in it consists of.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The images written so far.
    #[cfg(test)]
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends `count` images of `inputs`, from the one with the index `first`.
    ///
    /// # Errors
    /// If they do not fit, or the disk is full.
    pub(super) fn append(&mut self, inputs: &ModelInputs, first: i64, count: i64) -> Result<()> {
        ensure!(count as u64 <= self.room(), "{count} images do not fit into a file of {}", self.capacity);
        let mut place = self.layout.header(self.capacity)?.len() as u64;
        let named = inputs.named();
        for ((name, row_bytes), checksum) in
            self.layout.names().zip(self.layout.row_bytes()).zip(&mut self.checksums)
        {
            let Some((_, tensor)) = named.iter().find(|(of, _)| *of == name) else {
                bail!("the processor gave no {name}")
            };
            let rows = tensor.f_narrow(0, first, count)?.f_to_device(Device::Cpu)?.f_contiguous()?;
            let bytes = bytes(&rows);
            ensure!(bytes.len() as u64 == row_bytes * count as u64, "{name} has rows of another size");
            checksum.update(bytes);
            self.file.write_all_at(bytes, place + self.rows * row_bytes)?;
            place += self.capacity * row_bytes;
        }
        self.rows += count as u64;
        Ok(())
    }

    /// Ends the file: closes the gaps of images that did not come, and writes the header. The system may not have written
    /// everything to the disk yet.
    ///
    /// # Errors
    /// If the disk fails.
    pub(super) fn finish(self) -> Result<Written> {
        let header = self.layout.header(self.rows)?;
        let mut from = self.layout.header(self.capacity)?.len() as u64;
        let mut to = header.len() as u64;
        for row_bytes in self.layout.row_bytes() {
            // Every tensor moves towards the start, the first one first, so none is overwritten before it has moved.
            move_down(&self.file, from, to, row_bytes * self.rows)?;
            from += row_bytes * self.capacity;
            to += row_bytes * self.rows;
        }
        self.file.write_all_at(&header, 0)?;
        self.file.set_len(to)?;
        let mut checksum = Hasher::new();
        checksum.update(&header);
        self.checksums.iter().for_each(|tensor| checksum.combine(tensor));
        Ok(Written { rows: self.rows, bytes: to, crc32: checksum.finalize() })
    }
}

/// Moves `length` bytes from one place of a file to an earlier one.
fn move_down(file: &File, from: u64, to: u64, length: u64) -> io::Result<()> {
    let mut block = Vec::new();
    let mut moved = 0;
    while from != to && moved < length {
        block.resize(BLOCK.min((length - moved) as usize), 0);
        file.read_exact_at(&mut block, from + moved)?;
        file.write_all_at(&block, to + moved)?;
        moved += block.len() as u64;
    }
    Ok(())
}

/// The CRC-32 of a file, and its size.
///
/// # Errors
/// If it cannot be read.
pub(super) fn checksum(path: &std::path::Path) -> Result<(u64, u32)> {
    let file = File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
    let (mut block, mut hasher, mut place) = (vec![0; BLOCK], Hasher::new(), 0);
    loop {
        let read =
            file.read_at(&mut block, place).with_context(|| format!("failed to read {}", path.display()))?;
        if read == 0 {
            return Ok((place, hasher.finalize()));
        }
        hasher.update(&block[..read]);
        place += read as u64;
    }
}

#[cfg(test)]
#[path = "tensor_file_tests.rs"]
mod tests;
