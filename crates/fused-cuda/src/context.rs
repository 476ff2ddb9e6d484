//! A device's primary context, which torch uses too.

use std::ptr;

use cudarc::driver::{
    result::{self, ctx, primary_ctx},
    sys,
};

use crate::Error;

/// The context, retained as long as this lives.
#[derive(Debug)]
pub(crate) struct Context {
    context: sys::CUcontext,
    pub device: sys::CUdevice,
}

// SAFETY: a context may be made current to any thread, also to several at once.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    /// Retains the context of CUDA device `ordinal`.
    ///
    /// # Errors
    /// [`Error::NoDriver`] on a machine without one, [`Error::Driver`] where there is no such device.
    pub fn new(ordinal: i32) -> Result<Self, Error> {
        // SAFETY: loads the driver's library, which runs nothing but its own set-up.
        if !unsafe { sys::is_culib_present() } {
            return Err(Error::NoDriver);
        }
        result::init().map_err(Error::driver("cuInit"))?;
        let device = result::device::get(ordinal).map_err(Error::driver("cuDeviceGet"))?;
        // SAFETY: `device` is the driver's own answer; released when dropped.
        let context =
            unsafe { primary_ctx::retain(device) }.map_err(Error::driver("cuDevicePrimaryCtxRetain"))?;
        Ok(Self { context, device })
    }

    /// Makes the context the calling thread's, until what is returned is dropped.
    pub fn enter(&self) -> Result<Entered, Error> {
        let before = ctx::get_current().map_err(Error::driver("cuCtxGetCurrent"))?;
        // SAFETY: the context is retained as long as `self` lives, and longer than the calls that need it current.
        unsafe { ctx::set_current(self.context) }.map_err(Error::driver("cuCtxSetCurrent"))?;
        Ok(Entered { before })
    }

    pub fn attribute(&self, attribute: sys::CUdevice_attribute) -> Result<i32, Error> {
        // SAFETY: `device` is the driver's own answer.
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
        // SAFETY: retained once, in `new`. Where the driver fails there is nothing left to release.
        let _ = unsafe { primary_ctx::release(self.device) };
    }
}

/// Puts back the context that the thread had.
#[must_use]
#[derive(Debug)]
pub(crate) struct Entered {
    before: Option<sys::CUcontext>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // SAFETY: it was current a moment ago, or there was none. On failure the device's own stays current.
        let _ = unsafe { ctx::set_current(self.before.unwrap_or(ptr::null_mut())) };
    }
}
