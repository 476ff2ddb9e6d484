//! How an output is divided into tiles, one per block.

use crate::{
    layout::{CHANNELS, SHARED, STAGE, THREADS},
    tables::WordAxis,
};

/// Widths to try, in pixels. A width of 96 gives each of 192 threads one task per stage. All are multiples of four, so
/// four samples that are stored together belong to the same tile.
const WIDTHS: [usize; 9] = [96, 80, 64, 48, 32, 24, 16, 8, 4];

// A thread has one task in every stage, and keeps its weights.
const _: () = assert!(STAGE * WIDTHS[0] <= THREADS);

/// Heights to try, in pixels.
const HEIGHTS: [usize; 5] = [16, 8, 4, 2, 1];

/// The tiles of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tiling {
    /// Height of a tile in pixels. Tiles at the bottom may be lower.
    pub height: usize,
    /// Width of a tile in pixels. Tiles at the right may be narrower.
    pub width: usize,
    /// Tiles per row of tiles.
    pub across: usize,
    /// The number of all tiles.
    pub tiles: usize,
    /// Bytes of a source row in shared memory; 0 if rows are read from global memory.
    pub row_bytes: usize,
    /// Groups of four resized rows that shared memory holds at a time; an even number.
    pub chunk: usize,
    /// Bytes of shared memory per block.
    pub shared: usize,
}

impl Tiling {
    /// The largest tiles that fit into shared memory, together with their source rows and all of their resized rows. If
    /// none fit, resized rows are kept in chunks; if none fit then, source rows are read from global memory.
    pub fn choose(columns: &WordAxis, rows: &WordAxis, sample: usize) -> Self {
        let attempt = |height: usize, width: usize, staged: bool, chunked: bool| {
            let (height, _) = balanced(rows.outputs(), height, 1);
            let (width, across) = balanced(columns.outputs(), width, 4);
            let words = longest(columns, width);
            let groups = longest(rows, height).next_multiple_of(STAGE);
            // A row may begin up to 15 bytes after a multiple of 16, and one word after its last pixel is read too.
            let row_bytes = if staged { (words * 12 + 16).next_multiple_of(16) } else { 0 };
            let pitch = (3 * width).next_multiple_of(4) * 4;
            let fixed = CHANNELS * 256 * sample + 2 * STAGE * 4 * row_bytes;
            let mut tiling = Self {
                height,
                width,
                across,
                tiles: 0,
                row_bytes,
                chunk: groups,
                shared: fixed + groups * pitch,
            };
            if tiling.shared > SHARED && chunked {
                let left = SHARED.checked_sub(fixed + height * pitch)?;
                tiling.chunk = left / pitch / STAGE * STAGE;
                tiling.shared = fixed + height * pitch + tiling.chunk * pitch;
            }
            tiling.tiles = rows.outputs().div_ceil(height) * across;
            (tiling.chunk > 0 && tiling.shared <= SHARED).then_some(tiling)
        };
        let sizes = || HEIGHTS.into_iter().flat_map(|height| WIDTHS.map(|width| (height, width)));
        sizes()
            .find_map(|(height, width)| attempt(height, width, true, false))
            .or_else(|| sizes().find_map(|(height, width)| attempt(height, width, true, true)))
            .or_else(|| sizes().find_map(|(height, width)| attempt(height, width, false, true)))
            // Without source rows, four pixels of one row need only a few hundred bytes.
            .unwrap_or_else(|| unreachable!("the smallest tile fits any shared memory"))
    }
}

/// Divides `side` into equal tiles, and returns the side of a tile and the number of tiles. A tile has at most `most`
/// pixels and a multiple of `unit`; `most` is a multiple of `unit` too.
fn balanced(side: usize, most: usize, unit: usize) -> (usize, usize) {
    let tile = side.div_ceil(side.div_ceil(most)).next_multiple_of(unit);
    (tile, side.div_ceil(tile))
}

/// The most words that a tile of `side` outputs depends on.
fn longest(axis: &WordAxis, side: usize) -> usize {
    let outputs = axis.outputs();
    (0..outputs)
        .step_by(side)
        .map(|from| axis.end((from + side).min(outputs) - 1) - axis.first[from] as usize)
        .max()
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchmark_fused::{Axis, Filter};

    fn choose(input: (usize, usize), output: (usize, usize)) -> Tiling {
        let axis = |from, to| WordAxis::new(&Axis::new(from, to, Filter::Bilinear), from);
        Tiling::choose(&axis(input.1, output.1), &axis(input.0, output.0), 4)
    }

    #[test]
    fn usual_images_give_every_thread_a_task() {
        for (input, output) in
            [((768, 1024), (224, 288)), ((480, 640), (224, 288)), ((1080, 1920), (192, 336))]
        {
            let tiling = choose(input, output);
            assert_eq!(tiling.height, 16, "{tiling:?}");
            assert!(tiling.width >= 80 || input.1 > 1024, "{tiling:?}");
            assert!(tiling.row_bytes > 0 && tiling.shared <= SHARED);
        }
        assert_eq!(choose((768, 1024), (224, 288)).width, 96);
    }

    #[test]
    fn whatever_the_scale_some_tile_fits() {
        for input in [1, 3, 1000, 4000, 100_000, 1 << 20] {
            for output in [1, 7, 16, 256, 5000] {
                for tiling in [choose((input, 16), (output, 16)), choose((16, input), (16, output))] {
                    assert!(tiling.shared <= SHARED && tiling.chunk > 0 && tiling.chunk % STAGE == 0);
                    assert_eq!(tiling.width % 4, 0);
                }
            }
        }
        assert_eq!(choose((16, 1 << 20), (16, 16)).row_bytes, 0, "read directly");
        let deep = choose((1 << 20, 16), (1, 16));
        assert!(deep.row_bytes > 0 && deep.chunk < (1 << 18), "in chunks: {deep:?}");
    }
}
