//! Pinned host memory that batches are uploaded from.

use std::{ffi::c_void, marker::PhantomData, ops::Range, sync::Arc};

use cudarc::driver::{result, sys};

use crate::{Device, Error, Stream, context::Context};

/// Bytes that a buffer's size is a multiple of.
const GRAIN: usize = 2 << 20;

/// Two pinned buffers in turn: one is filled while the other one's copy may still be under way.
///
/// A copy from pageable memory would be staged by the driver on the calling thread, at a fraction of the bus's speed,
/// and would wait for the stream.
#[derive(Debug, Default)]
pub struct Staging {
    buffers: [Buffer; 2],
    turn: usize,
}

/// A buffer and the event behind its last copy.
#[derive(Debug)]
struct Buffer {
    start: *mut c_void,
    length: usize,
    copied: Option<sys::CUevent>,
    /// The context of both, once there are any.
    context: Option<Arc<Context>>,
}

// SAFETY: pinned memory and events belong to the process, not to a thread, and are reached through `&mut` alone.
unsafe impl Send for Staging {}

impl Default for Buffer {
    fn default() -> Self {
        Self { start: std::ptr::null_mut(), length: 0, copied: None, context: None }
    }
}

impl Staging {
    /// The next buffer of `length` bytes, whose parts are then sent to `address` and beyond on `stream`. Waits for the
    /// upload before the last one.
    ///
    /// # Errors
    /// [`Error::Driver`], out of memory among them.
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
            // Both at once, and by half at least: locking pages takes milliseconds, which batches of slowly growing
            // sizes should not pay again and again, nor the second of two equal ones.
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
            // SAFETY: the event was made by `Staging::begin` and lives as long as the buffer.
            unsafe { result::event::synchronize(event) }.map_err(Error::driver("cuEventSynchronize"))
        })
    }

    /// Has `length` bytes afterwards; what was in it is gone. The context is current.
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
            // SAFETY: from `malloc_host`, freed once; no copy reads it (see `wait`). A lost device's memory is gone.
            let _ = unsafe { result::free_host(self.start) };
            self.length = 0;
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(context) = self.context.clone() else { return };
        // Where the context is lost, so is all that would be given back.
        if let (Ok(_entered), Ok(())) = (context.enter(), self.wait()) {
            self.free();
            // SAFETY: made once by `Staging::begin`, destroyed once.
            self.copied.map(|event| unsafe { result::event::destroy(event) });
        }
    }
}

/// A buffer that is being filled and sent.
#[derive(Debug)]
pub struct Upload<'a> {
    sender: Sender,
    /// Borrows the staging, so that no other upload starts meanwhile.
    staging: PhantomData<&'a mut Staging>,
}

impl Upload<'_> {
    /// The whole buffer, to be filled, and what sends parts of it: one part may be sent while others are filled.
    pub fn split(&mut self) -> (&mut [u8], &Sender) {
        // SAFETY: the buffer has `length` bytes, any bits are bytes, and no copy of an earlier upload reads them; the
        // sender reads through a pointer alone, and only what its caller has filled.
        let bytes = unsafe { std::slice::from_raw_parts_mut(self.sender.start, self.sender.length) };
        (bytes, &self.sender)
    }
}

/// Sends parts of a buffer to where they belong on the device.
#[derive(Debug)]
pub struct Sender {
    start: *mut u8,
    length: usize,
    address: u64,
    stream: Stream,
    /// Recorded behind each copy.
    copied: sys::CUevent,
    context: Arc<Context>,
}

impl Sender {
    /// Starts the copy of a part.
    ///
    /// # Errors
    /// [`Error::Driver`], and [`Error::Mismatch`] for a part that the buffer does not have.
    ///
    /// # Safety
    /// The part is filled, and is not written again in this upload. The address given to [`Staging::begin`] has room for
    /// the whole buffer until the copy is done.
    pub unsafe fn send(&self, part: Range<usize>) -> Result<(), Error> {
        if part.start > part.end || part.end > self.length {
            return Err(Error::Mismatch { what: "bytes of an upload", given: part.end, needed: self.length });
        }
        let _entered = self.context.enter()?;
        // SAFETY: the part lies in the buffer, which is waited for before it is filled again or freed; the rest is the
        // caller's promise.
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
