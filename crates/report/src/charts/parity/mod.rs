//! How far each processor is from the reference, image by image, in strips.

mod lanes;
pub(super) mod marks;
mod scale;
mod strips;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use anyhow::Result;
use lanes::lanes;
use patchmark_results::{LEVEL, Parity, text::count};
use strips::Strips;

use super::{canvas::Canvas, caption, chart::Chart, csv::field, frame::Frame, rows::MOST_PROCESSORS};

/// The largest number of marks in a strip; of more images, neighbours share a mark.
const MOST_OF_STRIP: usize = 240;
/// The largest number of marks in all strips together, as each is an element of a page.
const MOST_MARKS: usize = 480;
/// The largest number of dots in all strips together; of more images, those of a mark share a bar from the smallest to the
/// largest difference.
const MOST_DOTS: usize = 4000;

/// The parity result as strips.
pub(super) fn chart(name: &'static str, run: &Parity) -> Result<Chart> {
    let mut lanes = lanes(run);
    let all = lanes.len();
    if all > MOST_PROCESSORS {
        // Failures are never left out; otherwise the order is kept.
        lanes.sort_by_key(|lane| !lane.failed());
        lanes.truncate(MOST_PROCESSORS);
    }
    let images = run.images.len();
    let strips = lanes.iter().filter(|lane| !lane.exact()).count().max(1);
    let bundle = images.div_ceil((MOST_MARKS / strips).clamp(1, MOST_OF_STRIP)).max(1);
    let bars = images.saturating_mul(strips) > MOST_DOTS;
    let mut remarks = Vec::new();
    if bars && lanes.iter().any(|lane| !lane.exact()) {
        remarks.push(format!("a bar spans {bundle} images from the smallest to the largest difference"));
    }
    if lanes.len() < all {
        let all = count(all as u64);
        remarks.push(format!("{} of {all} processors drawn; every difference is in the CSV", lanes.len()));
    }
    let frame = Frame {
        title: "How far processors are from the reference".to_owned(),
        subtitle: "each image's largest difference at any max_num_patches, in uint8 levels, log scale"
            .to_owned(),
        caption: caption::of_parity(run, &remarks),
    };
    Chart::new(name, frame, csv(run), |width| {
        let mut canvas = Canvas::new(width)?;
        if lanes.is_empty() || images == 0 {
            canvas.nothing("Nothing was compared.");
        } else {
            Strips::new(&canvas, &lanes, images, (bundle, bars))?.draw(&mut canvas, run, &lanes)?;
        }
        Ok(canvas)
    })
}

/// Every image that differs, by processor and limit, as CSV.
fn csv(run: &Parity) -> String {
    let mut out = "processor,max_num_patches,image,width,height,differing,worst,worst_levels\n".to_owned();
    for row in &run.rows {
        let processor = field(&row.processor);
        for found in &row.by_image {
            let image = run.images.get(found.image);
            let (name, width, height) =
                image.map_or((String::new(), 0, 0), |image| (field(&image.name), image.width, image.height));
            // Empty if it is not a number, as in a spreadsheet.
            let worst = found.worst.map_or(String::new(), |worst| worst.to_string());
            let levels = found.worst.map_or(String::new(), |worst| (worst / LEVEL).to_string());
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "{processor},{},{name},{width},{height},{},{worst},{levels}",
                row.max_num_patches, found.differing
            );
        }
    }
    out
}
