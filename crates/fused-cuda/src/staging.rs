//! Pinned host memory for uploads.

use std::{ffi::c_void, marker::PhantomData, ops::Range, sync::Arc};

use cudarc::driver::{result, sys};

use crate::{Device, Error, Stream, context::Context};

/// The size of a buffer is a multiple of this many bytes.
const GRAIN: usize = 2 << 20;

/// Two pinned buffers that are used in turn: one is filled while the other may still be copied.
///
/// From pageable memory, the driver would stage a copy on the calling thread, at a fraction of the speed of the bus,
/// and would wait for the stream.
#[derive(Debug, Default)]
pub struct Staging {
    buffers: [Buffer; 2],
    turn: usize,
}

/// A buffer and the event that follows its last copy.
#[derive(Debug)]
struct Buffer {
    start: *mut c_void,
    length: usize,
    copied: Option<sys::CUevent>,
    /// The context of the memory and the event, once they exist.
    context: Option<Arc<Context>>,
}

// SAFETY: pinned memory and events belong to the process, not to a thread, and are only accessed through `&mut`.
unsafe impl Send for Staging {}

impl Default for Buffer {
    fn default() -> Self {
        Self { start: std::ptr::null_mut(), length: 0, copied: None, context: None }
    }
}

impl Staging {
    /// Begins an upload of `length` bytes to `address` on `stream`. It waits until the last but one upload is done,
    /// because that one used the same buffer.
    ///
    /// # Errors
    /// [`Error::Driver`], for example if memory runs out.
    pub fn begin(
        &mut self,
        device: &Device,
        length: usize,
        address: u64,
        stream: Stream,
    ) -> Result<Upload<'_>, Error> {
        let _entered = device.enter()?;
        self.turn ^= 1;
        if self.buffers[self.turn].length < length {
            // Locking pages is slow. Growing by at least half avoids it for batches of slowly increasing size, and
            // growing both buffers at once avoids it for the second of two equal batches.
            let length = length.max(self.buffers[self.turn].length / 2 * 3).next_multiple_of(GRAIN);
            for buffer in &mut self.buffers {
                buffer.grow(length, device.context())?;
            }
        }
        let buffer = &mut self.buffers[self.turn];
        buffer.wait()?;
        let copied = match buffer.copied {
            Some(event) => event,
            None => *buffer.copied.insert(
                result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)
                    .map_err(Error::driver("cuEventCreate"))?,
            ),
        };
        let context = Arc::clone(device.context());
        let sender = Sender { start: buffer.start.cast(), length, address, stream, copied, context };
        Ok(Upload { sender, staging: PhantomData })
    }
}

impl Buffer {
    /// Waits until the last copy has read the buffer.
    fn wait(&self) -> Result<(), Error> {
        self.copied.map_or(Ok(()), |event| {
            // SAFETY: `Staging::begin` made the event, which lives as long as the buffer.
            unsafe { result::event::synchronize(event) }.map_err(Error::driver("cuEventSynchronize"))
        })
    }

    /// Replaces the buffer by one of `length` bytes. The contents are lost. The context must be current.
    fn grow(&mut self, length: usize, context: &Arc<Context>) -> Result<(), Error> {
        self.wait()?;
        self.context.get_or_insert_with(|| Arc::clone(context));
        self.free();
        // SAFETY: the context is current.
        self.start = unsafe { result::malloc_host(length, 0) }.map_err(Error::driver("cuMemHostAlloc"))?;
        self.length = length;
        Ok(())
    }

    fn free(&mut self) {
        if self.length > 0 {
            // SAFETY: `malloc_host` returned it, it is freed once, and no copy reads it (see `wait`). If the device is
            // lost, so is the memory.
            let _ = unsafe { result::free_host(self.start) };
            self.length = 0;
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(context) = self.context.clone() else { return };
        // If the context is lost, there is nothing left to free.
        if let (Ok(_entered), Ok(())) = (context.enter(), self.wait()) {
            self.free();
            // SAFETY: made once by `Staging::begin` and destroyed once.
            self.copied.map(|event| unsafe { result::event::destroy(event) });
        }
    }
}

/// An upload: a buffer that is being filled and sent.
#[derive(Debug)]
pub struct Upload<'a> {
    sender: Sender,
    /// Borrows the staging buffers, so no other upload can begin in the meantime.
    staging: PhantomData<&'a mut Staging>,
}

impl Upload<'_> {
    /// The whole buffer, to be filled, and the sender of its parts. One part may be sent while others are being filled.
    pub fn split(&mut self) -> (&mut [u8], &Sender) {
        // SAFETY: the buffer has `length` bytes, any bit pattern is valid, and no copy of an earlier upload reads it.
        // The sender reads through a pointer, and only parts that its caller has filled.
        let bytes = unsafe { std::slice::from_raw_parts_mut(self.sender.start, self.sender.length) };
        (bytes, &self.sender)
    }
}

/// Sends parts of a buffer to their places on the device.
#[derive(Debug)]
pub struct Sender {
    start: *mut u8,
    length: usize,
    address: u64,
    stream: Stream,
    /// The event that is recorded after each copy.
    copied: sys::CUevent,
    context: Arc<Context>,
}

impl Sender {
    /// Starts the copy of a part.
    ///
    /// # Errors
    /// [`Error::Driver`], and [`Error::Mismatch`] for a part outside of the buffer.
    ///
    /// # Safety
    /// The part has been filled and is not written again during this upload. The memory at the address given to
    /// [`Staging::begin`] has room for the whole buffer, and stays valid until the copy is done.
    pub unsafe fn send(&self, part: Range<usize>) -> Result<(), Error> {
        if part.start > part.end || part.end > self.length {
            return Err(Error::Mismatch { what: "bytes of an upload", given: part.end, needed: self.length });
        }
        let _entered = self.context.enter()?;
        // SAFETY: the part lies inside the buffer, and the copy is waited for before the buffer is filled again or
        // freed; the caller guarantees the rest.
        unsafe {
            let from = self.start.add(part.start).cast::<c_void>();
            let to = self.address + part.start as u64;
            sys::cuMemcpyHtoDAsync_v2(to, from, part.len(), self.stream.raw())
                .result()
                .map_err(Error::driver("cuMemcpyHtoDAsync"))?;
            result::event::record(self.copied, self.stream.raw()).map_err(Error::driver("cuEventRecord"))
        }
    }
}
