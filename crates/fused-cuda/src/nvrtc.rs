//! The functions of NVRTC, from the very file that was asked for: a loader that looks for the library by name may
//! find another toolkit's.

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
/// `nvrtcResult`; 0 is success.
type Status = c_int;
type GetSize = unsafe extern "C" fn(Handle, *mut usize) -> Status;
type GetBytes = unsafe extern "C" fn(Handle, *mut c_char) -> Status;

/// Names by which a system's loader knows the library, the newest first.
const SYSTEM: [&str; 3] = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"];

/// A loaded library, which stays until the process ends.
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
    /// Loads the library from `folder`, its built-ins first: it looks for those by name when it compiles, and finds
    /// what the process has loaded already. So no variable need be exported. Without the files, the system's own
    /// search decides.
    ///
    /// # Errors
    /// [`Error::NoCompiler`].
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let missing = |detail: String| Error::NoCompiler { folder: folder.to_owned(), detail };
        // SAFETY: NVIDIA's libraries run nothing when loaded but the set-up of their own state.
        let open = |file: &Path| unsafe { Library::open(Some(file), RTLD_NOW | RTLD_GLOBAL) };
        if let Some(builtins) = newest(folder, "libnvrtc-builtins.so") {
            // Never unloaded, as it is used until the process ends; so is the library below.
            std::mem::forget(open(&builtins).map_err(|error| missing(error.to_string()))?);
        }
        let library = match newest(folder, "libnvrtc.so") {
            Some(file) => open(&file).map_err(|error| missing(error.to_string()))?,
            None => SYSTEM.iter().find_map(|name| open(Path::new(name)).ok()).ok_or_else(|| {
                missing("there is no such file, and the system's loader finds none".to_owned())
            })?,
        };
        let library = std::mem::ManuallyDrop::new(library);
        // SAFETY: the types are those of nvrtc.h, where they have been the same since CUDA 11.2.
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

    /// Compiles `source`: the machine code, or what went wrong; and the compiler's log.
    pub fn compile(&self, source: &CStr, options: &[CString]) -> (Result<Vec<u8>, String>, String) {
        let mut program = ptr::null_mut();
        // SAFETY: the strings outlive the call; no headers are given.
        let created = unsafe {
            let name = c"patchmark.cu".as_ptr();
            (self.create)(&raw mut program, source.as_ptr(), name, 0, ptr::null(), ptr::null())
        };
        if let Err(error) = self.check(created) {
            return (Err(error), String::new());
        }
        let options: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        // SAFETY: `program` was just made; the options' strings outlive the call.
        let compiled =
            self.check(unsafe { (self.compile)(program, options.len() as c_int, options.as_ptr()) });
        let log = self.read(program, self.log).unwrap_or_default();
        let code = compiled.and_then(|()| self.read(program, self.code));
        // SAFETY: made above, destroyed once, not used after. A failure leaks what little it holds.
        let _ = unsafe { (self.destroy)(&raw mut program) };
        let log = log.split(|byte| *byte == 0).next().unwrap_or_default();
        (code, String::from_utf8_lossy(log).trim().to_owned())
    }

    fn read(&self, program: Handle, (size, get): (GetSize, GetBytes)) -> Result<Vec<u8>, String> {
        let mut length = 0;
        // SAFETY: the program lives; the buffer has the size that the library asks for.
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

/// The file of a folder whose name begins with `name`, the last in order of version.
fn newest(folder: &Path, name: &str) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    files.filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name))).max()
}
