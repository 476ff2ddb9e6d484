//! Learned positions, resampled to each image's grid of patches.

use std::{cell::RefCell, collections::HashMap};

use anyhow::{Result, bail};
use tch::{Device, Kind, Tensor};

use super::weights::Scope;

/// The number of values that the cache may hold before it is emptied (256 MiB in f32), so that a workload of many
/// shapes does not fill a GPU's memory.
const CACHE_VALUES: usize = 1 << 26;

/// The position embeddings of the image tower, with a cache of resampled and padded grids.
#[derive(Debug)]
pub(super) struct Positions {
    /// `[1, hidden, side, side]`; f32 on a CPU, because torch cannot resample half precision there.
    grid: Tensor,
    kind: Kind,
    /// The positions by rows, columns and the length to which they are padded.
    cache: RefCell<HashMap<(i64, i64, i64), Tensor>>,
    cached_values: RefCell<usize>,
}

impl Positions {
    pub(super) fn new(scope: &Scope, side: i64) -> Result<Self> {
        let table = scope.get("weight")?;
        let grid = table.f_reshape([side, side, -1])?.f_permute([2, 0, 1])?.f_unsqueeze(0)?;
        let grid = if table.device() == Device::Cpu { grid.f_to_kind(Kind::Float)? } else { grid };
        Ok(Self { grid, kind: table.kind(), cache: RefCell::default(), cached_values: RefCell::default() })
    }

    /// The positions `[B, length, hidden]` of a batch, given the (rows, columns) of its images. If all images have the
    /// same grid, they share memory.
    ///
    /// Beyond rows·columns the first position is repeated, as in transformers: it is masked later, but must be finite.
    ///
    /// # Errors
    /// If a shape is empty or has more than `length` patches.
    pub(super) fn batch(&self, shapes: &[(i64, i64)], length: i64) -> Result<Tensor> {
        for (image, &(rows, columns)) in shapes.iter().enumerate() {
            let fits =
                rows >= 1 && columns >= 1 && rows.checked_mul(columns).is_some_and(|size| size <= length);
            if !fits {
                bail!(
                    "spatial_shapes[{image}] is ({rows}, {columns}), which does not fit in {length} patches"
                );
            }
        }
        let images = shapes.iter().map(|&shape| self.padded(shape, length)).collect::<Result<Vec<_>>>()?;
        match images.first() {
            // Expanding avoids a copy: a GPU is idle until this is done.
            Some(first) if shapes.iter().all(|shape| *shape == shapes[0]) => {
                Ok(first.f_unsqueeze(0)?.f_expand([shapes.len() as i64, -1, -1], false)?)
            }
            _ => Ok(Tensor::f_stack(&images, 0)?),
        }
    }

    /// The positions `[length, hidden]` of one grid, from the cache if they are in it.
    fn padded(&self, (rows, columns): (i64, i64), length: i64) -> Result<Tensor> {
        let key = (rows, columns, length);
        if let Some(known) = self.cache.borrow().get(&key) {
            return Ok(known.shallow_clone());
        }
        let real = self.resample(rows, columns)?;
        let padding = length - rows * columns;
        let positions = if padding == 0 {
            real
        } else {
            let first = real.f_narrow(0, 0, 1)?.f_expand([padding, -1], false)?;
            Tensor::f_cat(&[real, first], 0)?
        };
        let mut values = self.cached_values.borrow_mut();
        if *values + positions.numel() > CACHE_VALUES {
            self.cache.borrow_mut().clear();
            *values = 0;
        }
        *values += positions.numel();
        self.cache.borrow_mut().insert(key, positions.shallow_clone());
        Ok(positions)
    }

    fn resample(&self, rows: i64, columns: i64) -> Result<Tensor> {
        let resized = self.grid.f_internal_upsample_bilinear2d_aa([rows, columns], false, None, None)?;
        let (_, hidden, _, _) = resized.size4()?;
        let positions =
            resized.f_reshape([hidden, rows * columns])?.f_transpose(0, 1)?.f_to_kind(self.kind)?;
        Ok(positions.f_contiguous()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Config, Weights};

    fn positions(kind: Kind) -> Positions {
        let config = Config::tiny();
        let weights = Weights::random(&config, 3, Device::Cpu, kind).unwrap();
        let scope = weights.scope("vision_model.embeddings.position_embedding");
        Positions::new(&scope, config.position_side()).unwrap()
    }

    #[test]
    fn the_cache_changes_nothing() {
        for kind in [Kind::Float, Kind::BFloat16] {
            let positions = positions(kind);
            let shapes = [(3, 5), (5, 3), (3, 5), (16, 16), (1, 20)];
            let first = positions.batch(&shapes, 256).unwrap();
            assert_eq!(positions.cache.borrow().len(), 4);
            assert_eq!(first, positions.batch(&shapes, 256).unwrap());
            for (image, (rows, columns)) in shapes.into_iter().enumerate() {
                let fresh = positions.resample(rows, columns).unwrap();
                assert_eq!(first.get(image as i64).narrow(0, 0, rows * columns), fresh);
                let padding = first.get(image as i64).narrow(0, rows * columns, 256 - rows * columns);
                assert_eq!(padding, fresh.narrow(0, 0, 1).expand_as(&padding));
            }
            assert_eq!(first.kind(), kind);
            let same = positions.batch(&[(3, 5), (3, 5)], 256).unwrap();
            assert_eq!(same, first.index_select(0, &Tensor::from_slice(&[0i64, 2])));
            let shorter = positions.batch(&[(3, 5)], 20).unwrap();
            assert_eq!(shorter.get(0), first.get(0).narrow(0, 0, 20));
        }
    }

    #[test]
    fn the_learned_grid_is_kept_as_it_is() {
        let positions = positions(Kind::Float);
        let learned = positions.grid.reshape([64, 256]).transpose(0, 1);
        assert!(positions.resample(16, 16).unwrap().allclose(&learned, 0.0, 1e-6, false));
    }

    #[test]
    fn impossible_shapes_are_refused() {
        let positions = positions(Kind::Float);
        for shape in [(0, 4), (4, -1), (9, 8), (i64::MAX, 2)] {
            let error = positions.batch(&[(1, 1), shape], 64).unwrap_err().to_string();
            assert!(error.contains("spatial_shapes[1]"), "{error}");
        }
    }
}
