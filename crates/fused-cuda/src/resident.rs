//! Plans in device memory.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use cudarc::driver::{
    result::{self, ctx},
    sys,
};
use patchmark_fused::Size;

use crate::{Error, Plan, Stream, batch::ALIGNMENT};

/// Bytes of device memory that plans are kept in: about a thousand sizes.
const CAPACITY: usize = 16 << 20;

/// Plans one after another, until there is no more room, when all go at once. The context is current in every call.
#[derive(Debug, Default)]
pub(crate) struct Resident {
    address: u64,
    capacity: usize,
    used: usize,
    places: HashMap<Size, u64>,
    /// The stream of the last upload, and the event behind it and all before it.
    uploaded: Option<(Stream, sys::CUevent)>,
}

// SAFETY: the event belongs to the context, not to a thread.
unsafe impl Send for Resident {}

impl Resident {
    /// The addresses of `plans`; those that are missing are uploaded on `stream`, in one copy.
    pub fn place(&mut self, plans: &[Arc<Plan>], stream: Stream) -> Result<Vec<u64>, Error> {
        if let Some((_, event)) = self.uploaded.filter(|(last, _)| *last != stream) {
            let flags = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
            // SAFETY: the event lives as long as `self`; the stream is the caller's.
            unsafe { result::stream::wait_event(stream.raw(), event, flags) }
                .map_err(Error::driver("cuStreamWaitEvent"))?;
        }
        let mut missing = self.missing(plans);
        if self.used + bytes(&missing) > self.capacity {
            self.places.clear();
            missing = self.missing(plans);
            self.make_room(bytes(&missing))?;
        }
        let mut staging = Vec::with_capacity(bytes(&missing));
        let start = self.address + self.used as u64;
        for plan in missing {
            self.places.insert(plan.input, start + staging.len() as u64);
            staging.extend(plan.tables());
            staging.resize(staging.len().next_multiple_of(ALIGNMENT), 0);
        }
        if !staging.is_empty() {
            if let Err(error) = self.upload(start, &staging, stream) {
                self.places.clear();
                return Err(error);
            }
            self.used += staging.len();
        }
        Ok(plans.iter().map(|plan| self.places[&plan.input]).collect())
    }

    /// Copies `staging` to `start` on `stream`, and lets other streams know where to wait.
    fn upload(&mut self, start: u64, staging: &[u8], stream: Stream) -> Result<(), Error> {
        let event = match self.uploaded {
            Some((_, event)) => event,
            None => result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)
                .map_err(Error::driver("cuEventCreate"))?,
        };
        self.uploaded = Some((stream, event));
        // SAFETY: the room was made; the event was just made or is kept; `staging` outlives the copy, which is waited
        // for: only sizes that are new come here, and some devices read pageable memory after the call has returned.
        unsafe {
            result::memcpy_htod_async(start, staging, stream.raw())
                .map_err(Error::driver("cuMemcpyHtoDAsync"))?;
            result::event::record(event, stream.raw()).map_err(Error::driver("cuEventRecord"))?;
            result::event::synchronize(event).map_err(Error::driver("cuEventSynchronize"))
        }
    }

    /// Those that have no place yet, each once.
    fn missing<'a>(&self, plans: &'a [Arc<Plan>]) -> Vec<&'a Arc<Plan>> {
        let mut seen = HashSet::new();
        plans
            .iter()
            .filter(|plan| !self.places.contains_key(&plan.input) && seen.insert(plan.input))
            .collect()
    }

    /// Has room for `needed` bytes at least, with nothing in it.
    fn make_room(&mut self, needed: usize) -> Result<(), Error> {
        if self.capacity > 0 {
            // Kernels of any stream may still read what is there.
            ctx::synchronize().map_err(Error::driver("cuCtxSynchronize"))?;
        }
        self.used = 0;
        let capacity = needed.max(CAPACITY);
        if self.capacity < capacity {
            self.free();
            // SAFETY: the context is current.
            self.address = unsafe { result::malloc_sync(capacity) }.map_err(Error::driver("cuMemAlloc"))?;
            self.capacity = capacity;
        }
        Ok(())
    }

    /// Gives everything back; a lost device has nothing left to free.
    pub fn free(&mut self) {
        if self.capacity > 0 {
            // SAFETY: allocated by `make_room`, freed once; the driver waits for what is under way.
            let _ = unsafe { result::free_sync(self.address) };
        }
        if let Some((_, event)) = self.uploaded {
            // SAFETY: made by `upload`, destroyed once.
            let _ = unsafe { result::event::destroy(event) };
        }
        *self = Self::default();
    }
}

/// Bytes that plans take.
fn bytes(plans: &[&Arc<Plan>]) -> usize {
    plans.iter().map(|plan| plan.tables().len().next_multiple_of(ALIGNMENT)).sum()
}
