//! Compiles CUDA C++ to machine code for one architecture, at run time and without a device.

use std::{
    ffi::{CStr, CString},
    path::Path,
};

use crate::{
    Element, Error,
    layout::{BLOCKS, CHANNELS, STAGE, THREADS},
    nvrtc::Nvrtc,
    source,
};

/// The kernel's name in the machine code.
pub(crate) const ENTRY: &CStr = c"preprocess";
/// The name of the kernel of [`Program::sweep`].
pub(crate) const SWEEP: &CStr = c"sweep";

/// The input of the compiler for one kernel: everything that the machine code depends on, except for the compiler
/// itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The target, such as `sm_90`.
    pub architecture: String,
    pub(crate) source: String,
    pub(crate) options: Vec<String>,
}

/// Machine code and the assembler's report about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The machine code, a cubin.
    pub code: Vec<u8>,
    /// The number of registers, shared memory and spills.
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

    /// A kernel that only reads, with one thread per 16 bytes, for [`crate::bandwidth`].
    #[doc(hidden)]
    pub fn sweep((major, minor): (i32, i32)) -> Self {
        let architecture = format!("sm_{major}{minor}");
        let options = vec![format!("--gpu-architecture={architecture}"), "--std=c++17".into()];
        Self { architecture, source: source::SWEEP.to_owned(), options }
    }

    /// Compiles the program with the NVRTC in the folder `libraries`.
    ///
    /// # Errors
    /// [`Error::NoCompiler`] if neither `libraries` nor the system has NVRTC; [`Error::Compile`] with the compiler's
    /// messages if it rejects the source or the architecture.
    pub fn compile(&self, libraries: &Path) -> Result<Compiled, Error> {
        let compiler = Nvrtc::load(libraries)?;
        let refused = |log: String| Error::Compile { architecture: self.architecture.clone(), log };
        let text = |text: &str| CString::new(text).map_err(|error| refused(error.to_string()));
        let options = self.options.iter().map(|option| text(option)).collect::<Result<Vec<_>, _>>()?;
        let (code, log) = compiler.compile(&text(&self.source)?, &options);
        match code {
            Ok(code) => Ok(Compiled { code, log }),
            Err(error) => Err(refused(format!("{error}: {log}"))),
        }
    }
}
