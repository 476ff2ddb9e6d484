//! The loop over output rows, with a ring buffer of resized rows between the two passes.

use std::ops::Range;

use crate::{
    Error, Layout, PixelView, Plan, Scratch,
    kernels::{Kernel, MOST_GROUPS, Rows, SLACK, Sum, Term, fence},
    kind::ROWS,
    normalize::CYCLE,
    scratch::{Line, reserve},
    sink::{Place, Sink},
};

/// Rows and columns of patches in the plan's output.
pub(crate) fn grid(plan: &Plan, patch_size: usize) -> Result<(usize, usize), Error> {
    let size = plan.output;
    if patch_size == 0 || !size.height.is_multiple_of(patch_size) || !size.width.is_multiple_of(patch_size) {
        return Err(Error::Patches { size, patch_size });
    }
    Ok((size.height / patch_size, size.width / patch_size))
}

/// A range of patch rows of one image. The view has the plan's size and layout, and the range lies inside the
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
    /// [`Error::OtherImage`], [`Error::Patches`] and [`Error::PatchRows`] if the arguments do not fit
    /// together.
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

    /// Dwords from the start of one group in the ring to the start of the next: an odd number of cache lines,
    /// which spreads the groups over the sets of the cache.
    fn pitch(&self) -> usize {
        ((3 * self.plan.output.width + SLACK).div_ceil(16) | 1) * 16
    }

    /// Resizes all rows of the image to the output width and discards them.
    ///
    /// # Safety
    /// The machine supports `K`'s level, and the plan is for it.
    pub unsafe fn horizontal_only<K: Kernel>(&self, scratch: &mut Scratch) {
        let (slots, pitch) = (self.plan.vertical.slots, self.pitch());
        let ring = reserve(&mut scratch.ring, slots * pitch);
        for group in (0..self.plan.input.height.div_ceil(K::GROUP)).step_by(ROWS / K::GROUP) {
            // SAFETY: each slot has `pitch` dwords, enough for a group's samples and the slack.
            unsafe { self.horizontal::<K>(group, ring, &mut scratch.staging) };
        }
    }

    /// Writes the band's patches to `image`. Groups of resized rows are made when the first output row needs
    /// them.
    ///
    /// # Safety
    /// The machine supports `K`'s level, and the plan is for it; `image` holds exactly the band's patches;
    /// the view has the plan's size and layout.
    pub unsafe fn run<K: Kernel, S: Sink>(&self, sink: &S, image: &mut [S::Sample], scratch: &mut Scratch) {
        let Scratch { ring, row, terms, staging } = scratch;
        let Plan { vertical, kernel, .. } = self.plan;
        debug_assert_eq!(kernel.group(), K::GROUP);
        let (slots, pitch) = (vertical.slots, self.pitch());
        let ring = reserve(ring, slots * pitch);
        // One past the last group that has been made.
        let mut made = None;
        for (number, patch_row) in self.patch_rows.clone().enumerate() {
            for line in 0..self.patch_size {
                let i = patch_row * self.patch_size + line;
                let axis = &vertical.axis;
                let from = axis.first[i] as usize / K::GROUP;
                let entries = vertical.entries_of(i);
                let end = from + entries.len();
                let mut next = made.unwrap_or(from);
                while next < end {
                    // New groups replace the oldest ones. The last new group is at most `ROWS / GROUP - 1`
                    // past `end`, and `slots` has room for those, so none of `from..end` is replaced. SAFETY:
                    // each slot has `pitch` dwords, enough for a group's samples and the slack.
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
                let sum = Sum {
                    ring,
                    terms,
                    rounding: axis.rounding(),
                    precision: axis.precision,
                    clamps: axis.clamps,
                };
                // SAFETY: groups have the slack of a whole unit; the place is a pixel row of the band's
                // patches.
                unsafe { sink.row::<K>(&sum, &self.place(image, number, line), row) };
            }
        }
        const { assert!(SLACK >= CYCLE) };
        if self.streaming {
            fence();
        }
    }

    /// Where pixel row `line` of the band's patch row `number` goes.
    #[inline]
    fn place<T>(&self, image: &mut [T], number: usize, line: usize) -> Place<T> {
        let run = 3 * self.patch_size;
        let start = number * self.columns * run * self.patch_size + line * run;
        debug_assert!(start + (self.columns - 1) * run * self.patch_size + run <= image.len());
        Place {
            to: image.as_mut_ptr().wrapping_add(start),
            length: run,
            runs: self.columns,
            jump: run * self.patch_size,
            streaming: self.streaming,
        }
    }

    /// Resizes [`ROWS`] rows, starting with the first row of `group`, into the ring.
    ///
    /// # Safety
    /// The machine supports `K`'s level; the ring has the plan's slots of [`Band::pitch`] dwords each.
    unsafe fn horizontal<K: Kernel>(&self, group: usize, ring: *mut u32, staging: &mut Vec<Line>) {
        let plan = self.plan;
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
        let first = group * K::GROUP;
        if plan.input.width * plan.layout.pitch() >= plan.kernel.window() {
            for k in 0..ROWS {
                rows.rows[k] = self.row(first + k, 0);
            }
        } else {
            self.stage(first, &mut rows, staging);
        }
        debug_assert!(plan.layout != Layout::Planar || rows.plane_stride > 0);
        // SAFETY: every row of every plane lies inside the view's slice, which the view has checked, or is
        // replaced by a whole window of staging memory; the plan's windows lie inside rows of this width; the
        // caller guarantees the groups.
        unsafe { K::horizontal(&rows) };
    }

    /// The start of a source row. The last row stands in for rows beyond the image, which have zero weights.
    fn row(&self, row: usize, plane: usize) -> *const u8 {
        self.view.row(plane, row.min(self.plan.input.height - 1))
    }

    /// Copies rows that are shorter than a kernel's window to memory where a whole window can be read.
    fn stage(&self, first: usize, rows: &mut Rows, staging: &mut Vec<Line>) {
        let layout = self.plan.layout;
        let window = self.plan.kernel.window();
        let start = reserve(staging, layout.planes() * ROWS * window / 4).cast::<u8>();
        for k in 0..ROWS {
            for plane in 0..layout.planes() {
                // SAFETY: the staging memory holds one window per row and plane, and a row is shorter than
                // that.
                unsafe {
                    let to = start.add((plane * ROWS + k) * window);
                    to.copy_from_nonoverlapping(
                        self.row(first + k, plane),
                        self.plan.input.width * layout.pitch(),
                    );
                }
            }
            rows.rows[k] = start.wrapping_add(k * window);
        }
        rows.plane_stride = ROWS * window;
        rows.ahead = 0;
    }
}
