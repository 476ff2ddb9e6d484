//! Machine code on disk, by architecture and by everything that it was compiled from.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{Error, compiler::Program};

/// Bytes of a SHA-256 digest.
const DIGEST: usize = 32;

/// A folder of machine code. Without a folder, every program is compiled each time.
#[derive(Debug, Clone)]
pub struct CodeCache {
    folder: Option<PathBuf>,
}

impl CodeCache {
    /// A cache in `folder`, which is created when it is needed.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The machine code of `program`, from the cache if it has an intact copy, and otherwise compiled and then kept.
    ///
    /// If the folder cannot be written, there is a warning but no error: the next start only has to compile again.
    ///
    /// # Errors
    /// The same as for [`Program::compile`].
    pub fn get(&self, program: &Program, libraries: &Path) -> Result<Vec<u8>, Error> {
        let Some(file) = self.file(program) else { return Ok(program.compile(libraries)?.code) };
        if let Some(code) = read(&file) {
            return Ok(code);
        }
        let code = program.compile(libraries)?.code;
        if let Err(error) = write(&file, &code) {
            eprintln!(
                "failed to keep the compiled kernel in {} ({error}); the next start compiles it again",
                file.display()
            );
        }
        Ok(code)
    }

    /// The file for a program's machine code; `None` without a folder.
    pub fn file(&self, program: &Program) -> Option<PathBuf> {
        let mut hash = Sha256::new();
        hash.update(&program.source);
        for option in &program.options {
            // Options contain no zero bytes, so this separates them.
            hash.update([0]);
            hash.update(option);
        }
        let name = format!("{}-{}.cubin", program.architecture, hex(&hash.finalize()[..16]));
        self.folder.as_ref().map(|folder| folder.join(name))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The machine code in a file, if its digest shows that it is intact.
fn read(file: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(file).ok()?;
    let (digest, code) = bytes.split_at_checked(DIGEST)?;
    (digest == Sha256::digest(code).as_slice()).then(|| code.to_vec())
}

/// Writes a temporary file and renames it, so a reader never sees an incomplete file.
fn write(file: &Path, code: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(&Sha256::digest(code))?;
    beside.write_all(code)?;
    beside.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Element;

    #[test]
    fn what_is_kept_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/sm_90-0.cubin");
        assert_eq!(read(&file), None);
        write(&file, b"code").unwrap();
        assert_eq!(read(&file).as_deref(), Some(&b"code"[..]));
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1, "nothing beside it");
        let whole = fs::read(&file).unwrap();
        for damaged in [&whole[..whole.len() - 1], &whole[..10], b""] {
            fs::write(&file, damaged).unwrap();
            assert_eq!(read(&file), None);
        }
        let mut flipped = whole;
        flipped[40 - 8] ^= 1;
        fs::write(&file, flipped).unwrap();
        assert_eq!(read(&file), None);
    }

    #[test]
    fn everything_that_code_depends_on_is_in_its_name() {
        let cache = CodeCache::new(Some("cache".into()));
        let name = |program: &Program| cache.file(program).unwrap();
        let program = Program::new((9, 0), 16, Element::F32);
        let mut other = program.clone();
        other.source.push(' ');
        let names = [
            name(&program),
            name(&Program::new((8, 0), 16, Element::F32)),
            name(&Program::new((9, 0), 14, Element::F32)),
            name(&Program::new((9, 0), 16, Element::Bf16)),
            name(&other),
        ];
        for (i, a) in names.iter().enumerate() {
            assert!(names[..i].iter().all(|b| a != b), "{a:?}");
        }
        assert_eq!(name(&program), name(&program.clone()));
    }
}
