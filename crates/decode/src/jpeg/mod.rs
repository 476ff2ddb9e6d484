//! JPEG, by libjpeg-turbo. Pillow and torchvision bring libjpeg-turbo too and leave its settings as they are (accurate
//! integer DCT, fancy upsampling), so that the pixels are the same, but for what [`Header::doubt`] lists.

mod header;
mod turbo;

use crate::{Doubt, Error, Loader, Native, Pixels, orientation};
use header::Header;
use turbo::Turbo;

/// Whether libjpeg-turbo was built with SIMD, as the loaders' are. Without it, the pixels of a damaged file may be others:
/// values beyond the range of whole files overflow differently.
pub const SIMD: bool = cfg!(simd);

/// As [`decode`](crate::decode).
pub(crate) fn decode(bytes: &[u8], loader: Loader, buffer: Vec<u8>) -> Result<Native, Error> {
    let header = match Header::parse(bytes) {
        Ok(header) => header,
        Err(doubt) => return Ok(Native::Undecided(doubt)),
    };
    Error::check_size(header.width.into(), header.height.into())?;
    Error::check_scans(header.scans(), header.width.into(), header.height.into())?;
    Ok(match pixels(bytes, &header, loader, buffer) {
        Ok(pixels) => Native::Pixels(pixels),
        Err(doubt) => Native::Undecided(doubt),
    })
}

/// As [`stored_size`](crate::stored_size).
pub(crate) fn stored_size(bytes: &[u8]) -> Option<(u32, u32)> {
    Header::parse(bytes).ok().map(|header| (header.width.into(), header.height.into()))
}

fn pixels(bytes: &[u8], header: &Header<'_>, loader: Loader, buffer: Vec<u8>) -> Result<Pixels, Doubt> {
    header.doubt(loader)?;
    let turned = header.orientation()?;
    let (width, height) = (usize::from(header.width), usize::from(header.height));
    let rgb = Turbo::new()?.decode(bytes, width, height, buffer)?;
    Ok(orientation::upright(Pixels { width, height, rgb }, turned))
}
