//! A batch of images of any sizes, and the table that describes it to the kernel.

use std::sync::Arc;

use patchmark_fused::Size;

use crate::{
    Error, Launch, Plan, Planner,
    layout::{FILL, Image, Mode},
};

/// The alignment of tables in device memory, in bytes.
pub const ALIGNMENT: usize = 16;

/// The place of an image in device memory: interleaved RGB with 8 bits per channel.
///
/// The kernel reads aligned units of 16 bytes, and so up to 15 bytes before the first pixel and up to 15 bytes after
/// the last one. These must be readable device memory. In an allocation of CUDA's they are, because it begins at a
/// multiple of 256 bytes and its size is rounded up to a larger unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Address of the first pixel. The kernel is faster if this and the pitch are multiples of 4.
    pub address: u64,
    /// Bytes from one row to the next.
    pub pitch: usize,
}

/// The addresses of the outputs in device memory. Each is contiguous and begins at a multiple of 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outputs {
    /// `[images, length, patch_size * patch_size * 3]` of the planner's dtype.
    pub values: u64,
    /// `[images, max_num_patches]` i32.
    pub mask: u64,
    /// `[images, 2]` i64: rows and columns of patches.
    pub shapes: u64,
}

/// The images of a batch with their plans. It tells how much memory must be allocated, and how many blocks a launch
/// has.
#[derive(Debug)]
pub struct Batch {
    plans: Vec<Arc<Plan>>,
    first_blocks: Vec<u32>,
    blocks: u32,
    shared: usize,
    patch_size: usize,
    limit: usize,
    length: usize,
}

impl Batch {
    /// Plans images of `sizes` for an output with `length` rows, one per patch, for each image. `length` is
    /// `max_num_patches`, or more if images are not resized and have more patches.
    ///
    /// # Errors
    /// [`Error::Empty`] without images, [`Error::Size`] as for [`Planner::plan`], [`Error::Length`] if an image has
    /// more than `length` patches, and [`Error::TooLarge`] if the batch is larger than one launch can index.
    pub fn new(planner: &Planner, sizes: &[Size], length: usize) -> Result<Self, Error> {
        Self::of_plans(planner, planner.plans(sizes).map_err(|(_, error)| error)?, length)
    }

    /// Like [`Batch::new`], but from plans that `planner` has made.
    ///
    /// # Errors
    /// The same as for [`Batch::new`], except for [`Error::Size`].
    pub fn of_plans(planner: &Planner, plans: Vec<Arc<Plan>>, length: usize) -> Result<Self, Error> {
        let sizing = planner.sizing();
        let (patch_size, limit) = (sizing.patch_size, sizing.max_num_patches);
        let number = |what, value: usize| {
            i32::try_from(value).map(|_| value).map_err(|_| Error::TooLarge { what, value })
        };
        let row = number("samples per patch", patch_size.saturating_mul(patch_size).saturating_mul(3))?;
        number("patches per image", length.max(limit))?;
        number("samples per image", length.saturating_mul(row))?;
        let mut batch = Self {
            first_blocks: Vec::with_capacity(plans.len()),
            plans,
            blocks: 0,
            shared: 0,
            patch_size,
            limit,
            length,
        };
        let mut blocks = 0usize;
        for plan in &batch.plans {
            let [rows, columns] = batch.shape(plan);
            let patches = rows * columns;
            let padding = length.checked_sub(patches).ok_or(Error::Length { patches, length })?;
            // There is at least one block besides the tiles: it writes the mask and the shape.
            let padding = padding.saturating_mul(row).div_ceil(FILL).max(1);
            batch.first_blocks.push(blocks as u32);
            blocks = number("blocks", blocks.saturating_add(plan.tiling.tiles).saturating_add(padding))?;
            batch.shared = batch.shared.max(plan.tiling.shared);
        }
        batch.blocks = blocks as u32;
        if batch.plans.is_empty() { Err(Error::Empty) } else { Ok(batch) }
    }

    /// Rows and columns of patches in the output of a plan.
    fn shape(&self, plan: &Plan) -> [usize; 2] {
        [plan.output.height / self.patch_size, plan.output.width / self.patch_size]
    }

    /// Rows and columns of patches of each image.
    pub fn shapes(&self) -> impl Iterator<Item = [usize; 2]> {
        self.plans.iter().map(|plan| self.shape(plan))
    }

    /// The plan of each image.
    pub fn plans(&self) -> &[Arc<Plan>] {
        &self.plans
    }

    /// Blocks of the launch.
    pub fn blocks(&self) -> u32 {
        self.blocks
    }

    /// Bytes of shared memory per block.
    pub fn shared(&self) -> usize {
        self.shared
    }

    /// Rows of the output, one per patch, for each image.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Size in bytes of the table that [`Batch::write`] writes.
    pub fn table_length(&self, planner: &Planner) -> usize {
        let [_, blocks] = self.starts(planner);
        blocks + 4 * self.blocks as usize
    }

    /// The offsets of the images and of the blocks in the table, which begins with the samples.
    fn starts(&self, planner: &Planner) -> [usize; 2] {
        let images = planner.table().len().next_multiple_of(ALIGNMENT);
        [images, images + self.plans.len() * size_of::<Image>()]
    }

