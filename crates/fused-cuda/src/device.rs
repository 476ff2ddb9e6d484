//! A device: its kernel, the weights that it keeps, and launches on the caller's stream.

use std::{
    collections::HashMap,
    ffi::c_void,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use cudarc::driver::{
    result::{self, ctx, module, primary_ctx},
    sys,
};
use patchmark_fused::Size;

use crate::{
    Batch, Error, Launch, Plan, Planner,
    batch::ALIGNMENT,
    code_cache::CodeCache,
    compiler::{ENTRY, Program},
    layout::THREADS,
};

/// Bytes of device memory that plans are kept in: about a thousand sizes.
const PLAN_BYTES: usize = 16 << 20;

/// A raw stream of the driver, such as `torch.cuda.current_stream().cuda_stream`; 0 is the default stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream(pub u64);

impl Stream {
    pub(crate) fn raw(self) -> sys::CUstream {
        self.0 as sys::CUstream
    }
}

/// The kernel on one device.
pub struct Device {
    context: sys::CUcontext,
    device: sys::CUdevice,
    function: sys::CUfunction,
    plans: Mutex<Plans>,
}

// SAFETY: the driver's handles may be used from any thread; what changes is behind a mutex.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

impl fmt::Debug for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Device").field("device", &self.device).finish_non_exhaustive()
    }
}

impl Device {
    /// Makes the kernel for `planner`'s patches and dtype ready on CUDA device `ordinal`, in the primary context,
    /// which is torch's. It is taken from `cache`, or compiled by the NVRTC of the folder `libraries`.
    ///
    /// # Errors
    /// [`Error::NoDriver`] on a machine without one, [`Error::Driver`] where the device is not there or refuses the
    /// kernel, and as for [`CodeCache::get`].
    pub fn new(planner: &Planner, ordinal: i32, libraries: &Path, cache: Option<PathBuf>) -> Result<Self, Error> {
        // SAFETY: loads the driver's library, which runs nothing but its own set-up.
        if !unsafe { sys::is_culib_present() } {
            return Err(Error::NoDriver);
        }
        result::init().map_err(Error::driver("cuInit"))?;
        let device = result::device::get(ordinal).map_err(Error::driver("cuDeviceGet"))?;
        use sys::CUdevice_attribute as Attribute;
        let attribute = |attribute| {
            // SAFETY: `device` is the driver's own answer.
            unsafe { result::device::get_attribute(device, attribute) }.map_err(Error::driver("cuDeviceGetAttribute"))
        };
        let capability = (
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        );
        let program = Program::new(capability, planner.sizing().patch_size, planner.element());
        let code = CodeCache::new(cache).get(&program, libraries)?;
        // SAFETY: the context stays retained until the device is dropped; `code` is a whole cubin, which the driver
        // copies.
        unsafe {
            let context = primary_ctx::retain(device).map_err(Error::driver("cuDevicePrimaryCtxRetain"))?;
            ctx::set_current(context).map_err(Error::driver("cuCtxSetCurrent"))?;
            let module = module::load_data(code.as_ptr().cast()).map_err(Error::driver("cuModuleLoadData"))?;
            let function =
                module::get_function(module, ENTRY.into()).map_err(Error::driver("cuModuleGetFunction"))?;
            Ok(Self { context, device, function, plans: Mutex::default() })
        }
    }

    /// Makes the device's context the calling thread's.
    ///
    /// # Errors
    /// [`Error::Driver`] where the device is lost.
    pub fn enter(&self) -> Result<(), Error> {
        // SAFETY: the context is retained as long as `self` lives.
        unsafe { ctx::set_current(self.context) }.map_err(Error::driver("cuCtxSetCurrent"))
    }

