//! The pixels of Pillow images, without a copy if Pillow can lend them.

use std::{
    ffi::{CStr, c_char, c_void},
    path::Path,
    ptr, slice,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use pyo3::{
    call::PyCallArgs,
    ffi,
    prelude::*,
    types::{PyBytes, PyList, PyTuple},
};

use super::start;
use crate::workload::DecodedImage;

/// The array of the Arrow C data interface, with the layout that its specification gives.
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

/// The beginning of the schema of the Arrow C data interface.
#[repr(C)]
struct ArrowSchema {
    format: *const c_char,
}

/// Makes PIL images as a user holds them after `PIL.Image.open(…).convert("RGB")`.
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

/// A list of paths as `str`, which transformers' processors take in place of images.
///
/// # Errors
/// If Python cannot start or runs out of memory.
pub fn path_list(paths: &[&Path]) -> Result<Py<PyList>> {
    start()?;
    Python::attach(|py| Ok(PyList::new(py, paths.iter().map(|path| path.as_os_str()))?.unbind()))
}

/// Opens files as most people do: `PIL.Image.open(path).convert("RGB")`.
///
/// # Errors
/// Whatever Pillow raises.
pub(crate) fn open_images(paths: &Py<PyList>) -> Result<Py<PyList>> {
    call("open_images", (paths,))
}

/// Opens files as transformers' `load_image` does, on `threads` Python threads.
///
/// # Errors
/// Whatever Pillow raises.
pub(crate) fn load_images(paths: &Py<PyList>, threads: usize) -> Result<Py<PyList>> {
    call("load_images", (paths, threads))
}

/// A function of the bridge that returns a list.
fn call(name: &str, arguments: impl for<'py> PyCallArgs<'py>) -> Result<Py<PyList>> {
    let bridge = start()?;
    Python::attach(|py| {
        let list = bridge.bind(py).getattr(name)?.call1(arguments)?;
        Ok(list.cast_into::<PyList>().map_err(PyErr::from)?.unbind())
    })
}

/// Whether Pillow's images, in mode RGB, have the pixels of `images`.
///
/// # Errors
/// As [`Pixels::of`].
pub(crate) fn have_pixels(list: &Py<PyList>, images: &[Arc<DecodedImage>]) -> Result<bool> {
    Python::attach(|py| {
        for (found, expected) in list.bind(py).iter().zip(images) {
            let found = Pixels::of(&found)?;
            let mut pixels = found.bytes().chunks_exact(found.pitch()).zip(expected.rgb.chunks_exact(3));
            if found.size() != (expected.height, expected.width)
                || !pixels.all(|(found, expected)| found[..3] == *expected)
            {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

/// The pixels of an RGB image, kept alive by the Python objects that own them.
pub(crate) enum Pixels<'py> {
    /// `[height, width, 4]` u8: Pillow's own storage, lent through `__arrow_c_array__`.
    Lent {
        /// The capsules that own the loan.
        _loan: Bound<'py, PyTuple>,
        /// The first byte of the image.
        data: *const u8,
        /// (height, width) in pixels.
        size: (usize, usize),
    },
    /// `[height, width, 3]` u8: a copy, made if the image's rows are in several of Pillow's memory blocks.
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
    /// If the object is not such an image, or Pillow runs out of memory.
    pub(crate) fn of(image: &Bound<'py, PyAny>) -> Result<Self> {
        let mode: String = image.getattr("mode")?.extract()?;
        ensure!(mode == "RGB", "a PIL image of mode {mode} was given where RGB was expected");
        let (width, height): (usize, usize) = image.getattr("size")?.extract()?;
        let size = (height, width);
        // It raises if the rows are not contiguous, as in images of more than 16 MB.
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

    /// Bytes from one pixel to the next: 4 if lent, 3 if copied.
    pub(crate) fn pitch(&self) -> usize {
        match self {
            Self::Lent { .. } => 4,
            Self::Copied { .. } => 3,
        }
    }

    /// The bytes, row by row without gaps.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            // SAFETY: `lent` found an array of height·width pixels of 4 bytes at `data`; the loan keeps it alive, and
            // `'py` proves that this thread holds the interpreter, so no Python code changes it.
            Self::Lent { data, size, .. } => unsafe { slice::from_raw_parts(*data, size.0 * size.1 * 4) },
            Self::Copied { bytes, .. } => bytes.as_bytes(),
        }
    }
}

/// The address of the lent array of `pixels` four-byte pixels; none if it has another layout.
fn lent(loan: &Bound<'_, PyTuple>, pixels: usize) -> Result<Option<*const u8>> {
    let schema = pointer::<ArrowSchema>(&loan.get_item(0)?, c"arrow_schema")?;
    let array = pointer::<ArrowArray>(&loan.get_item(1)?, c"arrow_array")?;
    // SAFETY: the capsules' names say what they point to, the Arrow C data interface specifies the layout, and `loan`
    // keeps both alive; every pointer is checked for null before it is dereferenced.
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
        // The first buffer holds the validity of values, which the bytes of an image do not need.
        let data = (*child.buffers.add(1)).cast::<u8>();
        Ok((!ptr::eq(data, ptr::null())).then_some(data))
    }
}

/// The pointer in a capsule of that name.
fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &CStr) -> Result<*const T> {
    // SAFETY: the interpreter is attached and the object is alive; Python checks that it is a capsule of that name.
    let pointer = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), name.as_ptr()) };
    if pointer.is_null() {
        return Err(PyErr::fetch(capsule.py()).into());
    }
    Ok(pointer.cast())
}
