//! Writes a golden pack from the outputs of a reference.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use patchmark_results::{
    Folder, Staging,
    golden::{ExpectedTensor, Family, PACK_VERSION, Pack, PackCase, PackImage, PackOrigin},
};
use safetensors::{Dtype, serialize, tensor::TensorView};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What a pack says to those who use it.
const README: &str = include_str!("readme.txt");

/// A tensor of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its key, such as `pixel_values`.
    pub key: String,
    /// Its dtype.
    pub dtype: Dtype,
    /// Its shape; the first dimension counts the images.
    pub shape: Vec<usize>,
    /// Its values in row-major order, little-endian.
    pub bytes: Vec<u8>,
}

/// A pack under way. It appears whole with [`PackWriter::finish`], and leaves nothing behind if it is dropped before.
pub struct PackWriter {
    staging: Staging,
    pack: Pack,
    whole: Vec<(String, Output)>,
}

impl PackWriter {
    /// A pack for the folder `out`, which must be a pack, empty or missing. Tensors under `full_under` bytes are kept whole.
    ///
    /// # Errors
    /// An input error if the folder holds other things or cannot be written to.
    pub fn new(out: &Path, family: Family, origin: PackOrigin, full_under: u64) -> Result<Self> {
        let staging = Folder::find(out, Pack::FILE)?.staging()?;
        fs::create_dir(staging.path().join(Pack::IMAGES)).context("failed to make the folder of images")?;
        let (images, cases) = (Vec::new(), Vec::new());
        let pack = Pack { pack_version: PACK_VERSION, family, origin, full_under, images, cases };
        Ok(Self { staging, pack, whole: Vec::new() })
    }

    /// Adds an image of RGB bytes, and returns its file, by which cases name it. An image that is already there is not written
    /// again.
    ///
    /// # Errors
    /// If there is another image of that name, the pixels do not fit the size, or the file cannot be written.
    pub fn image(&mut self, name: &str, (width, height): (usize, usize), rgb: &[u8]) -> Result<String> {
        let file = format!("{}/{name}.png", Pack::IMAGES);
        let image = PackImage {
            file: file.clone(),
            width: width as u64,
            height: height as u64,
            mode: "RGB".to_owned(),
            pixels_sha256: sha256(rgb),
        };
        if let Some(known) = self.pack.image(&file) {
            ensure!(*known == image, "two images are called {name}");
            return Ok(file);
        }
        let (columns, rows) = (u32::try_from(width)?, u32::try_from(height)?);
        let mut png = Vec::new();
        PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive)
            .write_image(rgb, columns, rows, ExtendedColorType::Rgb8)
            .with_context(|| format!("failed to encode {file}"))?;
        self.staging.save(&file, &png)?;
        self.pack.images.push(image);
        Ok(file)
    }

    /// Adds a case: the files of its images, its parameters, and what the reference gives.
    ///
    /// # Errors
    /// If an output does not have one part of equal size per image.
    pub fn case(
        &mut self,
        name: &str,
        images: Vec<String>,
        parameters: BTreeMap<String, Value>,
        outputs: Vec<Output>,
    ) -> Result<()> {
        let mut case = PackCase { name: name.to_owned(), images, parameters, tensors: BTreeMap::new() };
        let count = case.images.len();
        for output in outputs {
            let size = output.dtype.bitsize() / 8 * output.shape.iter().product::<usize>();
            let fits = output.shape.first() == Some(&count) && size == output.bytes.len() && count > 0;
            ensure!(fits, "{name}: {} does not have one part for each of {count} images", output.key);
            let part = (size / count).max(1);
            let whole = (size as u64) < self.pack.full_under;
            let expected = ExpectedTensor {
                dtype: output.dtype.to_string(),
                shape: output.shape.iter().map(|side| *side as u64).collect(),
                whole,
                sha256: output.bytes.chunks_exact(part).map(sha256).collect(),
            };
            case.tensors.insert(output.key.clone(), expected);
            if whole {
                self.whole.push((case.tensor_name(&output.key), output));
            }
        }
        self.pack.cases.push(case);
        Ok(())
    }

    /// Writes what is left, and puts the pack in its place in one step.
    ///
    /// # Errors
    /// If it cannot be written, or would be refused by a reader.
    pub fn finish(self) -> Result<Pack> {
        let Self { mut staging, pack, whole } = self;
        if whole.is_empty() {
            // A pack that is replaced may have had some.
            staging.discard(Pack::TENSORS);
        } else {
            let views = whole.iter().map(|(name, output)| {
                Ok((name, TensorView::new(output.dtype, output.shape.clone(), &output.bytes)?))
            });
            let bytes = serialize(views.collect::<Result<Vec<_>>>()?, None)?;
            staging.save(Pack::TENSORS, &bytes)?;
        }
        staging.save("README.txt", readme(&pack).as_bytes())?;
        let mut json = serde_json::to_vec_pretty(&pack)?;
        json.push(b'\n');
        staging.save(Pack::FILE, &json)?;
        // What this build writes it must also read.
        Pack::read(staging.path())?;
        staging.replace()?;
        Ok(pack)
    }
}

/// The pack's own explanation.
fn readme(pack: &Pack) -> String {
    README
        .replace("{family}", &pack.family.to_string())
        .replace("{cases}", &pack.cases.len().to_string())
        .replace("{class}", &pack.origin.class)
        .replace("{backend}", &pack.origin.backend)
        .replace("{full_under}", &pack.full_under.to_string())
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
