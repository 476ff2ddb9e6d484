//! What the charts look like: sizes, and colours by role, light and dark.

use plotters::style::RGBColor;

/// Sizes of text in logical pixels of a chart that is 960 wide; still legible at 600.
pub(super) const TITLE: f64 = 28.0;
pub(super) const BODY: f64 = 19.5;
pub(super) const SMALL: f64 = 17.5;

/// The number of series before colours repeat with another marker.
const SERIES: usize = 10;
/// Steps of a heat map.
pub(super) const HEAT_STEPS: usize = 8;

/// A colour by its role, so that one picture serves both themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Behind everything.
    Paper,
    /// Text.
    Ink,
    /// Secondary text and lines.
    Muted,
    /// Faint lines in the background.
    Grid,
    /// A bar that has no stages.
    Plain,
    /// The series at an index.
    Series(usize),
    /// Worse.
    Bad,
    /// Better.
    Good,
    /// Neither better nor worse.
    Calm,
    /// Inconclusive.
    Unsure,
    /// A step of a heat map, from 0 for no difference to the largest.
    Heat(usize),
}

impl Colour {
    /// Every colour there is.
    pub fn all() -> impl Iterator<Item = Self> {
        use Colour::*;
        let fixed = [Paper, Ink, Muted, Grid, Plain, Bad, Good, Calm, Unsure];
        fixed.into_iter().chain((0..SERIES).map(Series)).chain((0..HEAT_STEPS).map(Heat))
    }

    /// The name of its variable in a page's style sheet.
    pub fn variable(self) -> String {
        match self {
            Self::Series(index) => format!("--series-{}", index % SERIES),
            Self::Heat(step) => format!("--heat-{}", step.min(HEAT_STEPS - 1)),
            other => format!("--{other:?}").to_lowercase(),
        }
    }
}

/// A theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Theme {
    /// Dark on white.
    Light,
    /// Light on near-black.
    Dark,
}

impl Theme {
    /// Red, green and blue of a colour. No two colours of a theme are the same.
    pub fn rgb(self, colour: Colour) -> RGBColor {
        let light = self == Self::Light;
        let (on_light, on_dark) = match colour {
            Colour::Paper => (0xff_ff_ff, 0x15_19_1e),
            Colour::Ink => (0x1f_24_2a, 0xe8_ec_f0),
            Colour::Muted => (0x57_60_6a, 0xa3_ad_b8),
            Colour::Grid => (0xe2_e5_e9, 0x30_37_3f),
            Colour::Plain => (0x96_a0_aa, 0x78_82_8c),
            Colour::Bad => (0xc2_41_0c, 0xff_8a_5c),
            Colour::Good => (0x04_7a_55, 0x3d_d6_a3),
            Colour::Calm => (0x1d_5f_a8, 0x7a_b8_f5),
            Colour::Unsure => (0x6b_64_58, 0xb8_b0_a2),
            Colour::Series(index) => SERIES_RGB[index % SERIES],
            Colour::Heat(step) => HEAT_RGB[step.min(HEAT_STEPS - 1)],
        };
        let value: u32 = if light { on_light } else { on_dark };
        RGBColor((value >> 16) as u8, (value >> 8) as u8, value as u8)
    }

    /// `#RRGGBB`, as in an SVG.
    pub fn hex(self, colour: Colour) -> String {
        let RGBColor(red, green, blue) = self.rgb(colour);
        format!("#{red:02X}{green:02X}{blue:02X}")
    }
}

/// Okabe and Ito's palette, which works with any colour vision. Their yellow, which is hard to see on white, is replaced by a
/// grey; in the dark theme, black becomes white, and the blues and greens are lighter. Beyond eight colours no palette is
/// safe on its own, so the markers, of which there is a different number, also distinguish the series.
const SERIES_RGB: [(u32, u32); SERIES] = [
    (0x00_00_00, 0xff_ff_ff),
    (0x00_72_b2, 0x3b_94_e0),
    (0xd5_5e_00, 0xf0_7a_2a),
    (0x00_9e_73, 0x1f_bf_8f),
    (0xcc_79_a7, 0xe3_9b_c4),
    (0x56_b4_e9, 0x9a_d6_ff),
    (0xe6_9f_00, 0xf2_bb_3d),
    (0x80_80_80, 0x9c_9c_9c),
    (0x6a_3d_9a, 0xb9_8c_f0),
    (0x8c_51_0a, 0xc9_8b_4a),
];

/// One hue from nearly the paper's to a strong one, so that lightness alone shows the order.
const HEAT_RGB: [(u32, u32); HEAT_STEPS] = [
    (0xf1_f3_f5, 0x1f_25_2b),
    (0xfd_e3_d3, 0x43_2a_1c),
    (0xfb_c9_a9, 0x62_36_1c),
    (0xf5_a7_76, 0x86_45_1c),
    (0xe9_82_47, 0xad_58_1d),
    (0xce_60_24, 0xd4_70_28),
    (0xa3_45_13, 0xf2_95_50),
    (0x6e_2c_08, 0xff_c8_9a),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A page finds a colour's role by its value.
    #[test]
    fn no_two_roles_share_a_colour() {
        for theme in [Theme::Light, Theme::Dark] {
            let mut found: Vec<_> = Colour::all().map(|colour| theme.hex(colour)).collect();
            let count = found.len();
            found.sort();
            found.dedup();
            assert_eq!(found.len(), count, "{theme:?}");
        }
    }

    /// WCAG's contrast of text and of lines against the paper.
    #[test]
    fn text_and_lines_can_be_seen() {
        let light = |theme: Theme, colour| {
            let RGBColor(r, g, b) = theme.rgb(colour);
            let linear = |c: u8| {
                let c = f64::from(c) / 255.0;
                if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
        };
        for theme in [Theme::Light, Theme::Dark] {
            let paper = light(theme, Colour::Paper);
            for (colour, least) in [
                (Colour::Ink, 7.0),
                (Colour::Muted, 4.5),
                (Colour::Bad, 4.5),
                (Colour::Good, 4.5),
                (Colour::Calm, 4.5),
                (Colour::Unsure, 4.5),
                (Colour::Series(5), 2.0),
                (Colour::Series(1), 3.0),
            ] {
                let own = light(theme, colour);
                let contrast = (own.max(paper) + 0.05) / (own.min(paper) + 0.05);
                assert!(contrast >= least, "{theme:?} {colour:?}: {contrast:.2}");
            }
        }
    }
}
