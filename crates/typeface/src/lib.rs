//! The typeface of every chart and picture, embedded so that they look the same on every machine.

use std::sync::OnceLock;

use anyhow::{Result, anyhow};
use plotters::style::{FontStyle, register_font};

/// The name under which the font is registered. It is a generic family, so that an SVG, which embeds no font, names one
/// that every viewer has.
pub const FAMILY: &str = "sans-serif";

/// Inter, under the SIL Open Font License in the same folder.
static INTER: &[u8] = include_bytes!("../../../fixtures/fonts/Inter-Regular.otf");

/// Registers the font with plotters, once per process.
///
/// # Errors
/// If plotters cannot read it.
pub fn register() -> Result<()> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = REGISTERED.get_or_init(|| register_font(FAMILY, FontStyle::Normal, INTER).is_ok());
    if *registered { Ok(()) } else { Err(anyhow!("the embedded font cannot be read")) }
}
