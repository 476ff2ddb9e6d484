//! The seed of golden packs.

use std::fs;

use patchmark_golden::{Dtype, Output, PackWriter};
use patchmark_results::golden::{Family, Pack, PackOrigin};
use serde_json::{Value, json};

use crate::save;

/// A pack of two cases, one of which has digests alone, and its tensors.
pub fn golden() {
    let folder = tempfile::tempdir().unwrap();
    let origin = PackOrigin {
        patchmark: "0.1.0".into(),
        class: "Siglip2ImageProcessor".into(),
        backend: "torchvision".into(),
        versions: [("torch".into(), "2".into())].into(),
        cpu_capability: "AVX2".into(),
    };
    let out = folder.path().join("pack");
    let mut writer = PackWriter::new(&out, Family::Naflex, origin, 64).unwrap();
    let file = writer.image("a", (1, 2), &[9; 6]).unwrap();
    let parameters = json!({
        "patch_size": 1, "max_num_patches": 3, "do_resize": true, "resample": 2, "do_rescale": true,
        "rescale_factor": 1.0 / 255.0, "do_normalize": true, "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    });
    let parameters =
        || serde_json::from_value::<std::collections::BTreeMap<String, Value>>(parameters.clone()).unwrap();
    for (name, images) in [("one", 1), ("two", 2)] {
        let output = |key: &str, dtype, shape: Vec<usize>, part: &[u8]| {
            let shape = [vec![images], shape].concat();
            Output { key: key.into(), dtype, shape, bytes: part.repeat(images) }
        };
        let values: Vec<u8> =
            [0.5_f32; 6].iter().chain(&[0.0; 3]).flat_map(|value| value.to_le_bytes()).collect();
        let mask: Vec<u8> = [1_i32, 1, 0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let shapes: Vec<u8> = [2_i64, 1].iter().flat_map(|value| value.to_le_bytes()).collect();
        let outputs = vec![
            output("pixel_values", Dtype::F32, vec![3, 3], &values),
            output("pixel_attention_mask", Dtype::I32, vec![3], &mask),
            output("spatial_shapes", Dtype::I64, vec![2], &shapes),
        ];
        writer.case(name, vec![file.clone(); images], parameters(), outputs).unwrap();
    }
    let pack = serde_json::to_vec(&writer.finish().unwrap()).unwrap();
    let tensors = fs::read(out.join(Pack::TENSORS)).unwrap();
    save("golden", "two-cases", &[pack, tensors].join(&b'\n'));
}
