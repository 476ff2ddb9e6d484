//! A picture of the reference, the candidate and their difference, side by side.

use anyhow::{Result, anyhow};
use image::{Rgb, RgbImage, imageops};
use patchmark_results::LEVEL;
use patchmark_typeface as typeface;
use plotters::prelude::*;
use tch::{Kind, Tensor};

/// Longest side of a panel.
const LONGEST: usize = 640;
/// Smallest width of a panel: its caption must fit.
const NARROWEST: u32 = 300;
const MARGIN: u32 = 14;
const CAPTION: u32 = 56;

/// Real patches put back in their places: `rows · patch` by `columns · patch` pixels.
struct Plane {
    width: usize,
    height: usize,
    /// RGB, row by row, on the scale of the values.
    values: Vec<[f32; 3]>,
}

impl Plane {
    /// The first image of a `[B, N, P·P·3]` result.
    fn new(values: &Tensor, rows: usize, columns: usize) -> Option<Self> {
        let flat = values.f_get(0).ok()?.f_to_kind(Kind::Float).ok()?;
        let [count, size] = flat.size()[..] else { return None };
        let (count, size) = (usize::try_from(count).ok()?, usize::try_from(size).ok()?);
        let patch = (size / 3).isqrt();
        if rows * columns > count || patch * patch * 3 != size || rows * columns == 0 {
            return None;
        }
        let flat: Vec<f32> = Vec::try_from(flat.f_flatten(0, -1).ok()?).ok()?;
        let (width, height) = (columns * patch, rows * patch);
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let start = (y / patch * columns + x / patch) * size + (y % patch * patch + x % patch) * 3;
                values.push([flat[start], flat[start + 1], flat[start + 2]]);
            }
        }
        Some(Self { width, height, values })
    }

    /// Draws the plane with `colour`, enlarged or thinned out to the size of a panel. With `strongest`, a pixel of a
    /// thinned plane shows the largest of the values that it stands for.
    fn draw(&self, colour: impl Fn([f32; 3]) -> Rgb<u8>, strongest: bool) -> RgbImage {
        let thin = self.width.max(self.height).div_ceil(LONGEST).max(1);
        let (width, height) = (self.width.div_ceil(thin), self.height.div_ceil(thin));
        let mut image = RgbImage::new(width as u32, height as u32);
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let (x, y) = (x as usize * thin, y as usize * thin);
            let mut value = self.values[y * self.width + x];
            if strongest {
                for row in y..(y + thin).min(self.height) {
                    for column in x..(x + thin).min(self.width) {
                        let other = self.values[row * self.width + column];
                        (0..3).for_each(|channel| value[channel] = value[channel].max(other[channel]));
                    }
                }
            }
            *pixel = colour(value);
        }
        let enlarge = (LONGEST / 2 / width.max(height)).max(1) as u32;
        let (width, height) = (width as u32 * enlarge, height as u32 * enlarge);
        imageops::resize(&image, width, height, imageops::FilterType::Nearest)
    }
}

/// Black for no difference, through red and yellow to white for the largest.
fn heat(share: f64) -> Rgb<u8> {
    let channel = |from: f64| ((share * 3.0 - from).clamp(0.0, 1.0) * 255.0) as u8;
    if share <= 0.0 { Rgb([12, 12, 24]) } else { Rgb([channel(0.0).max(70), channel(1.0), channel(2.0)]) }
}

