//! Runs the reference over cases and writes its outputs as a pack.

use std::path::Path;

use anyhow::{Result, bail};
use patchmark_golden::{Dtype, Output, PackWriter};
use patchmark_results::golden::{Family, Pack, PackOrigin};
use tch::{Device, Kind, Tensor};

use super::Case;
use crate::{
    inputs::ModelInputs,
    processor::{self, FedBatch, REFERENCE, StageClock},
    python,
};

/// Writes the cases with the reference's outputs to the folder `out`; tensors under `full_under` bytes are kept whole.
///
/// `progress` is called with the number of cases done; if it returns false, nothing is written and the result is none.
///
/// # Errors
/// An input error if `out` is not a pack, empty or missing, or the reference refuses an image; another error if the reference
/// fails.
pub fn make(
    out: &Path,
    cases: &[Case],
    full_under: u64,
    mut progress: impl FnMut(usize) -> bool,
) -> Result<Option<Pack>> {
    let mut writer = PackWriter::new(out, Family::Naflex, origin()?, full_under)?;
    for (index, case) in cases.iter().enumerate() {
        // transformers' results on a CPU do not depend on the number of threads.
        let reference = processor::create(REFERENCE, &case.parameters, Device::Cpu, 1)?;
        let batch = FedBatch::new(reference.feed(), &case.images)?;
        let inputs = reference.process(&batch, &mut StageClock::disabled())?;
        let files = case
            .images
            .iter()
            .map(|image| writer.image(&image.name, (image.width, image.height), &image.rgb))
            .collect::<Result<_>>()?;
        writer.case(&case.name, files, case.parameters.record(), outputs(&inputs)?)?;
        if !progress(index + 1) {
            return Ok(None);
        }
    }
    writer.finish().map(Some)
}

/// What the bits of a pack depend on.
fn origin() -> Result<PackOrigin> {
    let mut versions = python::versions()?;
    versions.insert("numpy".to_owned(), python::numpy_version()?);
    Ok(PackOrigin {
        patchmark: env!("CARGO_PKG_VERSION").to_owned(),
        class: "Siglip2ImageProcessor".to_owned(),
        backend: "torchvision".to_owned(),
        versions,
        cpu_capability: python::cpu_capability()?,
    })
}

fn outputs(inputs: &ModelInputs) -> Result<Vec<Output>> {
    inputs.named().into_iter().map(|(key, tensor)| output(key, tensor)).collect()
}

fn output(key: &str, tensor: &Tensor) -> Result<Output> {
    let dtype = match tensor.kind() {
        Kind::Float => Dtype::F32,
        Kind::Int => Dtype::I32,
        Kind::Int64 => Dtype::I64,
        Kind::Uint8 => Dtype::U8,
        other => bail!("the reference's {key} is of dtype {other:?}, which no pack has"),
    };
    let tensor = tensor.f_contiguous()?;
    let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    let shape = tensor.size().into_iter().map(usize::try_from).collect::<Result<_, _>>()?;
    Ok(Output { key: key.to_owned(), dtype, shape, bytes })
}
