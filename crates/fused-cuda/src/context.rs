//! A device's primary context, which torch uses too.

use std::ptr;

use cudarc::driver::{
    result::{self, ctx, primary_ctx},
    sys,
};

use crate::Error;

/// A primary context, retained for the lifetime of this value.
#[derive(Debug)]
pub(crate) struct Context {
    context: sys::CUcontext,
    pub device: sys::CUdevice,
}

// SAFETY: a context may be current on any thread, and on several threads at once.
unsafe impl Send for Context {}
// SAFETY: the same as for `Send`.
unsafe impl Sync for Context {}

impl Context {
    /// Retains the context of CUDA device `ordinal`.
    ///
    /// # Errors
    /// [`Error::NoDriver`] if the driver is not installed, [`Error::Driver`] if there is no such device.
    pub fn new(ordinal: i32) -> Result<Self, Error> {
        // SAFETY: this loads the driver's library, which runs only its own initialisation.
        if !unsafe { sys::is_culib_present() } {
            return Err(Error::NoDriver);
        }
        result::init().map_err(Error::driver("cuInit"))?;
        let device = result::device::get(ordinal).map_err(Error::driver("cuDeviceGet"))?;
        // SAFETY: the driver returned `device`; the context is released when dropped.
        let context =
            unsafe { primary_ctx::retain(device) }.map_err(Error::driver("cuDevicePrimaryCtxRetain"))?;
        Ok(Self { context, device })
    }

    /// Makes the context current on the calling thread until the returned guard is dropped.
    pub fn enter(&self) -> Result<Entered, Error> {
        let before = ctx::get_current().map_err(Error::driver("cuCtxGetCurrent"))?;
        // SAFETY: the context is retained as long as `self` lives, and so during all calls that need it.
        unsafe { ctx::set_current(self.context) }.map_err(Error::driver("cuCtxSetCurrent"))?;
        Ok(Entered { before })
    }

    /// An attribute of the device.
    pub fn attribute(&self, attribute: sys::CUdevice_attribute) -> Result<i32, Error> {
        // SAFETY: the driver returned `device`.
        unsafe { result::device::get_attribute(self.device, attribute) }
            .map_err(Error::driver("cuDeviceGetAttribute"))
    }

    /// The compute capability, major and minor.
    pub fn capability(&self) -> Result<(i32, i32), Error> {
        use sys::CUdevice_attribute as Attribute;
        Ok((
            self.attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            self.attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ))
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: retained once, in `new`. If the driver fails, there is nothing left to release.
        let _ = unsafe { primary_ctx::release(self.device) };
    }
}

/// Restores the context that was current before, when dropped.
#[must_use]
#[derive(Debug)]
pub(crate) struct Entered {
    before: Option<sys::CUcontext>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // SAFETY: this context was current before, or there was none. On failure, the device's context stays current.
        let _ = unsafe { ctx::set_current(self.before.unwrap_or(ptr::null_mut())) };
    }
}