    /// Writes the table and returns the argument of the launch. The table must be at `address` in device memory when
    /// the kernel runs. `planner` is the one that the batch was made with, and `plans` are the addresses of the plans'
    /// tables.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if `sources` or `plans` do not have one entry per image, if `table` does not have
    /// [`Batch::table_length`] bytes, or if an address is not a multiple of [`ALIGNMENT`]; [`Error::Pitch`] for rows
    /// that overlap.
    pub fn write(
        &self,
        planner: &Planner,
        table: &mut [u8],
        address: u64,
        sources: &[Source],
        plans: &[u64],
        outputs: Outputs,
    ) -> Result<Launch, Error> {
        let count = self.plans.len();
        let equal = |what, given: usize, needed: usize| {
            if given == needed { Ok(()) } else { Err(Error::Mismatch { what, given, needed }) }
        };
        equal("images", sources.len(), count)?;
        equal("addresses of plans", plans.len(), count)?;
        equal("bytes of table", table.len(), self.table_length(planner))?;
        let given = [address, outputs.values, outputs.mask, outputs.shapes];
        let misaligned = given.iter().chain(plans).filter(|at| !at.is_multiple_of(ALIGNMENT as u64)).count();
        equal("addresses that are not multiples of 16", misaligned, 0)?;

        let [images, blocks] = self.starts(planner);
        table[..planner.table().len()].copy_from_slice(planner.table());
        for (index, plan) in self.plans.iter().enumerate() {
            let Source { address: pixels, pitch } = sources[index];
            if pitch < 3 * plan.input.width {
                return Err(Error::Pitch { pitch, size: plan.input });
            }
            let first_block = self.first_blocks[index];
            let image = Image {
                pixels,
                pitch: pitch as u64,
                mode: match plan.tiling.row_bytes {
                    0 => Mode::Direct,
                    _ if (pixels | pitch as u64).is_multiple_of(4) => Mode::Aligned,
                    _ => Mode::Shifted,
                },
                first_block,
                ..plan.image(plans[index])
            };
            table[images + index * size_of::<Image>()..][..size_of::<Image>()].copy_from_slice(image.bytes());
            let end = self.first_blocks.get(index + 1).copied().unwrap_or(self.blocks);
            for block in first_block..end {
                let to = &mut table[blocks + 4 * block as usize..][..4];
                to.copy_from_slice(&(index as u32).to_le_bytes());
            }
        }
        Ok(Launch {
            table: address,
            images: address + images as u64,
            blocks: address + blocks as u64,
            values: outputs.values,
            mask: outputs.mask,
            shapes: outputs.shapes,
            length: self.length as i32,
            limit: self.limit as i32,
            patch: self.patch_size as i32,
            fill: FILL as i32,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Element;
    use patchmark_fused::{Filter, Sizing};

    fn planner() -> Planner {
        let sizing = Sizing { patch_size: 16, max_num_patches: 256, resize: true, filter: Filter::Bilinear };
        Planner::new(sizing, Element::F32, &[[0.0; 256]; 3], 8)
    }

    const SIZE: Size = Size { height: 768, width: 1024 };

    #[test]
    fn what_does_not_fit_is_refused() {
        let planner = planner();
        assert!(matches!(Batch::new(&planner, &[], 256), Err(Error::Empty)));
        assert!(matches!(Batch::new(&planner, &[SIZE], 251), Err(Error::Length { patches: 252, .. })));
        let none = Size { height: 0, width: 3 };
        assert!(matches!(Batch::new(&planner, &[none], 256), Err(Error::Size(_))));
        assert!(matches!(Batch::new(&planner, &[SIZE], 1 << 40), Err(Error::TooLarge { .. })));

        let batch = Batch::new(&planner, &[SIZE], 256).unwrap();
        let mut table = vec![0; batch.table_length(&planner)];
        let outputs = Outputs { values: 16, mask: 32, shapes: 48 };
        let source = Source { address: 1 << 20, pitch: 3072 };
        let mut write = |source: &[Source], plans: &[u64], outputs| {
            batch.write(&planner, &mut table, 256, source, plans, outputs)
        };
        assert!(write(&[source], &[64], outputs).is_ok());
        assert!(matches!(write(&[], &[64], outputs), Err(Error::Mismatch { what: "images", .. })));
        assert!(matches!(write(&[source], &[], outputs), Err(Error::Mismatch { .. })));
        assert!(matches!(write(&[source], &[65], outputs), Err(Error::Mismatch { .. })));
        let narrow = Source { pitch: 3071, ..source };
        assert!(matches!(write(&[narrow], &[64], outputs), Err(Error::Pitch { .. })));
        let outputs = Outputs { values: 8, ..outputs };
        assert!(matches!(write(&[source], &[64], outputs), Err(Error::Mismatch { .. })));
    }

    #[test]
    fn usual_images_take_tiles_and_a_block_of_padding_each() {
        let batch = Batch::new(&planner(), &[SIZE; 64], 256).unwrap();
        // 288x224 pixels in tiles of 96x16, and four patches of padding.
        assert_eq!(batch.blocks(), 64 * (3 * 14 + 1));
        assert!(batch.shapes().all(|shape| shape == [14, 18]));
    }
}
