//! The evidence of a failed check: images, tensors, a picture, and the command that reproduces it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use image::RgbImage;
use serde_json::json;
use tch::Tensor;

use super::{calls::limit_of, exam::Exam, picture};
use crate::{
    worker::{Observation, Returned, protocol::Call, side::read_image},
    workload::DecodedImage,
};

/// Images that are written for each batch, at most.
const IMAGES: usize = 8;

/// Makes the failing call again and writes everything about it; returns the folder, relative to the run's. If it cannot be
/// written whole, nothing of it is left.
pub(super) fn write(
    exam: &mut Exam<'_>,
    check: &str,
    smallest: Option<&DecodedImage>,
    run: &Path,
) -> Result<Option<PathBuf>> {
    let Some(call) = exam.shown_by(check).cloned() else { return Ok(None) };
    let within = Path::new("evidence").join(check);
    let folder = run.join(&within);
    let written = write_into(exam, check, &call, smallest, &folder);
    if written.is_err() {
        // The error that ended it says more than that it cannot be removed.
        let _ = fs::remove_dir_all(&folder);
    }
    written.map(|()| Some(within))
}

fn write_into(
    exam: &mut Exam<'_>,
    check: &str,
    call: &Call,
    smallest: Option<&DecodedImage>,
    folder: &Path,
) -> Result<()> {
    let findings = exam.row(check).map(|row| row.findings.clone());
    let images = folder.join("images");
    fs::create_dir_all(&images).with_context(|| format!("failed to make {}", images.display()))?;
    for (index, image) in call.images.iter().take(IMAGES).enumerate() {
        save_png(&read_image(image)?, &images.join(format!("{index:02}.png")))?;
    }
    if let Some(image) = smallest {
        let images = folder.join("smallest");
        fs::create_dir_all(&images)?;
        save_png(image, &images.join("00.png"))?;
    }
    // A candidate that crashed on this call would crash again.
    if check != "survives" {
        tensors(exam, call, folder)?;
    }
    let case = json!({
        "check": check,
        "findings": findings,
        "images": call.images.iter().map(|image| json!({
            "width": image.width, "height": image.height, "mode": image.mode,
        })).collect::<Vec<_>>(),
        "form": call.form,
        "keywords": call.keywords,
        "smallest": smallest.map(|image| [image.width, image.height]),
    });
    fs::write(folder.join("case.json"), serde_json::to_vec_pretty(&case)?)?;
    Ok(())
}

/// Both results of the call as safetensors, and the picture of their difference.
fn tensors(exam: &mut Exam<'_>, call: &Call, folder: &Path) -> Result<()> {
    let call = Call { mutate: false, keep: None, ..call.clone() };
    let (reference, candidate) = exam.session.call_both(&call)?;
    let save = |side: &Observation, name: &str| -> Result<()> {
        match side {
            Observation::Returned(returned) if !returned.tensors.is_empty() => {
                let tensors: Vec<(&String, &Tensor)> = returned.tensors.iter().collect();
                Ok(Tensor::write_safetensors(&tensors, folder.join(name))?)
            }
            _ => Ok(()),
        }
    };
    save(&reference, "reference.safetensors")?;
    save(&candidate, "candidate.safetensors")?;
    if let (Observation::Returned(reference), Observation::Returned(candidate)) = (&*reference, &candidate) {
        let shape = reference.shapes().and_then(|shapes| shapes.first().copied());
        let batched = |side: &Returned| {
            side.values().and_then(|values| match values.dim() {
                2 => values.f_unsqueeze(0).ok(),
                3 => Some(values),
                _ => None,
            })
        };
        if let (Some(reference), Some(candidate), Some(shape)) =
            (batched(reference), batched(candidate), shape)
            && let Some(png) = picture::draw(&reference, &candidate, shape)?
        {
            fs::write(folder.join("difference.png"), png)?;
        }
    }
    Ok(())
}

fn save_png(image: &DecodedImage, path: &Path) -> Result<()> {
    let sides = [image.width, image.height].map(u32::try_from);
    let [Ok(width), Ok(height)] = sides else { return Ok(()) };
    let pixels = RgbImage::from_raw(width, height, image.rgb.clone());
    pixels
        .context("an image without pixels")?
        .save(path)
        .with_context(|| format!("failed to write {}", path.display()))
}

/// The command that reproduces a finding; `evidence` is the path at which the user finds the folder that was written.
pub(super) fn replay(
    exam: &Exam<'_>,
    check: &str,
    (candidate, reference): (&str, &str),
    evidence: Option<PathBuf>,
) -> String {
    let mut words = vec!["patchmark".to_owned(), "validate".into(), candidate.into()];
    if reference != crate::processor::REFERENCE {
        words.extend(["--reference".into(), reference.into()]);
    }
    let call = exam.shown_by(check).filter(|call| call.keywords.contains_key("max_num_patches"));
    // A check that makes its own calls needs no image; a check on results is replayed with the saved images.
    if let (Some(call), Some(evidence)) = (call.filter(|call| call.keywords.len() == 2), evidence) {
        let patch = call.keywords.get("patch_size").and_then(serde_json::Value::as_i64).unwrap_or(16);
        words.extend([
            "--images".into(),
            evidence.join("images").display().to_string(),
            "--only-images".into(),
        ]);
        words.extend([
            "--limits".into(),
            limit_of(call).to_string(),
            "--patch-sizes".into(),
            patch.to_string(),
        ]);
    }
    words.extend(["--only".into(), check.into(), "--no-speed".into()]);
    shell_words::join(words)
}
