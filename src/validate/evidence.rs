//! The evidence of a failed check: images, tensors, a picture, and the command that reproduces it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use image::RgbImage;
use serde_json::{Value, json};
use tch::Tensor;

use super::{
    calls::limit_of,
    exam::Exam,
    picture,
    sight::{Asked, Sight},
};
use crate::{
    worker::{Observation, Returned, images::read_image, protocol::Call},
    workload::DecodedImage,
};

/// Images that are written for each batch, at most.
const IMAGES: usize = 8;

/// Writes everything about the call or use that showed a failure, as it was first seen; returns the folder, relative to the run's. If it cannot be
/// written whole, nothing of it is left.
pub(super) fn write(
    exam: &mut Exam<'_>,
    check: &str,
    smallest: Option<&DecodedImage>,
    run: &Path,
) -> Result<Option<PathBuf>> {
    let Some(sight) = exam.shown_by(check).cloned() else { return Ok(None) };
    let within = Path::new("evidence").join(check);
    let folder = run.join(&within);
    let written = write_into(exam, check, &sight, smallest, &folder);
    if written.is_err() {
        // The error that ended it says more than that it cannot be removed.
        let _ = fs::remove_dir_all(&folder);
    }
    written.map(|()| Some(within))
}

fn write_into(
    exam: &mut Exam<'_>,
    check: &str,
    sight: &Sight,
    smallest: Option<&DecodedImage>,
    folder: &Path,
) -> Result<()> {
    let findings = exam.row(check).map(|row| row.findings.clone()).unwrap_or_default();
    make_folder(folder)?;
    // A candidate that crashed on this call would crash again.
    if check != "survives" {
        tensors(exam, sight, folder)?;
    }
    let case = match &sight.asked {
        Asked::Call(call) => called(call, smallest, folder)?,
        Asked::Use(code) => json!({ "code": code }),
    };
    let mut case = case;
    case["check"] = json!(check);
    case["findings"] = json!(findings);
    let code: Vec<&str> =
        findings.iter().map(|finding| finding.code.as_str()).filter(|code| !code.is_empty()).collect();
    if !code.is_empty() {
        write_file(&folder.join("use.py"), code.join("\n").as_bytes())?;
    }
    write_file(&folder.join("case.json"), &serde_json::to_vec_pretty(&case)?)
}

/// Writes the images of a call, and returns what is said about it.
fn called(call: &Call, smallest: Option<&DecodedImage>, folder: &Path) -> Result<Value> {
    let images = folder.join("images");
    make_folder(&images)?;
    for (index, image) in call.images.iter().take(IMAGES).enumerate() {
        save_png(&read_image(image)?, &images.join(format!("{index:02}.png")))?;
    }
    if let Some(image) = smallest {
        let images = folder.join("smallest");
        make_folder(&images)?;
        save_png(image, &images.join("00.png"))?;
    }
    Ok(json!({
        "images": call.images.iter().map(|image| json!({
            "width": image.width, "height": image.height, "mode": image.mode,
        })).collect::<Vec<_>>(),
        "form": call.form,
        "keywords": call.keywords,
        "smallest": smallest.map(|image| [image.width, image.height]),
    }))
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("failed to write {}", path.display()))
}

/// Both results as safetensors, as they were first seen, and the picture of their difference.
fn tensors(exam: &mut Exam<'_>, sight: &Sight, folder: &Path) -> Result<()> {
    let (reference, candidate) = match sight {
        Sight { reference: Some(reference), candidate: Some(candidate), .. } => {
            (reference.clone(), candidate.clone())
        }
        // A check of the candidate alone: the reference is asked now.
        Sight { asked: Asked::Call(call), candidate, .. } => {
            let call = Call { mutate: false, keep: None, ..call.clone() };
            let (reference, again) = exam.session.call_both(&call)?;
            (reference, candidate.clone().unwrap_or(again))
        }
        _ => return Ok(()),
    };
    let save = |side: &Observation, name: &str| -> Result<()> {
        match side {
            Observation::Returned(returned) if !returned.tensors.is_empty() => {
                let tensors: Vec<(&String, &Tensor)> = returned.tensors.iter().collect();
                let path = folder.join(name);
                Tensor::write_safetensors(&tensors, &path)
                    .with_context(|| format!("failed to write {}", path.display()))
            }
            _ => Ok(()),
        }
    };
    save(&reference, "reference.safetensors")?;
    save(&candidate, "candidate.safetensors")?;
    if let (Observation::Returned(reference), Observation::Returned(candidate)) = (&reference, &candidate) {
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
            write_file(&folder.join("difference.png"), &png)?;
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
    let call = exam.shown_by(check).and_then(Sight::call);
    let call = call.filter(|call| call.keywords.contains_key("max_num_patches"));
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
