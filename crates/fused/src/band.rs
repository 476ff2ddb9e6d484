//! The loop over output rows, with a ring of resized rows between the passes.

use std::ops::Range;

use crate::{
    Error, Layout, PixelView, Plan, Scratch,
    kernels::{Kernel, MOST_GROUPS, Rows, SLACK, Sum, Term, fence},
    kind::ROWS,
    normalize::CYCLE,
    scratch::{Line, reserve},
    sink::{Place, Sink},
};

/// Rows and columns of patches.
pub(crate) fn grid(plan: &Plan, patch_size: usize) -> Result<(usize, usize), Error> {
    let size = plan.output;
    if patch_size == 0 || !size.height.is_multiple_of(patch_size) || !size.width.is_multiple_of(patch_size) {
        return Err(Error::Patches { size, patch_size });
    }
    Ok((size.height / patch_size, size.width / patch_size))
}

/// Some rows of patches of one image. The view has the plan's size and layout, and the rows are rows of the
/// plan's output.
pub(crate) struct Band<'a> {
    view: &'a PixelView<'a>,
    plan: &'a Plan,
    patch_size: usize,
    pub columns: usize,
    pub patch_rows: Range<usize>,
    streaming: bool,
}

impl<'a> Band<'a> {
    /// # Errors
    /// [`Error::OtherImage`], [`Error::Patches`] and [`Error::PatchRows`] for what a band promises.
    pub fn new(
        view: &'a PixelView<'a>,
        plan: &'a Plan,
        patch_size: usize,
        patch_rows: Range<usize>,
        streaming: bool,
    ) -> Result<Self, Error> {
        if view.size() != plan.input || view.layout() != plan.layout {
            return Err(Error::OtherImage {
                planned: plan.input,
                planned_layout: plan.layout,
                given: view.size(),
                layout: view.layout(),
            });
        }
        let (rows, columns) = grid(plan, patch_size)?;
        let Range { start, end } = patch_rows;
        if start > end || end > rows {
            return Err(Error::PatchRows { start, end, rows });
        }
        Ok(Self { view, plan, patch_size, columns, patch_rows, streaming })
    }

    /// A whole number of lines, and an odd one, so that groups do not fall on the same lines of the cache.
    fn pitch(&self) -> usize {
        ((3 * self.plan.output.width + SLACK).div_ceil(16) | 1) * 16
    }

    /// # Safety
    /// The machine has `K`'s level and the plan is for it.
    pub unsafe fn horizontal_only<K: Kernel>(&self, scratch: &mut Scratch) {
        let (slots, pitch) = (self.plan.vertical.slots, self.pitch());
        let ring = reserve(&mut scratch.ring, slots * pitch);
        for group in (0..self.plan.input.height.div_ceil(K::GROUP)).step_by(ROWS / K::GROUP) {
            // SAFETY: each slot has `pitch` dwords, that is the samples and the slack.
            unsafe { self.horizontal::<K>(group, ring, &mut scratch.staging) };
        }
    }

