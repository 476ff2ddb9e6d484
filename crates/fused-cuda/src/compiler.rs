//! NVRTC: CUDA C++ to machine code of one architecture, at run time and without a device.

use std::{
    ffi::{CStr, CString, c_char},
    fs,
    path::{Path, PathBuf},
};

use cudarc::nvrtc::{result, sys};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

use crate::{
    Element, Error,
    layout::{BLOCKS, CHANNELS, STAGE, THREADS},
    source,
};

/// The kernel's name in the machine code.
pub(crate) const ENTRY: &CStr = c"preprocess";

/// What one kernel is compiled from: everything that its machine code depends on but for the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Such as `sm_90`.
    pub architecture: String,
    pub(crate) source: String,
    pub(crate) options: Vec<String>,
}

/// Machine code and what the assembler tells about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// A cubin.
    pub code: Vec<u8>,
    /// Registers, shared memory, spills.
    pub log: String,
}

impl Program {
    /// The kernel for a device of compute capability `major.minor`, patches of `patch_size` and outputs of `element`.
    pub fn new((major, minor): (i32, i32), patch_size: usize, element: Element) -> Self {
        let architecture = format!("sm_{major}{minor}");
        let options = vec![
            format!("--gpu-architecture={architecture}"),
            "--std=c++17".into(),
            "--ptxas-options=-v".into(),
            format!("-DPATCH={patch_size}"),
            format!("-DSAMPLE={}", element.kernel_type()),
            format!("-DTHREADS={THREADS}"),
            format!("-DSTAGE={STAGE}"),
            format!("-DBLOCKS={BLOCKS}"),
            format!("-DCHANNELS={CHANNELS}"),
        ];
        Self { architecture, source: source::cuda(), options }
    }

    /// Compiles it.
    ///
    /// # Errors
    /// [`Error::NoCompiler`] where `libraries` holds no NVRTC and the system knows none; [`Error::Compile`] with the
    /// compiler's messages where it refuses the source or the architecture.
    pub fn compile(&self, libraries: &Path) -> Result<Compiled, Error> {
        load(libraries)?;
        let refused = |log: String| Error::Compile { architecture: self.architecture.clone(), log };
        let said = |error: result::NvrtcError| refused(format!("{error:?}"));
        let source = CString::new(self.source.as_str()).map_err(|error| refused(error.to_string()))?;
        let program = result::create_program(&source, Some(c"patchmark.cu")).map_err(said)?;
        // SAFETY: `program` was just made and is destroyed once, after the last use; the buffers have the sizes that
        // the compiler asks for.
        unsafe {
            let compiled = result::compile_program(program, &self.options);
            let log = result::get_program_log(program).map(|log| text(&log)).unwrap_or_default();
            let code = compiled.and_then(|()| {
                let mut size = 0;
                sys::nvrtcGetCUBINSize(program, &raw mut size).result()?;
                let mut code = vec![0u8; size];
                sys::nvrtcGetCUBIN(program, code.as_mut_ptr().cast::<c_char>()).result()?;
                Ok(code)
            });
            let destroyed = result::destroy_program(program);
            let code = code.map_err(|error| refused(format!("{error:?}: {log}")))?;
            destroyed.map_err(said)?;
            Ok(Compiled { code, log })
        }
    }
}

fn text(bytes: &[c_char]) -> String {
    let bytes: Vec<u8> = bytes.iter().map(|byte| *byte as u8).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// Loads NVRTC from `libraries`, its built-ins first: it looks for those by name when it compiles, and finds what the
/// process has loaded already. So no variable need be exported. Without the files, the system's own search decides.
fn load(libraries: &Path) -> Result<(), Error> {
    let missing = |detail: String| Error::NoCompiler { folder: libraries.to_owned(), detail };
    for name in ["libnvrtc-builtins.so", "libnvrtc.so"] {
        let Some(file) = newest(libraries, name) else { continue };
        // SAFETY: NVIDIA's libraries run nothing when loaded but the set-up of their own state.
        let library = unsafe { Library::open(Some(&file), RTLD_NOW | RTLD_GLOBAL) };
        // Never unloaded: the functions are used until the process ends.
        std::mem::forget(library.map_err(|error| missing(error.to_string()))?);
    }
    // SAFETY: as above.
    if unsafe { sys::is_culib_present() } {
        Ok(())
    } else {
        Err(missing("there is no such file, and the system's loader finds none".into()))
    }
}

/// The file of a folder whose name begins with `name`, the last in order of version.
fn newest(folder: &Path, name: &str) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    files.filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name))).max()
}
