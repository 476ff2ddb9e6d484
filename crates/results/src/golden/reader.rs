//! Reads a `pack.json`, and refuses one that contradicts itself.

use std::{
    collections::HashSet,
    path::{Component, Path, PathBuf},
};

use anyhow::Result;
use serde_json::Value;

use super::{ExpectedTensor, Family, Naflex, PACK_VERSION, Pack, PackCase, PackImage};
use crate::{input_error, reading};

impl Pack {
    /// The file that marks a folder as a pack.
    pub const FILE: &str = "pack.json";
    /// The file of the tensors that are kept whole.
    pub const TENSORS: &str = "expected.safetensors";
    /// The folder of the images.
    pub const IMAGES: &str = "images";

    /// Reads a pack from its folder or its `pack.json`; returns the folder, too.
    ///
    /// # Errors
    /// An input error that names the file, and the line or the field, if it cannot be read, is no pack, contradicts itself, or
    /// was written by a newer patchmark.
    pub fn read(path: &Path) -> Result<(Self, PathBuf)> {
        let (folder, file) = if path.is_dir() {
            (path.to_owned(), path.join(Self::FILE))
        } else {
            (path.parent().unwrap_or(Path::new("")).to_owned(), path.to_owned())
        };
        if path.is_dir() && !file.exists() {
            return Err(input_error!("{} is not a golden pack: it has no {}", path.display(), Self::FILE));
        }
        let name = file.display();
        let text = reading::text(&file)?;
        let refused = |why: String| input_error!("{name} is not a golden pack: {why}");
        let value: Value = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        // The version is checked first, because a newer pack may not fit this build's fields at all.
        match value.get("pack_version").and_then(Value::as_u64) {
            None => return Err(refused("it has no pack_version".to_owned())),
            Some(version) if version > u64::from(PACK_VERSION) => {
                return Err(input_error!(
                    "{name} has pack version {version}, but this build only reads up to {PACK_VERSION}: use a newer patchmark"
                ));
            }
            Some(_) => {}
        }
        // From the text, so that an error names the line.
        let pack: Self = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        pack.verify().map_err(refused)?;
        Ok((pack, folder))
    }

    /// The image of a file.
    pub fn image(&self, file: &str) -> Option<&PackImage> {
        self.images.iter().find(|image| image.file == file)
    }

    /// Checks what the types do not say.
    ///
    /// # Errors
    /// A sentence that names the field.
    fn verify(&self) -> Result<(), String> {
        let mut files = HashSet::new();
        for (index, image) in self.images.iter().enumerate() {
            let wrong = |why: &str| Err(format!("images[{index}]: {why}"));
            let inside = || {
                let mut parts = Path::new(&image.file).components();
                parts.next() == Some(Component::Normal(Self::IMAGES.as_ref()))
                    && matches!(parts.next(), Some(Component::Normal(_)))
                    && parts.next().is_none()
            };
            if !is_plain(&image.file) || !inside() {
                return wrong(&format!("file {:?} is not in {}/", image.file, Self::IMAGES));
            }
            if !files.insert(image.file.as_str()) {
                return wrong(&format!("{} is named twice", image.file));
            }
            if image.mode != "RGB" {
                return wrong(&format!("mode is {:?}; packs have RGB", image.mode));
            }
            if image.width == 0 || image.height == 0 {
                return wrong("a side is 0");
            }
            if !is_sha256(&image.pixels_sha256) {
                return wrong("pixels_sha256 is not a SHA-256");
            }
        }
        if self.cases.is_empty() {
            return Err("it has no cases".to_owned());
        }
        let mut names = HashSet::new();
        for case in &self.cases {
            if case.name.is_empty() || case.name.contains('/') || !is_plain(&case.name) {
                return Err(format!("{:?} cannot be the name of a case", case.name));
            }
            if !names.insert(case.name.as_str()) {
                return Err(format!("two cases are called {}", case.name));
            }
            self.verify_case(case, &files).map_err(|why| format!("case {}: {why}", case.name))?;
        }
        Ok(())
    }

    fn verify_case(&self, case: &PackCase, files: &HashSet<&str>) -> Result<(), String> {
        if case.images.is_empty() || case.tensors.is_empty() {
            return Err("it has no images or no tensors".to_owned());
        }
        if let Some(file) = case.images.iter().find(|file| !files.contains(file.as_str())) {
            return Err(format!("{file:?} is not among the images"));
        }
        match self.family {
            Family::Naflex => Naflex::of(&case.parameters).map_err(|why| format!("parameters: {why}"))?,
        };
        for (key, tensor) in &case.tensors {
            if !is_plain(key) {
                return Err(format!("{key:?} cannot be the key of a tensor"));
            }
            verify_tensor(tensor, case.images.len()).map_err(|why| format!("{key}: {why}"))?;
        }
        Ok(())
    }
}

fn verify_tensor(tensor: &ExpectedTensor, images: usize) -> Result<(), String> {
    if tensor.value_bytes().is_none() {
        return Err(format!("dtype {:?} is not F32, I32, I64 or U8", tensor.dtype));
    }
    if tensor.shape.first() != Some(&(images as u64)) || tensor.bytes().is_none() {
        return Err(format!("shape {:?} does not fit {images} images", tensor.shape));
    }
    if tensor.sha256.len() != images || !tensor.sha256.iter().all(|digest| is_sha256(digest)) {
        return Err("sha256 must have one SHA-256 per image".to_owned());
    }
    Ok(())
}

/// Whether a name can be shown and be part of another.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('\\') && !name.chars().any(char::is_control)
}

fn is_sha256(digest: &str) -> bool {
    digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
