//! Compares the pixels of files with those that their loader itself gives.

use anyhow::Result;
use patchmark_results::{
    InputError,
    decoding::{DecodingParity, FileDifference},
};

use crate::workload::{DecodedImage, EncodedImage, Workload};

/// Holds every image that was decoded from a file against the loader's own pixels of the file; none if no image is a file.
/// `progress` is called with the number of files done; if it returns false, the comparison ends early.
///
/// # Errors
/// If a loader cannot be asked.
pub fn check_files(
    workload: &Workload,
    mut progress: impl FnMut(usize) -> bool,
) -> Result<Option<DecodingParity>> {
    let mut found = None;
    for (file, image) in workload.encoded.iter().zip(&workload.images) {
        let EncodedImage::File { path, decoder, .. } = file else { continue };
        let found = found.get_or_insert_with(DecodingParity::default);
        found.files += 1;
        let difference = match decoder.load_file(path) {
            Ok(loaded) => difference(image, &loaded),
            Err(error) if error.is::<InputError>() => {
                let why = format!("transformers' loader does not read it: {error}");
                Some(other(image, why))
            }
            Err(error) => return Err(error),
        };
        match difference {
            Some(difference) => found.differing.push(difference),
            None => found.equal += 1,
        }
        if !progress(found.files) {
            break;
        }
    }
    Ok(found)
}

/// How an image differs from what the loader gives; none if it does not.
fn difference(image: &DecodedImage, loaded: &DecodedImage) -> Option<FileDifference> {
    if (image.width, image.height) != (loaded.width, loaded.height) {
        let detail = format!(
            "it is decoded to {}x{} px, and by transformers' loader to {}x{} px",
            image.width, image.height, loaded.width, loaded.height
        );
        return Some(other(image, detail));
    }
    let differing = image.rgb.iter().zip(&loaded.rgb).map(|(own, loaded)| own.abs_diff(*loaded));
    let differing: Vec<u8> = differing.filter(|levels| *levels > 0).collect();
    let worst = differing.iter().copied().max()?;
    Some(FileDifference {
        differing: differing.len() as u64,
        worst: Some(worst),
        ..other(image, String::new())
    })
}

/// An image of which nothing is equal.
fn other(image: &DecodedImage, detail: String) -> FileDifference {
    let values = image.rgb.len() as u64;
    FileDifference { file: image.name.clone(), differing: values, values, worst: None, detail }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
