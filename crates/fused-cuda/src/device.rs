//! A device: its kernel, the plans that it keeps, and launches on the caller's stream.

use std::{
    ffi::{CStr, c_void},
    path::{Path, PathBuf},
    ptr,
    sync::{Arc, Mutex, PoisonError},
};

use cudarc::driver::{
    result::{self, function, module},
    sys,
};

use crate::{
    Batch, Error, Launch, Planner, Stream,
    code_cache::CodeCache,
    compiler::{ENTRY, Program},
    context::{Context, Entered},
    layout::THREADS,
    resident::Resident,
};

/// Percent of a multiprocessor's memory that the kernel wants for sharing rather than for a cache.
const CARVEOUT: sys::CUfunction_attribute =
    sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;

/// Machine code in a context, and its entry; unloaded when dropped.
#[derive(Debug)]
pub(crate) struct Kernel {
    module: sys::CUmodule,
    pub function: sys::CUfunction,
    context: Arc<Context>,
}

impl Kernel {
    /// Loads a whole cubin into `context`.
    ///
    /// # Errors
    /// [`Error::Driver`] where the device refuses it.
    pub fn load(context: &Arc<Context>, code: &[u8], entry: &CStr) -> Result<Self, Error> {
        let _entered = context.enter()?;
        // SAFETY: the driver copies the code.
        let module =
            unsafe { module::load_data(code.as_ptr().cast()) }.map_err(Error::driver("cuModuleLoadData"))?;
        // Owned from here on, so that it is unloaded where the rest fails.
        let mut kernel = Self { module, function: ptr::null_mut(), context: Arc::clone(context) };
        // SAFETY: the module stays loaded as long as its function.
        kernel.function = unsafe { module::get_function(module, entry.into()) }
            .map_err(Error::driver("cuModuleGetFunction"))?;
        Ok(kernel)
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        // Where the context is lost, so is all that would be given back.
        if let Ok(_entered) = self.context.enter() {
            // SAFETY: loaded once, in `load`; the driver waits for what is under way.
            let _ = unsafe { module::unload(self.module) };
        }
    }
}

/// The kernel on one device.
#[derive(Debug)]
pub struct Device {
    kernel: Kernel,
    plans: Mutex<Resident>,
    context: Arc<Context>,
}

// SAFETY: the driver's handles may be used from any thread; what changes is behind a mutex.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

impl Device {
    /// Makes the kernel for `planner`'s patches and dtype ready on CUDA device `ordinal`, in the primary context,
    /// which is torch's. It is taken from the folder `cache`, or compiled by the NVRTC of the folder `libraries`.
    ///
    /// # Errors
    /// [`Error::NoDriver`] on a machine without one, [`Error::Driver`] where the device is not there or refuses the
    /// kernel, and as for [`CodeCache::get`].
    pub fn new(
        planner: &Planner,
        ordinal: i32,
        libraries: &Path,
        cache: Option<PathBuf>,
    ) -> Result<Self, Error> {
        let context = Arc::new(Context::new(ordinal)?);
        let program = Program::new(context.capability()?, planner.sizing().patch_size, planner.element());
        let code = CodeCache::new(cache).get(&program, libraries)?;
        let kernel = Kernel::load(&context, &code, ENTRY)?;
        let entered = context.enter()?;
        // SAFETY: the function was just loaded. It asks for as much shared memory as there is, for five blocks.
        unsafe { function::set_function_attribute(kernel.function, CARVEOUT, 100) }
            .map_err(Error::driver("cuFuncSetAttribute"))?;
        drop(entered);
        Ok(Self { kernel, plans: Mutex::default(), context })
    }

    /// Makes the device's context the calling thread's, until what is returned is dropped.
    pub(crate) fn enter(&self) -> Result<Entered, Error> {
        self.context.enter()
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The addresses of the batch's plans in device memory. Those that are not there yet are uploaded on `stream`, in
    /// one copy; they stay until there is no more room, when all go at once.
    ///
    /// # Errors
    /// [`Error::Driver`], out of memory among them.
    pub fn place(&self, batch: &Batch, stream: Stream) -> Result<Vec<u64>, Error> {
        let _entered = self.enter()?;
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
        let _entered = self.enter()?;
        let mut parameters = [std::ptr::from_ref(launch).cast_mut().cast::<c_void>()];
        // SAFETY: the kernel takes one `Launch`, which the driver copies; the rest is the caller's promise.
        unsafe {
            result::launch_kernel(
                self.kernel.function,
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
        // Where the context is lost, so is all that would be given back.
        if let Ok(_entered) = self.context.enter() {
            self.plans.get_mut().unwrap_or_else(PoisonError::into_inner).free();
        }
    }
}
