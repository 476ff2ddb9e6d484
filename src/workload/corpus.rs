//! The generated images on which processors are compared; they are kept as descriptions and drawn when needed.

use std::collections::HashSet;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

use super::DecodedImage;

/// What a generated image shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Every channel of every pixel drawn from 0–255, from this seed.
    Noise(u64),
    /// Every channel of every pixel either 0 or 255, from this seed: the strongest overshoot.
    BinaryNoise(u64),
    /// From dark on the left to bright on the right; green the other way round.
    HorizontalGradient,
    /// From dark at the top to bright at the bottom; green the other way round.
    VerticalGradient,
    /// From dark at the top left to bright at the bottom right; green the other way round.
    DiagonalGradient,
    /// Black and white squares with sides of this many pixels, at least one.
    Checkerboard(usize),
    /// The left half black and the right half white.
    StepEdge,
    /// One colour.
    Constant([u8; 3]),
    /// Black, with one white pixel at the centre.
    BrightPixel,
}

impl Pattern {
    /// A short name for messages and files.
    pub(crate) fn label(self) -> String {
        match self {
            Self::Noise(_) => "noise".into(),
            Self::BinaryNoise(_) => "binary-noise".into(),
            Self::HorizontalGradient => "horizontal-gradient".into(),
            Self::VerticalGradient => "vertical-gradient".into(),
            Self::DiagonalGradient => "diagonal-gradient".into(),
            Self::Checkerboard(cell) => format!("checkerboard-{cell}"),
            Self::StepEdge => "step-edge".into(),
            Self::Constant([red, green, blue]) => format!("constant-{red}-{green}-{blue}"),
            Self::BrightPixel => "bright-pixel".into(),
        }
    }
}

/// One generated image, before it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusSpec {
    /// Unique in the corpus: number, purpose, size and pattern.
    pub name: String,
    /// Pixels in a row, at least one.
    pub width: usize,
    /// Rows, at least one.
    pub height: usize,
    /// What it shows.
    pub pattern: Pattern,
}

impl CorpusSpec {
    /// Draws the image; the same description always gives the same bytes.
    pub fn render(&self) -> DecodedImage {
        let (width, height) = (self.width, self.height);
        let rgb = match self.pattern {
            Pattern::Noise(seed) => noise(seed, width * height * 3),
            Pattern::BinaryNoise(seed) => noise(seed, width * height * 3)
                .into_iter()
                .map(|value| if value < 128 { 0 } else { 255 })
                .collect(),
            Pattern::HorizontalGradient => self.draw(|x, _| ramp(x, width)),
            Pattern::VerticalGradient => self.draw(|_, y| ramp(y, height)),
            Pattern::DiagonalGradient => self.draw(|x, y| ramp(x + y, width + height - 1)),
            Pattern::Checkerboard(cell) => self.draw(|x, y| black_or_white((x / cell + y / cell) % 2 == 1)),
            Pattern::StepEdge => self.draw(|x, _| black_or_white(2 * x >= width)),
            Pattern::Constant(colour) => self.draw(|_, _| colour),
            Pattern::BrightPixel => self.draw(|x, y| black_or_white((x, y) == (width / 2, height / 2))),
        };
        DecodedImage { name: self.name.clone(), width, height, rgb }
    }

    fn draw(&self, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Vec<u8> {
        let mut rgb = Vec::with_capacity(self.width * self.height * 3);
        for y in 0..self.height {
            for x in 0..self.width {
                rgb.extend_from_slice(&pixel(x, y));
            }
        }
        rgb
    }
}

/// Uniform bytes.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// The colour at step `at` of `steps` from dark to bright.
fn ramp(at: usize, steps: usize) -> [u8; 3] {
    let value = (at * 255 / (steps - 1).max(1)) as u8;
    [value, 255 - value, value / 2]
}

fn black_or_white(white: bool) -> [u8; 3] {
    if white { [255; 3] } else { [0; 3] }
}

/// The patterns that small images cycle through; noise gets other seeds.
const PATTERNS: [Pattern; 12] = [
    Pattern::Noise(0),
    Pattern::Checkerboard(1),
    Pattern::HorizontalGradient,
    Pattern::BinaryNoise(0),
    Pattern::StepEdge,
    Pattern::VerticalGradient,
    Pattern::BrightPixel,
    Pattern::Constant([255, 0, 127]),
    Pattern::Noise(0),
    Pattern::Checkerboard(3),
    Pattern::DiagonalGradient,
    Pattern::Constant([255; 3]),
];

/// The whole corpus of generated images, more than 300; `seed` determines their order and contents.
///
/// It covers sides of one pixel, aspect ratios up to 1:4000 both ways, sizes that are already the target for 16-pixel
/// patches, sizes one pixel off, upscaling, extreme downscaling and random sizes.
pub fn generated(seed: u64) -> Vec<CorpusSpec> {
    let mut corpus =
        Corpus { random: ChaCha8Rng::seed_from_u64(seed), specs: Vec::new(), seen: HashSet::new() };
    corpus.tiny();
    corpus.extreme_ratios();
    corpus.on_target();
    corpus.one_off();
    corpus.every_pattern();
    corpus.large();
    corpus.random_sizes();
    corpus.specs
}

/// The corpus under construction.
struct Corpus {
    random: ChaCha8Rng,
    specs: Vec<CorpusSpec>,
    seen: HashSet<(usize, usize, Pattern)>,
}

impl Corpus {
    /// Adds an image unless the same one is already there; each noise image gets its own seed.
    fn add(&mut self, purpose: &str, (width, height): (usize, usize), pattern: Pattern) {
        let pattern = match pattern {
            Pattern::Noise(_) => Pattern::Noise(self.random.next_u64()),
            Pattern::BinaryNoise(_) => Pattern::BinaryNoise(self.random.next_u64()),
            other => other,
        };
        if self.seen.insert((width, height, pattern)) {
            let name = format!("{:03}-{purpose}-{width}x{height}-{}", self.specs.len(), pattern.label());
            self.specs.push(CorpusSpec { name, width, height, pattern });
        }
    }