    /// Makes groups of rows as output rows come to need them, in a ring that stays in the near caches.
    ///
    /// # Safety
    /// The machine has `K`'s level and the plan is for it; `image` holds the band's patches exactly; the view
    /// has the plan's size and layout.
    pub unsafe fn run<K: Kernel, S: Sink>(&self, sink: &S, image: &mut [S::Sample], scratch: &mut Scratch) {
        let Scratch { ring, row, terms, staging } = scratch;
        let Plan { vertical, kernel, .. } = self.plan;
        debug_assert_eq!(kernel.group(), K::GROUP);
        let (slots, pitch) = (vertical.slots, self.pitch());
        let ring = reserve(ring, slots * pitch);
        let run = 3 * self.patch_size;
        let mut made = None;
        for (number, patch_row) in self.patch_rows.clone().enumerate() {
            for line in 0..self.patch_size {
                let i = patch_row * self.patch_size + line;
                let from = vertical.axis.first[i] as usize / K::GROUP;
                let entries = &vertical.entries[vertical.starts[i] as usize..vertical.starts[i + 1] as usize];
                let end = from + entries.len();
                let mut next = made.unwrap_or(from);
                while next < end {
                    // New groups replace the oldest; the last reaches at most `ROWS / GROUP - 1` beyond
                    // `end`, for which there are slots, so that none of `from..end` is replaced. SAFETY: each
                    // slot has `pitch` dwords, that is the samples and the slack.
                    unsafe { self.horizontal::<K>(next, ring, staging) };
                    next += ROWS / K::GROUP;
                }
                made = Some(next);
                debug_assert!(next - from <= slots);
                terms.clear();
                terms.extend(
                    entries
                        .iter()
                        .enumerate()
                        .map(|(k, &weights)| Term { offset: (from + k) % slots * pitch, weights }),
                );
                let axis = &vertical.axis;
                let sum = Sum {
                    ring,
                    terms,
                    rounding: axis.rounding(),
                    precision: axis.precision,
                    clamps: axis.clamps,
                };
                let start = number * self.columns * run * self.patch_size + line * run;
                debug_assert!(start + (self.columns - 1) * run * self.patch_size + run <= image.len());
                let place = Place {
                    to: image.as_mut_ptr().wrapping_add(start),
                    length: run,
                    runs: self.columns,
                    jump: run * self.patch_size,
                    streaming: self.streaming,
                };
                // SAFETY: groups have the slack of a whole unit; the place is a pixel row of the band's
                // patches.
                unsafe { sink.row::<K>(&sum, &place, row) };
            }
        }
        const { assert!(SLACK >= CYCLE) };
        if self.streaming {
            fence();
        }
    }

    /// Resizes [`ROWS`] rows from the first of `group` on, into the ring.
    ///
    /// # Safety
    /// The machine has `K`'s level; the ring has the plan's slots, of [`Band::pitch`] dwords each.
    unsafe fn horizontal<K: Kernel>(&self, group: usize, ring: *mut u32, staging: &mut Vec<Line>) {
        let plan = self.plan;
        let last = plan.input.height - 1;
        let first = group * K::GROUP;
        // Rows beyond the image have no weight; the last one stands in for them.
        let row = |k: usize, plane: usize| self.view.row(plane, (first + k).min(last));
        let window = plan.kernel.window();
        let width = plan.input.width * plan.layout.pitch();
        let mut rows = Rows {
            plan: &plan.horizontal,
            layout: plan.layout,
            rows: [std::ptr::null(); ROWS],
            plane_stride: self.view.plane_stride(),
            ahead: ROWS * self.view.row_stride(),
            groups: [ring; MOST_GROUPS],
        };
        let (slots, pitch) = (plan.vertical.slots, self.pitch());
        for (k, to) in rows.groups.iter_mut().enumerate().take(ROWS / K::GROUP) {
            *to = ring.wrapping_add((group + k) % slots * pitch);
        }
        if width >= window {
            for k in 0..ROWS {
                rows.rows[k] = row(k, 0);
            }
        } else {
            // Rows shorter than a window are copied to where a whole one may be read.
            let planes = plan.layout.planes();
            let start = reserve(staging, planes * ROWS * window / 4).cast::<u8>();
            for k in 0..ROWS {
                for plane in 0..planes {
                    // SAFETY: the staging holds a window for each row of each plane, and a row is shorter.
                    unsafe {
                        let to = start.add((plane * ROWS + k) * window);
                        to.copy_from_nonoverlapping(row(k, plane), width);
                    }
                }
                rows.rows[k] = start.wrapping_add(k * window);
            }
            rows.plane_stride = ROWS * window;
            rows.ahead = 0;
        }
        debug_assert!(plan.layout != Layout::Planar || rows.plane_stride > 0);
        // SAFETY: the view checked that every row of every plane lies in its slice, or a window of staging
        // stands for it; the plan's windows lie inside rows of this width; groups are the caller's.
        unsafe { K::horizontal(&rows) };
    }
}