/// The picture as PNG bytes; none if the results cannot be compared pixel by pixel.
pub(super) fn draw(reference: &Tensor, candidate: &Tensor, shape: [i64; 2]) -> Result<Option<Vec<u8>>> {
    let [Ok(rows), Ok(columns)] = shape.map(usize::try_from) else { return Ok(None) };
    let planes = Plane::new(reference, rows, columns).zip(Plane::new(candidate, rows, columns));
    let Some((reference, candidate)) = planes.filter(|(a, b)| (a.width, a.height) == (b.width, b.height))
    else {
        return Ok(None);
    };
    let distance = |a: f32, b: f32| if b.is_finite() { (a - b).abs() } else { f32::INFINITY };
    let differences = reference
        .values
        .iter()
        .zip(&candidate.values)
        .map(|(a, b)| {
            let worst = (0..3).map(|channel| distance(a[channel], b[channel])).fold(0.0, f32::max);
            [worst; 3]
        })
        .collect();
    let map = Plane { width: reference.width, height: reference.height, values: differences };
    let largest = map.values.iter().map(|value| f64::from(value[0])).fold(0.0, f64::max);
    let unequal = map.values.iter().filter(|value| value[0] > 0.0).count();
    let shown = |value: [f32; 3]| Rgb(value.map(|value| ((value + 1.0) * 127.5).clamp(0.0, 255.0) as u8));
    let scale = if largest.is_finite() && largest > 0.0 { largest } else { 1.0 };
    let panels = [
        ("reference".to_owned(), String::new(), reference.draw(shown, false)),
        ("candidate".to_owned(), String::new(), candidate.draw(shown, false)),
        (
            format!("difference, white is {largest:.2e}"),
            format!("{:.2} uint8 levels; {unequal} of {} pixels", largest / LEVEL, map.values.len()),
            map.draw(|value| heat(f64::from(value[0]) / scale), true),
        ),
    ];
    compose(&panels).map(Some)
}

fn compose(panels: &[(String, String, RgbImage)]) -> Result<Vec<u8>> {
    typeface::register()?;
    let cell = panels.iter().map(|panel| panel.2.width()).max().unwrap_or(0).max(NARROWEST);
    let tallest = panels.iter().map(|panel| panel.2.height()).max().unwrap_or(0);
    let width = (cell + MARGIN) * panels.len() as u32 + MARGIN;
    let height = tallest + CAPTION + MARGIN;
    let mut pixels = vec![255; (width * height * 3) as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        for (index, (title, detail, _)) in panels.iter().enumerate() {
            let left = (MARGIN + (cell + MARGIN) * index as u32) as i32;
            for (text, top, size) in [(title, 10, 17), (detail, 32, 14)] {
                let style = TextStyle::from((typeface::FAMILY, size).into_font());
                area.draw(&Text::new(text.clone(), (left, top), style))
                    .map_err(|error| anyhow!("drawing a difference: {error}"))?;
            }
        }
        area.present().map_err(|error| anyhow!("drawing a difference: {error}"))?;
    }
    let mut canvas =
        RgbImage::from_raw(width, height, pixels).ok_or_else(|| anyhow!("a canvas of another size"))?;
    for (index, (_, _, panel)) in panels.iter().enumerate() {
        let left = MARGIN + (cell + MARGIN) * index as u32;
        imageops::replace(&mut canvas, panel, i64::from(left), i64::from(CAPTION));
    }
    let mut png = std::io::Cursor::new(Vec::new());
    canvas.write_to(&mut png, image::ImageFormat::Png)?;
    Ok(png.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn thin_and_tiny_images_are_drawn_and_impossible_ones_are_not() {
        for (rows, columns) in [(1, 1), (1, 1024), (300, 1)] {
            let values = Tensor::zeros([1, rows * columns, 48], (Kind::Float, Device::Cpu));
            let other = values.copy();
            let _ = other.get(0).get(0).get(1).fill_(f64::NAN);
            let png = draw(&values, &other, [rows, columns]).unwrap().unwrap();
            let picture = image::load_from_memory(&png).unwrap();
            assert!(picture.width() < 2100 && picture.height() < 800, "{}", picture.width());
        }
        let values = Tensor::zeros([1, 4, 48], (Kind::Float, Device::Cpu));
        assert!(draw(&values, &values, [3, 3]).unwrap().is_none());
        assert!(draw(&values, &values, [-1, 2]).unwrap().is_none());
    }
}
