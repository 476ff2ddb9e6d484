//! Everything that a resize of images of one size needs, and a bounded store of plans.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use patchmark_fused::{Axis, Filter, Size, Sizing};

use crate::{Element, Error, layout::Image, tables::WordAxis, tiling::Tiling};

/// The weights of a resize, arranged for the kernel, and the tiles of its output.
#[derive(Debug)]
pub struct Plan {
    pub(crate) input: Size,
    pub(crate) output: Size,
    pub(crate) tiling: Tiling,
    /// The bytes to upload: the weights of columns, the weights of rows, the first words of columns, and the first
    /// groups of rows.
    pub(crate) tables: Vec<u8>,
    /// The offsets of these four parts.
    starts: [usize; 4],
    /// Words per output, for columns and for rows.
    steps: [usize; 2],
    /// Fraction bits of the weights, for columns and for rows.
    shifts: [u32; 2],
}

impl Plan {
    /// Plans the resize from `input` to `output`.
    ///
    /// # Errors
    /// [`Error::Size`] for sizes that no image can have.
    fn new(input: Size, output: Size, filter: Filter, sample: usize) -> Result<Self, Error> {
        input.check()?;
        output.check()?;
        let columns = WordAxis::new(&Axis::new(input.width, output.width, filter), input.width);
        let rows = WordAxis::new(&Axis::new(input.height, output.height, filter), input.height);
        let mut tables = Vec::new();
        columns.write_by_step(&mut tables);
        let row_weights = tables.len();
        rows.write_by_output(&mut tables);
        let first_columns = tables.len();
        columns.write_first(&mut tables);
        let first_rows = tables.len();
        rows.write_first(&mut tables);
        Ok(Self {
            input,
            output,
            tiling: Tiling::choose(&columns, &rows, sample),
            tables,
            starts: [0, row_weights, first_columns, first_rows],
            steps: [columns.steps, rows.steps],
            shifts: [columns.shift, rows.shift],
        })
    }

    /// The size that images are resized to.
    pub fn output(&self) -> Size {
        self.output
    }

    /// The bytes that must be in device memory, at a multiple of 16 bytes.
    pub fn tables(&self) -> &[u8] {
        &self.tables
    }

    /// The kernel's description of an image whose tables are at `address`. The batch fills in `pixels`, `pitch`, `mode`
    /// and `first_block`.
    pub(crate) fn image(&self, address: u64) -> Image {
        let at = |table: usize| address + self.starts[table] as u64;
        let Tiling { height, width, across, tiles, row_bytes, chunk, .. } = self.tiling;
        Image {
            pixels: 0,
            pitch: 0,
            columns: at(2),
            column_weights: at(0),
            rows: at(3),
            row_weights: at(1),
            height: self.input.height as i32,
            width: self.input.width as i32,
            out_height: self.output.height as i32,
            out_width: self.output.width as i32,
            column_steps: self.steps[0] as i32,
            column_shift: self.shifts[0] as i32,
            row_steps: self.steps[1] as i32,
            row_shift: self.shifts[1] as i32,
            tile_height: height as i32,
            tile_width: width as i32,
            tiles_across: across as i32,
            tiles: tiles as i32,
            row_bytes: row_bytes as i32,
            chunk: chunk as i32,
            mode: crate::layout::Mode::Direct,
            first_block: 0,
        }
    }
}

/// The parameters of the preprocessing, and a store of plans. The search for the output size and the computation of the
/// weights are done once per image size.
#[derive(Debug)]
pub struct Planner {
    sizing: Sizing,
    element: Element,
    /// The sample that each byte of each channel becomes, `[CHANNELS][256]`.
    table: Vec<u8>,
    plans: Mutex<LruCache<Size, Arc<Plan>>>,
}

impl Planner {
    /// A planner that keeps at most `capacity` plans (at least one). `values` is the value of each byte of each channel
    /// (red, green, blue) before it is rounded to `element`.
    pub fn new(sizing: Sizing, element: Element, values: &[[f32; 256]; 3], capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self { sizing, element, table: element.table(values), plans: Mutex::new(LruCache::new(capacity)) }
    }

    /// How output sizes follow from image sizes.
    pub fn sizing(&self) -> Sizing {
        self.sizing
    }

    /// The dtype of the output.
    pub fn element(&self) -> Element {
        self.element
    }

    pub(crate) fn table(&self) -> &[u8] {
        &self.table
    }

    /// The plan of each image of a batch. Missing plans are made; consecutive images of the same size share a look-up.
    ///
    /// # Errors
    /// The same as for [`Planner::plan`], with the index of the first image that fails.
    pub fn plans(&self, sizes: &[Size]) -> Result<Vec<Arc<Plan>>, (usize, Error)> {
        let mut plans: Vec<Arc<Plan>> = Vec::with_capacity(sizes.len());
        for (index, &size) in sizes.iter().enumerate() {
            plans.push(match plans.last() {
                Some(plan) if plan.input == size => Arc::clone(plan),
                _ => self.plan(size).map_err(|error| (index, error))?,
            });
        }
        Ok(plans)
    }

    /// The plan for images of `size`. It is made if the store does not have it yet.
    ///
    /// # Errors
    /// [`Error::Size`] for a size that no image can have or that cannot be cut into patches.
    pub fn plan(&self, size: Size) -> Result<Arc<Plan>, Error> {
        let plans = || self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans().get(&size) {
            return Ok(Arc::clone(plan));
        }
        // Made outside the lock: two threads may make the same plan, but neither waits for the other.
        let output = self.sizing.output(size)?;
        let plan = Arc::new(Plan::new(size, output, self.sizing.filter, self.element.size())?);
        plans().put(size, Arc::clone(&plan));
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_shared_and_the_oldest_goes_first() {
        let sizing = Sizing { patch_size: 16, max_num_patches: 16, resize: true, filter: Filter::Bilinear };
        let planner = Planner::new(sizing, Element::F32, &[[0.0; 256]; 3], 2);
        let get = |side| planner.plan(Size { height: side, width: side }).unwrap();
        let (first, second) = (get(10), get(20));
        assert!(Arc::ptr_eq(&first, &get(10)));
        get(30);
        assert!(Arc::ptr_eq(&first, &get(10)), "used later than the second");
        assert!(!Arc::ptr_eq(&second, &get(20)));
    }

    #[test]
    fn tables_of_eight_bytes_begin_at_multiples_of_eight() {
        let plan = Plan::new(Size { height: 33, width: 1 }, Size { height: 7, width: 5 }, Filter::Bicubic, 4)
            .unwrap();
        assert!(plan.starts[..2].iter().all(|start| start % 8 == 0));
        assert!(plan.starts[2..].iter().all(|start| start % 4 == 0));
    }
}
