//! libjpeg-turbo, through its TurboJPEG interface.

use std::{
    ffi::{CStr, c_int},
    ptr::NonNull,
};

use turbojpeg_sys as raw;

use crate::{Doubt, limits::MAX_PIXELS};

/// A decompressor of libjpeg-turbo, for one file: the next would be decoded with tables that this one left behind.
#[derive(Debug)]
pub(super) struct Turbo(NonNull<std::ffi::c_void>);

impl Turbo {
    /// A decompressor that stops at the first warning.
    pub(super) fn new() -> Result<Self, Doubt> {
        // SAFETY: the call takes no pointer; a null handle is an error.
        let handle = unsafe { raw::tj3Init(raw::TJINIT_TJINIT_DECOMPRESS as c_int) };
        let this = NonNull::new(handle).map(Self);
        let mut this = this.ok_or_else(|| Doubt::Decoder("libjpeg-turbo gave no decompressor".into()))?;
        // Pixels that follow a warning are a guess, and loaders guess differently.
        this.set(raw::TJPARAM_TJPARAM_STOPONWARNING, 1)?;
        this.set(raw::TJPARAM_TJPARAM_MAXPIXELS, MAX_PIXELS as c_int)?;
        Ok(this)
    }

    /// Decodes a whole JPEG of `width` × `height` to interleaved RGB.
    pub(super) fn decode(
        self,
        bytes: &[u8],
        width: usize,
        height: usize,
        mut buffer: Vec<u8>,
    ) -> Result<Vec<u8>, Doubt> {
        // SAFETY: the handle is alive, and `bytes` is readable for its length.
        let read = unsafe { raw::tj3DecompressHeader(self.0.as_ptr(), bytes.as_ptr(), bytes.len() as _) };
        self.check(read)?;
        let found = (self.get(raw::TJPARAM_TJPARAM_JPEGWIDTH), self.get(raw::TJPARAM_TJPARAM_JPEGHEIGHT));
        if found != (width as c_int, height as c_int) {
            return Err(Doubt::Structure("its header can be read in two ways"));
        }
        let colours = self.get(raw::TJPARAM_TJPARAM_COLORSPACE);
        if colours == raw::TJCS_TJCS_CMYK as c_int || colours == raw::TJCS_TJCS_YCCK as c_int {
            return Err(Doubt::Kind("a JPEG with four components (CMYK)"));
        }
        let length = width * height * 3;
        if buffer.capacity() < length {
            // Memory that comes cleared from the system.
            buffer = vec![0; length];
        }
        // What it held before is not cleared: either every byte is written, or none is used.
        buffer.resize(length, 0);
        // SAFETY: the handle is alive, `bytes` is readable for its length, and with a pitch of 0 the call writes
        // width · height pixels of three bytes, the size that the header gave and `buffer` has.
        let done = unsafe {
            raw::tj3Decompress8(
                self.0.as_ptr(),
                bytes.as_ptr(),
                bytes.len() as _,
                buffer.as_mut_ptr(),
                0,
                raw::TJPF_TJPF_RGB as c_int,
            )
        };
        self.check(done)?;
        Ok(buffer)
    }

    fn set(&mut self, parameter: raw::TJPARAM, value: c_int) -> Result<(), Doubt> {
        // SAFETY: the handle is alive.
        let set = unsafe { raw::tj3Set(self.0.as_ptr(), parameter as c_int, value) };
        self.check(set)
    }

    fn get(&self, parameter: raw::TJPARAM) -> c_int {
        // SAFETY: the handle is alive.
        unsafe { raw::tj3Get(self.0.as_ptr(), parameter as c_int) }
    }

    /// The message of a call that failed or warned.
    fn check(&self, returned: c_int) -> Result<(), Doubt> {
        if returned == 0 {
            return Ok(());
        }
        // SAFETY: the handle is alive; the message ends with a zero and is copied before the next call.
        let message = unsafe { CStr::from_ptr(raw::tj3GetErrorStr(self.0.as_ptr())) };
        Err(Doubt::Decoder(message.to_string_lossy().into_owned()))
    }
}

impl Drop for Turbo {
    fn drop(&mut self) {
        // SAFETY: the handle is alive and is not used again.
        unsafe { raw::tj3Destroy(self.0.as_ptr()) }
    }
}
