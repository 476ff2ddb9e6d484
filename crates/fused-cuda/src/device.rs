//! A device with the kernel and the plans that stay on it, and launches on the caller's stream.

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

/// The percentage of a multiprocessor's memory that the kernel prefers as shared memory rather than as a cache.
const CARVEOUT: sys::CUfunction_attribute =
    sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;

/// Machine code that is loaded in a context, and its entry point. It is unloaded when dropped.
#[derive(Debug)]
pub(crate) struct Kernel {
    module: sys::CUmodule,
    pub function: sys::CUfunction,
    context: Arc<Context>,
}

impl Kernel {
    /// Loads a complete cubin into `context`.
    ///
    /// # Errors
    /// [`Error::Driver`] if the device rejects it.
    pub fn load(context: &Arc<Context>, code: &[u8], entry: &CStr) -> Result<Self, Error> {
        let _entered = context.enter()?;
        // SAFETY: the driver copies the code.
        let module =
            unsafe { module::load_data(code.as_ptr().cast()) }.map_err(Error::driver("cuModuleLoadData"))?;
        // The module has an owner from here on, which unloads it if the rest fails.
        let mut kernel = Self { module, function: ptr::null_mut(), context: Arc::clone(context) };
        // SAFETY: the module stays loaded as long as its function is used.
        kernel.function = unsafe { module::get_function(module, entry.into()) }
            .map_err(Error::driver("cuModuleGetFunction"))?;
        Ok(kernel)
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        // If the context is lost, there is nothing left to unload.
        if let Ok(_entered) = self.context.enter() {
            // SAFETY: loaded once, in `load`; the driver waits for running work.
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

// SAFETY: the driver's handles may be used from any thread, and the mutable part is behind a mutex.
unsafe impl Send for Device {}
// SAFETY: the same as for `Send`.
unsafe impl Sync for Device {}

impl Device {
    /// Loads the kernel for `planner`'s patch size and dtype on CUDA device `ordinal`, in the primary context, which
    /// torch uses too. The machine code comes from the folder `cache`, or else from the NVRTC in the folder
    /// `libraries`.
    ///
    /// # Errors
    /// [`Error::NoDriver`] if the driver is not installed, [`Error::Driver`] if there is no such device or it rejects
    /// the kernel, and the same as for [`CodeCache::get`].
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
        // All of the memory as shared memory leaves room for five blocks. SAFETY: the function was just loaded.
        unsafe { function::set_function_attribute(kernel.function, CARVEOUT, 100) }
            .map_err(Error::driver("cuFuncSetAttribute"))?;
        drop(entered);
        Ok(Self { kernel, plans: Mutex::default(), context })
    }

    /// Makes the device's context current on the calling thread until the returned guard is dropped.
    pub(crate) fn enter(&self) -> Result<Entered, Error> {
        self.context.enter()
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The addresses of the batch's plans in device memory. Missing plans are uploaded on `stream`, in one copy. Plans
    /// stay on the device until there is no room for more; then all of them are removed at once.
    ///
    /// # Errors
    /// [`Error::Driver`], for example if memory runs out.
    pub fn place(&self, batch: &Batch, stream: Stream) -> Result<Vec<u64>, Error> {
        let _entered = self.enter()?;
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).place(batch.plans(), stream)
    }

    /// Launches the batch on `stream`, and returns before the work is done.
    ///
    /// # Errors
    /// [`Error::Driver`].
    ///
    /// # Safety
    /// - `launch` comes from this batch's [`Batch::write`].
    /// - When the stream reaches the launch, the table is at the address that it was written for, the sources hold the
    ///   bytes of the images, and the outputs are large enough. This memory stays valid until the launch is done.
    /// - The plans' addresses come from [`Device::place`] on the same stream, and no other batch was placed in between.
    pub unsafe fn launch(&self, batch: &Batch, launch: &Launch, stream: Stream) -> Result<(), Error> {
        let _entered = self.enter()?;
        let mut parameters = [std::ptr::from_ref(launch).cast_mut().cast::<c_void>()];
        // SAFETY: the kernel takes one `Launch`, which the driver copies; the caller guarantees the rest.
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
        // If the context is lost, there is nothing left to free.
        if let Ok(_entered) = self.context.enter() {
            self.plans.get_mut().unwrap_or_else(PoisonError::into_inner).free();
        }
    }
}
