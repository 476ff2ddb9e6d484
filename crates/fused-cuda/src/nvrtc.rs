//! The functions of NVRTC, loaded from a given folder: a search by name might find the library of another toolkit.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    fs,
    path::{Path, PathBuf},
    ptr,
};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

use crate::Error;

/// `nvrtcProgram`.
type Handle = *mut c_void;
/// `nvrtcResult`; 0 means success.
type Status = c_int;
type GetSize = unsafe extern "C" fn(Handle, *mut usize) -> Status;
type GetBytes = unsafe extern "C" fn(Handle, *mut c_char) -> Status;

/// Names of the library for the system's loader, newest first.
const SYSTEM: [&str; 3] = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"];

/// The loaded library. It stays loaded until the process ends.
pub(crate) struct Nvrtc {
    create: unsafe extern "C" fn(
        *mut Handle,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> Status,
    compile: unsafe extern "C" fn(Handle, c_int, *const *const c_char) -> Status,
    destroy: unsafe extern "C" fn(*mut Handle) -> Status,
    log: (GetSize, GetBytes),
    code: (GetSize, GetBytes),
    describe: unsafe extern "C" fn(Status) -> *const c_char,
}

impl Nvrtc {
    /// Loads the library from `folder`, or by the system's search if `folder` does not have it.
    ///
    /// The library of built-ins is loaded first. NVRTC looks for it by name when it compiles, and then finds the one
    /// that is already loaded; `LD_LIBRARY_PATH` need not be set.
    ///
    /// # Errors
    /// [`Error::NoCompiler`] if there is no such library.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let missing = |detail: String| Error::NoCompiler { folder: folder.to_owned(), detail };
        // SAFETY: when loaded, NVIDIA's libraries only initialise their own state.
        let open = |file: &Path| unsafe { Library::open(Some(file), RTLD_NOW | RTLD_GLOBAL) };
        if let Some(builtins) = newest(folder, "libnvrtc-builtins.so") {
            // Never unloaded, because it is used until the process ends, like the library below.
            std::mem::forget(open(&builtins).map_err(|error| missing(error.to_string()))?);
        }
        let library = match newest(folder, "libnvrtc.so") {
            Some(file) => open(&file).map_err(|error| missing(error.to_string()))?,
            None => SYSTEM.iter().find_map(|name| open(Path::new(name)).ok()).ok_or_else(|| {
                missing("the folder has no such file, and the system's loader finds none".to_owned())
            })?,
        };
        let library = std::mem::ManuallyDrop::new(library);
        // SAFETY: the types are those of nvrtc.h, which have not changed since CUDA 11.2.
        let functions = || unsafe {
            Ok::<Self, libloading::Error>(Self {
                create: *library.get(b"nvrtcCreateProgram\0")?,
                compile: *library.get(b"nvrtcCompileProgram\0")?,
                destroy: *library.get(b"nvrtcDestroyProgram\0")?,
                log: (*library.get(b"nvrtcGetProgramLogSize\0")?, *library.get(b"nvrtcGetProgramLog\0")?),
                code: (*library.get(b"nvrtcGetCUBINSize\0")?, *library.get(b"nvrtcGetCUBIN\0")?),
                describe: *library.get(b"nvrtcGetErrorString\0")?,
            })
        };
        functions().map_err(|error| missing(error.to_string()))
    }

    /// Compiles `source`. Returns the machine code or the reason of the failure, and the compiler's log.
    pub fn compile(&self, source: &CStr, options: &[CString]) -> (Result<Vec<u8>, String>, String) {
        let mut program = ptr::null_mut();
        // SAFETY: the strings outlive the call, and there are no headers.
        let created = unsafe {
            let name = c"patchmark.cu".as_ptr();
            (self.create)(&raw mut program, source.as_ptr(), name, 0, ptr::null(), ptr::null())
        };
        if let Err(error) = self.check(created) {
            return (Err(error), String::new());
        }
        let options: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        // SAFETY: `program` was just made, and the strings of the options outlive the call.
        let compiled =
            self.check(unsafe { (self.compile)(program, options.len() as c_int, options.as_ptr()) });
        let log = self.read(program, self.log).unwrap_or_default();
        let code = compiled.and_then(|()| self.read(program, self.code));
        // SAFETY: made above, destroyed once and not used afterwards. On failure, its memory is leaked.
        let _ = unsafe { (self.destroy)(&raw mut program) };
        let log = log.split(|byte| *byte == 0).next().unwrap_or_default();
        (code, String::from_utf8_lossy(log).trim().to_owned())
    }

    /// One of the program's results, such as its log.
    fn read(&self, program: Handle, (size, get): (GetSize, GetBytes)) -> Result<Vec<u8>, String> {
        let mut length = 0;
        // SAFETY: the program exists, and the buffer has the size that the library asks for.
        unsafe {
            self.check(size(program, &raw mut length))?;
            let mut bytes = vec![0u8; length];
            self.check(get(program, bytes.as_mut_ptr().cast()))?;
            Ok(bytes)
        }
    }

    fn check(&self, status: Status) -> Result<(), String> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the library returns a constant string for any status.
        let text = unsafe { CStr::from_ptr((self.describe)(status)) };
        Err(text.to_string_lossy().into_owned())
    }
}

/// The file in `folder` whose name begins with `name`. Among several, the last in alphabetical order, which is the
/// newest.
fn newest(folder: &Path, name: &str) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    files.filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name))).max()
}
