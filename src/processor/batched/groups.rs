//! Groups the images of a batch by size.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use patchmark_results::input_error;

use super::super::{
    Parameters,
    steps::{output_length, output_size},
};
use crate::workload::DecodedImage;

/// A batch, divided into groups of images of one size.
#[derive(Debug)]
pub(super) struct Groups {
    /// The rows and columns of patches of each image, in the order of the batch.
    pub(super) shapes: Vec<i64>,
    /// The length of each image's sequence of patches in the output.
    pub(super) length: i64,
    /// One group per size.
    pub(super) groups: Vec<Group>,
}

/// Images of one size.
#[derive(Debug)]
pub(super) struct Group {
    /// The (height, width) in pixels to which they are resized.
    pub(super) target: (usize, usize),
    /// Their indices in the batch, ascending; at least one.
    pub(super) members: Vec<usize>,
}

impl Groups {
    /// Groups a batch.
    ///
    /// # Errors
    /// An input error for an empty batch, or for images that cannot be stacked with these parameters.
    pub(super) fn of(images: &[Arc<DecodedImage>], parameters: &Parameters) -> Result<Self> {
        if images.is_empty() {
            return Err(input_error!("the batch is empty; give at least one image"));
        }
        let mut by_size: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (index, image) in images.iter().enumerate() {
            by_size.entry((image.height, image.width)).or_default().push(index);
        }
        let patch = parameters.patch_size;
        let mut shapes = vec![0; images.len() * 2];
        let mut groups = Vec::with_capacity(by_size.len());
        for ((height, width), members) in by_size {
            let target = output_size(parameters, height, width)?;
            let shape = [(target.0 / patch) as i64, (target.1 / patch) as i64];
            for &index in &members {
                shapes[2 * index..][..2].copy_from_slice(&shape);
            }
            groups.push(Group { target, members });
        }
        let length = output_length(&shapes, parameters.max_num_patches)?;
        Ok(Self { shapes, length, groups })
    }
}