    /// The addresses of the batch's plans in device memory. Those that are not there yet are uploaded on `stream`, in
    /// one copy; they stay until there is no more room, when all go at once.
    ///
    /// # Errors
    /// [`Error::Driver`], out of memory among them.
    pub fn place(&self, batch: &Batch, stream: Stream) -> Result<Vec<u64>, Error> {
        self.enter()?;
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).place(batch.plans(), stream)
    }

    /// Launches the batch on `stream`. It returns before the work is done.
    ///
    /// # Errors
    /// [`Error::Driver`].
    ///
    /// # Safety
    /// `launch` is of this batch ([`Batch::write`]). When the stream comes to it, its table lies at the address that it
    /// was written for, sources hold the images' bytes, and outputs have room; all of them stay until it is done. The
    /// plans are from [`Device::place`] on this very stream, with nothing placed between.
    pub unsafe fn launch(&self, batch: &Batch, launch: &Launch, stream: Stream) -> Result<(), Error> {
        self.enter()?;
        let mut parameters = [std::ptr::from_ref(launch).cast_mut().cast::<c_void>()];
        // SAFETY: the kernel takes one `Launch`, which the driver copies; the rest is the caller's promise.
        unsafe {
            result::launch_kernel(
                self.function,
                (batch.blocks(), 1, 1),
                (THREADS as u32, 1, 1),
                batch.shared() as u32,
                stream.raw(),
                &mut parameters,
            )
        }
        .map_err(Error::driver("cuLaunchKernel"))
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Nothing is unloaded or freed where the context is lost, and nothing can be done about it here.
        if self.enter().is_ok() {
            self.plans.get_mut().unwrap_or_else(PoisonError::into_inner).free();
        }
        // SAFETY: retained once, in `new`.
        let _ = unsafe { primary_ctx::release(self.device) };
    }
}

/// Plans in device memory, one after another.
#[derive(Default)]
struct Plans {
    address: u64,
    capacity: usize,
    used: usize,
    places: HashMap<Size, u64>,
    /// The stream of the last upload, and the event behind it and all before it.
    uploaded: Option<(Stream, sys::CUevent)>,
}

impl Plans {
    fn place(&mut self, plans: &[Arc<Plan>], stream: Stream) -> Result<Vec<u64>, Error> {
        if let Some((_, event)) = self.uploaded.filter(|(last, _)| *last != stream) {
            // SAFETY: the event lives as long as `self`; the stream is the caller's.
            unsafe { result::stream::wait_event(stream.raw(), event, sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT) }
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
        // SAFETY: the room was made, and a copy from pageable memory has read it when it returns; the event was just
        // made or is kept.
        unsafe {
            result::memcpy_htod_async(start, staging, stream.raw()).map_err(Error::driver("cuMemcpyHtoDAsync"))?;
            result::event::record(event, stream.raw()).map_err(Error::driver("cuEventRecord"))
        }
    }

    /// Those that have no place yet, each once.
    fn missing<'a>(&self, plans: &'a [Arc<Plan>]) -> Vec<&'a Arc<Plan>> {
        let mut seen = std::collections::HashSet::new();
        plans.iter().filter(|plan| !self.places.contains_key(&plan.input) && seen.insert(plan.input)).collect()
    }

    /// Forgets everything, and has room for `needed` bytes at least.
    fn make_room(&mut self, needed: usize) -> Result<(), Error> {
        // Kernels of any stream may still read what is there.
        ctx::synchronize().map_err(Error::driver("cuCtxSynchronize"))?;
        self.used = 0;
        if self.capacity < needed.max(PLAN_BYTES) {
            self.free();
            *self = Self::default();
            let capacity = needed.max(PLAN_BYTES);
            // SAFETY: the context is current.
            self.address = unsafe { result::malloc_sync(capacity) }.map_err(Error::driver("cuMemAlloc"))?;
            self.capacity = capacity;
        }
        Ok(())
    }

    fn free(&mut self) {
        if self.capacity > 0 {
            // SAFETY: allocated by `make_room`, freed once, when nothing reads it (see there) or the device is done
            // with; the driver waits for what is under way. A lost device has nothing left to free.
            let _ = unsafe { result::free_sync(self.address) };
        }
        if let Some((_, event)) = self.uploaded {
            // SAFETY: made by `upload`, destroyed once.
            let _ = unsafe { result::event::destroy(event) };
        }
    }
}

fn bytes(plans: &[&Arc<Plan>]) -> usize {
    plans.iter().map(|plan| plan.tables().len().next_multiple_of(ALIGNMENT)).sum()
}
