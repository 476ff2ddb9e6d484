//! A small pack of patches of 2×2 pixels, and the tensors that equal it.

use std::path::PathBuf;

use anyhow::Result;
use patchmark_golden::{Dtype, Output, PackWriter, check};
use patchmark_results::{
    ParityClass,
    golden::{Family, GoldenCheck, PackOrigin},
};
use safetensors::{serialize_to_file, tensor::TensorView};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Values of a patch.
pub const PATCH: usize = 12;

/// A pack in a folder of its own.
pub struct Scene {
    _folder: TempDir,
    pub pack: PathBuf,
    pub tensors: PathBuf,
}

impl Scene {
    /// A pack of two cases: `one` image of 2×2 patches whose values are bytes, and a `batch` of that image and one of 2×1
    /// patches.
    pub fn new(full_under: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (pack, tensors) = (folder.path().join("pack"), folder.path().join("mine.safetensors"));
        let scene = Self { _folder: folder, pack, tensors };
        scene.make(full_under).unwrap();
        scene
    }

    /// Writes the pack, again if it is there.
    pub fn make(&self, full_under: u64) -> Result<()> {
        let origin = PackOrigin {
            patchmark: "0.1.0".into(),
            class: "Siglip2ImageProcessor".into(),
            backend: "torchvision".into(),
            versions: [("torch".into(), "2".into())].into(),
            cpu_capability: "AVX2".into(),
        };
        let mut writer = PackWriter::new(&self.pack, Family::Naflex, origin, full_under)?;
        let a = writer.image("a", (2, 2), &[7; 12])?;
        let b = writer.image("b", (1, 2), &[9; 6])?;
        assert_eq!(writer.image("a", (2, 2), &[7; 12])?, a);
        assert!(writer.image("a", (2, 2), &[8; 12]).is_err());
        for (name, files, scaled) in [("one", vec![a.clone()], false), ("batch", vec![a, b], true)] {
            let of_case = self.outputs().into_iter().filter(|(tensor, _)| tensor.starts_with(name));
            writer.case(name, files, parameters(scaled), of_case.map(|(_, output)| output).collect())?;
        }
        writer.finish().map(drop)
    }

    /// What the reference gives, by the names of a safetensors file.
    pub fn outputs(&self) -> Vec<(String, Output)> {
        let output = |case: &str, key: &str, dtype, shape: &[usize], bytes: Vec<u8>| {
            (format!("{case}/{key}"), Output { key: key.into(), dtype, shape: shape.to_vec(), bytes })
        };
        let bytes: Vec<f32> = (0..4 * PATCH).map(|value| value as f32).collect();
        let mut scaled: Vec<f32> = (0..8 * PATCH).map(|value| value as f32 / 96.0 - 0.5).collect();
        scaled[6 * PATCH..].fill(0.0);
        vec![
            output("one", "pixel_values", Dtype::F32, &[1, 4, PATCH], little(&bytes)),
            output("one", "pixel_attention_mask", Dtype::I32, &[1, 4], ints(&[1, 1, 1, 1])),
            output("one", "spatial_shapes", Dtype::I64, &[1, 2], longs(&[2, 2])),
            output("batch", "pixel_values", Dtype::F32, &[2, 4, PATCH], little(&scaled)),
            output("batch", "pixel_attention_mask", Dtype::I32, &[2, 4], ints(&[1, 1, 1, 1, 1, 1, 0, 0])),
            output("batch", "spatial_shapes", Dtype::I64, &[2, 2], longs(&[2, 2, 2, 1])),
        ]
    }

    /// Writes the tensors of a program that differs by `change`.
    pub fn write_changed(&self, change: impl FnOnce(&mut Vec<(String, Output)>)) {
        let mut outputs = self.outputs();
        change(&mut outputs);
        let views = outputs.iter().map(|(name, output)| {
            (name, TensorView::new(output.dtype, output.shape.clone(), &output.bytes).unwrap())
        });
        serialize_to_file(views.collect::<Vec<_>>(), None, &self.tensors).unwrap();
    }

    /// The same, compared with the pack.
    pub fn check_changed(
        &self,
        change: impl FnOnce(&mut Vec<(String, Output)>),
        allow: ParityClass,
    ) -> GoldenCheck {
        self.write_changed(change);
        check(&self.pack, &self.tensors, allow).unwrap()
    }
}

/// The first value.
pub fn float(bytes: &[u8]) -> f32 {
    f32::from_le_bytes(bytes[..4].try_into().unwrap())
}

/// All values.
pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(float).collect()
}

fn little(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn ints(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn longs(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn parameters(scaled: bool) -> std::collections::BTreeMap<String, Value> {
    let parameters = json!({
        "patch_size": 2, "max_num_patches": 4, "do_resize": true, "resample": 2, "do_rescale": scaled,
        "rescale_factor": 1.0 / 255.0, "do_normalize": scaled, "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    });
    parameters.as_object().cloned().unwrap_or_else(Map::new).into_iter().collect()
}
