//! One tensor of a case.

use std::path::Path;

use anyhow::Result;
use patchmark_results::{
    ParityClass, Tolerance,
    golden::{ExpectedTensor, Pack, PackCase, TensorCheck},
    input_error,
};
use safetensors::Dtype;

use crate::{
    dtype,
    findings::{self, PIXELS},
    places::Places,
    tensor_file::TensorFile,
    values::{self, Layout, Pixels, Tally},
};

/// The key of the numbers of patches.
const SHAPES: &str = "spatial_shapes";

/// Both files.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    /// The pack's folder.
    pub(crate) folder: &'a Path,
    /// What is expected; none if the pack keeps no tensor whole.
    pub(crate) expected: Option<&'a mut TensorFile>,
    /// What is checked.
    pub(crate) found: &'a mut TensorFile,
}

/// Compares one tensor.
///
/// # Errors
/// An input error if a file cannot be read, or the pack's tensors are not those that it describes.
pub(crate) fn compare(
    files: &mut Files<'_>,
    places: &Places<'_>,
    (key, expected): (&str, &ExpectedTensor),
    allow: ParityClass,
    meant: impl FnOnce() -> Option<String>,
) -> Result<TensorCheck> {
    let failed = |finding: String| findings::broken(key, finding);
    let name = places.case.tensor_name(key);
    let Some(info) = files.found.info(&name) else {
        let meant = meant().map_or_else(String::new, |meant| format!(" (there is {meant:?})"));
        return Ok(failed(format!("{key} is missing{meant}")));
    };
    if info.dtype.to_string() != expected.dtype {
        return Ok(failed(format!("{key} is {} instead of {}", info.dtype, expected.dtype)));
    }
    let shape: Vec<u64> = info.shape.iter().map(|side| *side as u64).collect();
    if shape != expected.shape {
        return Ok(failed(format!("{key} has shape {shape:?} instead of {:?}", expected.shape)));
    }
    let file = files.folder.join(Pack::TENSORS);
    let damaged = || {
        input_error!(
            "{}: {name} is not the tensor that {} describes; make the pack again",
            file.display(),
            Pack::FILE
        )
    };
    let layout = Layout {
        dtype: dtype::of(expected).ok_or_else(damaged)?,
        value_bytes: expected.value_bytes().ok_or_else(damaged)?,
        images: places.case.images.len(),
        values: expected.values_per_image().ok_or_else(damaged)?,
    };
    if !expected.whole {
        return findings::of_digest(files.found, places, (key, &name, expected), layout, allow);
    }
    let Some(ours) = files.expected.as_deref_mut() else { return Err(damaged()) };
    let info = ours.info(&name).ok_or_else(damaged)?;
    if info.dtype != layout.dtype
        || info.shape.iter().map(|side| *side as u64).ne(expected.shape.iter().copied())
    {
        return Err(damaged());
    }
    let tolerance = Tolerance { allow, ..Tolerance::default() };
    let (mut pixels, mut exact) = (Pixels::default(), Tally::default());
    let digests = values::blocks((ours, files.found), &name, layout, |image, first, ours, theirs| {
        for (index, ours, theirs) in values::differing(layout, first, ours, theirs) {
            if key == PIXELS {
                pixels.add(places, layout, &tolerance, (image, index), (ours, theirs));
            } else {
                values::add_exact(&mut exact, layout, image, index, ours, theirs);
            }
        }
    })?;
    if digests != expected.sha256 {
        return Err(damaged());
    }
    Ok(match key {
        PIXELS => findings::of_pixels(places, layout, pixels, allow),
        _ => {
            let swapped = key == SHAPES && exact.count > 0 && are_swapped(files.found, places)?;
            let note = if swapped { ": rows and columns are swapped" } else { "" };
            findings::of_exact(places, (key, expected), layout, &exact, note)
        }
    })
}

/// Whether `spatial_shapes` of another result are the pack's with rows and columns exchanged.
fn are_swapped(found: &mut TensorFile, places: &Places<'_>) -> Result<bool> {
    let (Some(expected), Some(found)) = (&places.shapes, shapes(Some(found), places.case)?) else {
        return Ok(false);
    };
    Ok(expected.iter().map(|[rows, columns]| [*columns, *rows]).eq(found))
}

/// The (rows, columns) of each image of a case, as a file has them; none if the pack has only digests of them.
///
/// # Errors
/// An input error if the pack's tensors cannot be read.
pub(crate) fn shapes(file: Option<&mut TensorFile>, case: &PackCase) -> Result<Option<Vec<[i64; 2]>>> {
    let (Some(file), Some(kept)) = (file, case.tensors.get(SHAPES)) else { return Ok(None) };
    if !kept.whole || kept.dtype != "I64" || kept.shape[1..] != [2] {
        return Ok(None);
    }
    let name = case.tensor_name(SHAPES);
    let mut bytes = vec![0; case.images.len() * 16];
    file.read(&name, 0, &mut bytes)?;
    let number = |bytes: &[u8]| dtype::integer(Dtype::I64, bytes);
    Ok(Some(bytes.chunks_exact(16).map(|pair| [number(&pair[..8]), number(&pair[8..])]).collect()))
}

/// The file of a pack's whole tensors; none if it keeps none whole.
///
/// # Errors
/// As [`TensorFile::open`].
pub(crate) fn expected_file(pack: &Pack, folder: &Path) -> Result<Option<TensorFile>> {
    let whole = pack.cases.iter().flat_map(|case| case.tensors.values()).any(|tensor| tensor.whole);
    whole.then(|| TensorFile::open(&folder.join(Pack::TENSORS))).transpose()
}
