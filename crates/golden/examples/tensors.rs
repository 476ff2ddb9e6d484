//! Runs an image processor over a golden pack and writes the tensors that `patchmark golden check` compares. It uses nothing of
//! patchmark: copy it, and put your processor in the place of `process`.
//!
//! `cargo run -p patchmark-golden --example tensors fixtures/golden/naflex mine.safetensors`

use std::{env, error::Error, fs, path::Path};

use image::RgbImage;
use safetensors::{Dtype, serialize_to_file, tensor::TensorView};
use serde_json::Value;

/// A tensor: its key, its dtype, its shape, and its values in row-major order, little-endian.
type Tensor = (&'static str, Dtype, Vec<usize>, Vec<u8>);

/// Your processor. This one gives the right dtypes and shapes, and zeros.
fn process(images: &[RgbImage], parameters: &Value) -> Option<Vec<Tensor>> {
    let number = |name: &str| usize::try_from(parameters[name].as_u64()?).ok();
    let (limit, side, batch) = (number("max_num_patches")?, number("patch_size")?, images.len());
    let width = side * side * 3;
    let bytes_stay = parameters["do_rescale"] == false && parameters["do_normalize"] == false;
    let (dtype, size) = if bytes_stay { (Dtype::U8, 1) } else { (Dtype::F32, 4) };
    Some(vec![
        ("pixel_values", dtype, vec![batch, limit, width], vec![0; batch * limit * width * size]),
        ("pixel_attention_mask", Dtype::I32, vec![batch, limit], vec![0; batch * limit * 4]),
        ("spatial_shapes", Dtype::I64, vec![batch, 2], vec![0; batch * 2 * 8]),
    ])
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [pack, out] = arguments.as_slice() else { return Err("usage: tensors PACK OUT.safetensors".into()) };
    let pack = Path::new(pack);
    let json: Value = serde_json::from_slice(&fs::read(pack.join("pack.json"))?)?;
    let mut tensors = Vec::new();
    for case in json["cases"].as_array().ok_or("pack.json has no cases")? {
        let files = case["images"].as_array().ok_or("a case has no images")?.iter().filter_map(Value::as_str);
        let images = files
            .map(|file| Ok(image::open(pack.join(file))?.to_rgb8()))
            .collect::<Result<Vec<_>, image::ImageError>>()?;
        let name = case["name"].as_str().ok_or("a case has no name")?;
        let outputs = process(&images, &case["parameters"]).ok_or("a parameter is missing")?;
        tensors.extend(outputs.into_iter().map(|tensor| (format!("{name}/{}", tensor.0), tensor)));
    }
    let views = tensors.iter().map(|(name, (_, dtype, shape, bytes))| {
        TensorView::new(*dtype, shape.clone(), bytes).map(|view| (name, view))
    });
    serialize_to_file(views.collect::<Result<Vec<_>, _>>()?, None, Path::new(out))?;
    Ok(())
}
