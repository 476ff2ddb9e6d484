//! Where a value of a tensor is, in the words of its family.

use patchmark_results::{
    difference::Place,
    golden::{Naflex, PackCase},
};

/// A case as far as it says where values are.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    /// The case.
    pub(crate) case: &'a PackCase,
    /// Its parameters.
    pub(crate) parameters: Naflex,
    /// The (rows, columns) of patches of each image, if the pack has them.
    pub(crate) shapes: Option<Vec<[i64; 2]>>,
}

impl Places<'_> {
    /// The number of real patches of an image, at most `most`.
    pub(crate) fn real(&self, image: usize, most: u64) -> u64 {
        let shape = self.shapes.as_ref().and_then(|shapes| shapes.get(image));
        shape.map_or(most, |[rows, columns]| {
            u64::try_from(rows.saturating_mul(*columns)).unwrap_or(0).min(most)
        })
    }

    /// The place of a value of `pixel_values`, by its index in the image's part.
    pub(crate) fn of_pixel(&self, image: usize, index: u64) -> Place {
        let width = self.parameters.patch_size.pow(2) * 3;
        let within = index % width;
        let at = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Place { image, patch: at(index / width), pixel: at(within / 3), channel: at(within % 3) }
    }

    /// An image of the case in words: `image 0 (images/a.png)`.
    pub(crate) fn image(&self, image: usize) -> String {
        match self.case.images.get(image) {
            Some(file) => format!("image {image} ({file})"),
            None => format!("image {image}"),
        }
    }

    /// A place of `pixel_values` in words.
    pub(crate) fn describe(&self, place: Place) -> String {
        let side = usize::try_from(self.parameters.patch_size).unwrap_or(1).max(1);
        let channel = ["red", "green", "blue"].get(place.channel).copied().unwrap_or("?");
        let columns =
            self.shapes.as_ref().and_then(|shapes| usize::try_from(shapes.get(place.image)?[1]).ok());
        let patch = match columns.filter(|columns| *columns > 0) {
            Some(columns) => {
                format!(
                    "patch {} (row {}, column {})",
                    place.patch,
                    place.patch / columns,
                    place.patch % columns
                )
            }
            None => format!("patch {}", place.patch),
        };
        format!(
            "{}, {patch}, pixel at row {}, column {} of the patch, {channel}",
            self.image(place.image),
            place.pixel / side,
            place.pixel % side
        )
    }
}
