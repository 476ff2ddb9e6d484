//! The plans that stay in device memory.

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

/// Bytes of device memory for plans, enough for about a thousand sizes.
const CAPACITY: usize = 16 << 20;

/// Plans in one allocation, one after another. When there is no room for more, all of them are removed at once. The
/// context must be current in every call.
#[derive(Debug, Default)]
pub(crate) struct Resident {
    address: u64,
    capacity: usize,
    used: usize,
    places: HashMap<Size, u64>,
    /// The stream of the last upload, and the event that follows this upload and all earlier ones.
    uploaded: Option<(Stream, sys::CUevent)>,
}

// SAFETY: the event belongs to the context, not to a thread.
unsafe impl Send for Resident {}

impl Resident {
    /// The addresses of `plans`. Missing plans are uploaded on `stream`, in one copy.
    pub fn place(&mut self, plans: &[Arc<Plan>], stream: Stream) -> Result<Vec<u64>, Error> {
        if let Some((_, event)) = self.uploaded.filter(|(last, _)| *last != stream) {
            let flags = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
            // SAFETY: the event lives as long as `self`, and the stream belongs to the caller.
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

    /// Copies `staging` to `start` on `stream`, and records the event that other streams wait for.
    fn upload(&mut self, start: u64, staging: &[u8], stream: Stream) -> Result<(), Error> {
        let event = match self.uploaded {
            Some((_, event)) => event,
            None => result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)
                .map_err(Error::driver("cuEventCreate"))?,
        };
        self.uploaded = Some((stream, event));
        // Waiting is acceptable because only new sizes are uploaded, and it is necessary because some devices read
        // pageable memory after the call has returned. SAFETY: there is room at `start`; the event exists; `staging`
        // outlives the copy.
        unsafe {
            result::memcpy_htod_async(start, staging, stream.raw())
                .map_err(Error::driver("cuMemcpyHtoDAsync"))?;
            result::event::record(event, stream.raw()).map_err(Error::driver("cuEventRecord"))?;
            result::event::synchronize(event).map_err(Error::driver("cuEventSynchronize"))
        }
    }

    /// The plans that are not on the device yet, without duplicates.
    fn missing<'a>(&self, plans: &'a [Arc<Plan>]) -> Vec<&'a Arc<Plan>> {
        let mut seen = HashSet::new();
        plans
            .iter()
            .filter(|plan| !self.places.contains_key(&plan.input) && seen.insert(plan.input))
            .collect()
    }

    /// Removes everything and makes room for at least `needed` bytes.
    fn make_room(&mut self, needed: usize) -> Result<(), Error> {
        if self.capacity > 0 {
            // Kernels on any stream may still read the plans.
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

    /// Frees everything. Errors are ignored, because a lost device has nothing left to free.
    pub fn free(&mut self) {
        if self.capacity > 0 {
            // SAFETY: allocated by `make_room` and freed once; the driver waits for running work.
            let _ = unsafe { result::free_sync(self.address) };
        }
        if let Some((_, event)) = self.uploaded {
            // SAFETY: made by `upload` and destroyed once.
            let _ = unsafe { result::event::destroy(event) };
        }
        *self = Self::default();
    }
}

/// Bytes that plans take.
fn bytes(plans: &[&Arc<Plan>]) -> usize {
    plans.iter().map(|plan| plan.tables().len().next_multiple_of(ALIGNMENT)).sum()
}