    /// Adds an image with the next pattern of the cycle.
    fn add_next(&mut self, purpose: &str, size: (usize, usize)) {
        self.add(purpose, size, PATTERNS[self.specs.len() % PATTERNS.len()]);
    }

    /// Sides of one to three pixels, and of about one and two patches.
    fn tiny(&mut self) {
        for width in [1, 2, 3, 15, 16, 17, 31, 33] {
            for height in [1, 2, 3, 15, 16, 17, 31, 33] {
                self.add_next("tiny", (width, height));
            }
        }
    }

    /// Aspect ratios up to 1:4000, with which one side of the target is a single patch.
    fn extreme_ratios(&mut self) {
        for (long, short) in [
            (2000, 1),
            (4000, 2),
            (4000, 1),
            (1000, 1),
            (257, 1),
            (1500, 3),
            (3000, 16),
            (2048, 32),
            (1999, 7),
        ] {
            for pattern in [Pattern::Noise(0), Pattern::HorizontalGradient, Pattern::Checkerboard(1)] {
                self.add("wide", (long, short), pattern);
            }
            for pattern in [Pattern::Noise(0), Pattern::VerticalGradient, Pattern::Checkerboard(1)] {
                self.add("tall", (short, long), pattern);
            }
        }
    }

    /// Sizes that are already the target for 64, 256, 576 or 1024 patches, and other sizes of whole patches.
    fn on_target(&mut self) {
        for patches in [64_usize, 256, 576, 1024] {
            for rows in (1..=patches).filter(|rows| patches % rows == 0) {
                self.add_next(&format!("target-{patches}"), (patches / rows * 16, rows * 16));
            }
            let side = patches.isqrt() * 16;
            self.add(&format!("target-{patches}"), (side, side), Pattern::Noise(0));
        }
        for size in [(320, 192), (192, 320), (288, 224), (224, 288), (224, 224), (48, 80)] {
            self.add_next("whole-patches", size);
        }
    }

    /// Sizes one pixel larger or smaller than whole patches.
    fn one_off(&mut self) {
        for side in [128_usize, 256, 384, 512] {
            for (width, height) in [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
                .map(|(x, y)| (side.saturating_add_signed(x), side.saturating_add_signed(y)))
            {
                self.add_next("one-off", (width, height));
            }
        }
    }

    /// Every pattern, in sizes that are enlarged and in one that is reduced.
    fn every_pattern(&mut self) {
        for size in [(20, 30), (48, 47), (100, 75), (5, 7), (120, 90), (333, 217)] {
            for pattern in PATTERNS {
                self.add("patterns", size, pattern);
            }
            self.add("patterns", size, Pattern::Constant([0; 3]));
        }
    }

    /// Sizes of photographs, up to extreme downscaling.
    fn large(&mut self) {
        for (size, pattern) in [
            ((640, 480), Pattern::Noise(0)),
            ((480, 640), Pattern::BinaryNoise(0)),
            ((800, 600), Pattern::DiagonalGradient),
            ((1024, 768), Pattern::Checkerboard(3)),
            ((1080, 1920), Pattern::Noise(0)),
            ((1920, 1080), Pattern::Checkerboard(1)),
            ((2000, 1500), Pattern::BinaryNoise(0)),
            ((4000, 3000), Pattern::Noise(0)),
            ((3000, 4000), Pattern::Checkerboard(1)),
            ((2048, 2048), Pattern::BrightPixel),
        ] {
            self.add("large", size, pattern);
        }
    }

    /// Sides of 1 to 511 pixels, small ones as likely as large ones.
    fn random_sizes(&mut self) {
        for _ in 0..80 {
            let size = (self.random_side(), self.random_side());
            self.add_next("random", size);
        }
    }

    fn random_side(&mut self) -> usize {
        let octave = 1_u32 << (self.random.next_u32() % 9);
        (octave + self.random.next_u32() % octave) as usize
    }
}

#[cfg(test)]
#[path = "corpus_tests.rs"]
mod tests;
