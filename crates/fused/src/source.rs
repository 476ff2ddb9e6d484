//! A borrowed image in memory.

use crate::{Error, Layout, Size};

/// The most pixels that an image may have.
const MOST_PIXELS: usize = 1 << 31;

/// A borrowed image with 8 bits per channel. The constructors check that every pixel lies inside the slice;
/// kernels rely on that.
#[derive(Debug, Clone, Copy)]
pub struct PixelView<'a> {
    data: &'a [u8],
    layout: Layout,
    size: Size,
    row_stride: usize,
    plane_stride: usize,
}

impl<'a> PixelView<'a> {
    /// A contiguous image, without gaps between rows or planes.
    ///
    /// # Errors
    /// The same as for [`PixelView::strided`].
    pub fn new(data: &'a [u8], layout: Layout, height: usize, width: usize) -> Result<Self, Error> {
        let row_stride = width.saturating_mul(layout.pitch());
        Self::strided(data, layout, height, width, row_stride, row_stride.saturating_mul(height))
    }

    /// An image with `row_stride` bytes from one row to the next and, in the planar layout, `plane_stride`
    /// bytes from one plane to the next (ignored for other layouts). The slice may end with the last pixel of
    /// the last row.
    ///
    /// # Errors
    /// [`Error::Empty`] if a side is zero, [`Error::TooLarge`] for more than 2^31 pixels,
    /// [`Error::StrideTooSmall`] if a stride is less than the bytes of a row, and [`Error::SliceTooShort`] if
    /// the last pixel lies outside the slice.
    pub fn strided(
        data: &'a [u8],
        layout: Layout,
        height: usize,
        width: usize,
        row_stride: usize,
        plane_stride: usize,
    ) -> Result<Self, Error> {
        let size = Size { height, width };
        size.check()?;
        let row = width * layout.pitch();
        if row_stride < row {
            return Err(Error::StrideTooSmall { what: "row", stride: row_stride, needed: row });
        }
        let plane_stride = if layout == Layout::Planar { plane_stride } else { 0 };
        if layout == Layout::Planar && plane_stride < row {
            return Err(Error::StrideTooSmall { what: "plane", stride: plane_stride, needed: row });
        }
        let needed = row_stride
            .checked_mul(height - 1)
            .and_then(|rows| rows.checked_add(plane_stride.checked_mul(layout.planes() - 1)?))
            .and_then(|start| start.checked_add(row))
            .unwrap_or(usize::MAX);
        if data.len() < needed {
            return Err(Error::SliceTooShort { length: data.len(), needed });
        }
        Ok(Self { data, layout, size, row_stride, plane_stride })
    }

    /// How the channels lie in memory.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The size in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Bytes from one plane to the next; 0 if there is only one plane.
    pub(crate) fn plane_stride(&self) -> usize {
        self.plane_stride
    }

    /// Bytes from one row to the next.
    pub(crate) fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// The start of a row of one plane. The `width * pitch` bytes from there lie inside the slice, and so do
    /// those of the same row in the other planes, which may be reached from this pointer.
    pub(crate) fn row(&self, plane: usize, row: usize) -> *const u8 {
        debug_assert!(plane < self.layout.planes() && row < self.size.height);
        let start = plane * self.plane_stride + row * self.row_stride;
        debug_assert!(start + self.size.width * self.layout.pitch() <= self.data.len());
        self.data.as_ptr().wrapping_add(start)
    }
}

impl Size {
    /// Refuses sizes without pixels and sizes with more than 2^31 pixels.
    ///
    /// # Errors
    /// [`Error::Empty`] and [`Error::TooLarge`].
    pub fn check(self) -> Result<(), Error> {
        let Self { height, width } = self;
        if height == 0 || width == 0 {
            return Err(Error::Empty { height, width });
        }
        match height.checked_mul(width) {
            Some(pixels) if pixels <= MOST_PIXELS => Ok(()),
            _ => Err(Error::TooLarge { height, width }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_may_end_at_its_last_pixel() {
        let data = [0; 3 * 10 + 6];
        assert!(PixelView::strided(&data, Layout::Rgb, 4, 2, 10, 0).is_ok());
        let error = PixelView::strided(&data[1..], Layout::Rgb, 4, 2, 10, 0).unwrap_err();
        assert_eq!(error, Error::SliceTooShort { length: 35, needed: 36 });
    }

    #[test]
    fn what_cannot_be_an_image_is_refused() {
        let data = [0; 64];
        let view =
            |layout, h, w, row, plane| PixelView::strided(&data, layout, h, w, row, plane).unwrap_err();
        assert!(matches!(view(Layout::Rgb, 0, 4, 12, 0), Error::Empty { .. }));
        assert!(matches!(view(Layout::Rgb, 1 << 20, 1 << 20, 12, 0), Error::TooLarge { .. }));
        assert!(matches!(view(Layout::Rgb, usize::MAX, 2, 12, 0), Error::TooLarge { .. }));
        assert!(matches!(view(Layout::Rgbx, 2, 4, 15, 0), Error::StrideTooSmall { what: "row", .. }));
        assert!(matches!(view(Layout::Planar, 2, 4, 4, 3), Error::StrideTooSmall { what: "plane", .. }));
        assert!(matches!(view(Layout::Rgb, 3, 4, usize::MAX, 0), Error::SliceTooShort { .. }));
        assert!(matches!(view(Layout::Planar, 3, 4, 4, usize::MAX / 2), Error::SliceTooShort { .. }));
    }
}
