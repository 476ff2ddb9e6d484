//! Machine code on disk, by architecture and by all that it was compiled from.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{Error, compiler::Program};

/// Bytes of a digest.
const DIGEST: usize = 32;

/// A folder of machine code. Without one, everything is compiled anew.
#[derive(Debug, Clone)]
pub struct CodeCache {
    folder: Option<PathBuf>,
}

impl CodeCache {
    /// A cache in `folder`, which is made when it is needed.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The machine code of `program`: the kept one, or a new one that is then kept. What is damaged is compiled again.
    ///
    /// A folder that cannot be written costs only the next start its time, so that is no error.
    ///
    /// # Errors
    /// As for [`Program::compile`].
    pub fn get(&self, program: &Program, libraries: &Path) -> Result<Vec<u8>, Error> {
        let Some(file) = self.file(program) else { return Ok(program.compile(libraries)?.code) };
        if let Some(code) = read(&file) {
            return Ok(code);
        }
        let code = program.compile(libraries)?.code;
        if let Err(error) = write(&file, &code) {
            eprintln!(
                "the compiled kernel could not be kept in {} ({error}); the next start compiles it again",
                file.display()
            );
        }
        Ok(code)
    }

    /// Where a program's machine code is kept.
    pub fn file(&self, program: &Program) -> Option<PathBuf> {
        let mut hash = Sha256::new();
        hash.update(&program.source);
        for option in &program.options {
            // A byte that no option holds keeps neighbours apart.
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

/// What a file keeps, where its digest says that it is whole.
fn read(file: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(file).ok()?;
    let (digest, code) = bytes.split_at_checked(DIGEST)?;
    (digest == Sha256::digest(code).as_slice()).then(|| code.to_vec())
}

/// Writes beside the file and renames, so that no reader sees a part.
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
