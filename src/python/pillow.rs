//! The pixels of Pillow images, without a copy where Pillow can lend them.

use std::{
    ffi::{CStr, c_char, c_void},
    ptr, slice,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use pyo3::{
    ffi,
    prelude::*,
    types::{PyBytes, PyList, PyTuple},
};

use super::start;
use crate::workload::DecodedImage;

/// The Arrow C data interface's array, as its specification lays it out.
#[repr(C)]
struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const *const c_void,
    children: *const *const ArrowArray,
}

/// The start of the Arrow C data interface's schema.
#[repr(C)]
struct ArrowSchema {
    format: *const c_char,
}

/// Images as a user holds them after `PIL.Image.open(…).convert("RGB")`.
///
/// # Errors
/// If Python cannot start or runs out of memory.
pub fn pil_images(images: &[Arc<DecodedImage>]) -> Result<Py<PyList>> {
    let bridge = start()?;
    Python::attach(|py| {
        let make = bridge.bind(py).getattr("pil_image")?;
        let list = PyList::empty(py);
        for image in images {
            list.append(make.call1((image.width, image.height, PyBytes::new(py, &image.rgb)))?)?;
        }
        Ok(list.unbind())
    })
}

/// An RGB image's pixels, kept alive by what Python lent.
pub(crate) enum Pixels<'py> {
    /// `[height, width, 4]` u8: Pillow's own storage, lent through `__arrow_c_array__`.
    Lent {
        /// The capsules that own the loan.
        _loan: Bound<'py, PyTuple>,
        /// First byte of the image.
        data: *const u8,
        /// (height, width) in pixels.
        size: (usize, usize),
    },
    /// `[height, width, 3]` u8: a copy, where the image's rows lie in several of Pillow's blocks.
    Copied {
        /// What `tobytes` returned.
        bytes: Bound<'py, PyBytes>,
        /// (height, width) in pixels.
        size: (usize, usize),
    },
}

impl<'py> Pixels<'py> {
    /// The pixels of a `PIL.Image.Image` in mode RGB.
    ///
    /// # Errors
    /// If the object is no such image, or Pillow runs out of memory.
    pub(crate) fn of(image: &Bound<'py, PyAny>) -> Result<Self> {
        let mode: String = image.getattr("mode")?.extract()?;
        ensure!(mode == "RGB", "a PIL image of mode {mode} was given where RGB was expected");
        let (width, height): (usize, usize) = image.getattr("size")?.extract()?;
        let size = (height, width);
        // It raises where the rows are not contiguous: images of more than 16 MB.
        if let Ok(loan) = image.call_method0("__arrow_c_array__") {
            let loan = loan.cast_into::<PyTuple>().map_err(|error| anyhow::anyhow!("{error}"))?;
            if let Some(data) = lent(&loan, height * width)? {
                return Ok(Self::Lent { _loan: loan, data, size });
            }
        }
        let bytes = image.call_method0("tobytes").context("Pillow gave no pixels")?;
        let bytes = bytes.cast_into::<PyBytes>().map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Self::Copied { bytes, size })
    }

    /// (height, width) in pixels.
    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Self::Lent { size, .. } | Self::Copied { size, .. } => *size,
        }
    }

    /// Bytes from a pixel to the next: 4 where lent, 3 where copied.
    pub(crate) fn pitch(&self) -> usize {
        match self {
            Self::Lent { .. } => 4,
            Self::Copied { .. } => 3,
        }
    }

    /// The bytes, row by row without gaps.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            // SAFETY: `lent` found an array of height·width pixels of 4 bytes there; the loan keeps them alive,
            // and `'py` proves that this thread holds the interpreter, so no Python code changes them.
            Self::Lent { data, size, .. } => unsafe { slice::from_raw_parts(*data, size.0 * size.1 * 4) },
            Self::Copied { bytes, .. } => bytes.as_bytes(),
        }
    }
}

/// Where the lent array of `pixels` four-byte pixels starts; none where it is laid out in another way.
fn lent(loan: &Bound<'_, PyTuple>, pixels: usize) -> Result<Option<*const u8>> {
    let schema = pointer::<ArrowSchema>(&loan.get_item(0)?, c"arrow_schema")?;
    let array = pointer::<ArrowArray>(&loan.get_item(1)?, c"arrow_array")?;
    // SAFETY: the capsules' names say what they point at, the Arrow C data interface how it is laid out, and
    // `loan` keeps both alive; every pointer is checked for null before it is followed.
    unsafe {
        if (*schema).format.is_null() || CStr::from_ptr((*schema).format) != c"+w:4" {
            return Ok(None);
        }
        let array = &*array;
        if array.n_children != 1
            || array.children.is_null()
            || array.offset != 0
            || array.length != pixels as i64
        {
            return Ok(None);
        }
        let child = *array.children;
        if child.is_null() {
            return Ok(None);
        }
        let child = &*child;
        let whole = child.length == 4 * pixels as i64 && child.offset == 0;
        if !whole || child.n_buffers != 2 || child.buffers.is_null() {
            return Ok(None);
        }
        // The first buffer is the validity of values, which bytes of an image do not need.
        let data = (*child.buffers.add(1)).cast::<u8>();
        Ok((!ptr::eq(data, ptr::null())).then_some(data))
    }
}

/// What a capsule of that name points at.
fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &CStr) -> Result<*const T> {
    // SAFETY: the interpreter is attached and the object alive; Python checks that it is a capsule of that name.
    let pointer = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), name.as_ptr()) };
    if pointer.is_null() {
        return Err(PyErr::fetch(capsule.py()).into());
    }
    Ok(pointer.cast())
}
