//! The images and parameters on which values are compared: those on which rewrites of the resize tend to fail.

use std::{collections::HashSet, ops::RangeInclusive, sync::Arc};

use crate::workload::{CorpusSpec, DecodedImage, Pattern, generated};

/// Values of `max_num_patches` that are compared.
pub const LIMITS: [usize; 5] = [16, 64, 256, 576, 1024];
/// Values of `patch_size` that are compared.
pub const PATCH_SIZES: [usize; 3] = [14, 16, 32];

/// The smallest size at which the generated corpus has every pattern, as (width, height).
const PATTERNS_SIZE: (usize, usize) = (5, 7);

/// How much is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Extent {
    /// About 60 small images: seconds.
    Quick,
    /// Every image at the default parameters and at one other combination, some images at every combination: a minute.
    Default,
    /// Every image at every combination: minutes.
    Full,
}

/// An image, drawn when needed.
#[derive(Debug, Clone)]
pub enum Source {
    /// A photograph.
    Photograph(Arc<DecodedImage>),
    /// A generated image.
    Generated(CorpusSpec),
}

impl Source {
    /// The pixels.
    pub fn render(&self) -> Arc<DecodedImage> {
        match self {
            Self::Photograph(image) => Arc::clone(image),
            Self::Generated(spec) => Arc::new(spec.render()),
        }
    }

    /// The image's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Photograph(image) => &image.name,
            Self::Generated(spec) => &spec.name,
        }
    }

    /// Width and height.
    pub(super) fn size(&self) -> (usize, usize) {
        match self {
            Self::Photograph(image) => (image.width, image.height),
            Self::Generated(spec) => (spec.width, spec.height),
        }
    }

    fn pixels(&self) -> usize {
        self.size().0 * self.size().1
    }
}

/// One image with the parameters of its call.
#[derive(Debug, Clone)]
pub struct Case {
    /// The image.
    pub source: Source,
    /// `max_num_patches` given at the call.
    pub limit: usize,
    /// `patch_size` given at the call.
    pub patch: usize,
}

/// The cases of a corpus; the same seed gives the same cases.
pub fn cases(
    extent: Extent,
    photographs: &[Arc<DecodedImage>],
    seed: u64,
    limits: &[usize],
    patches: &[usize],
) -> Vec<Case> {
    let mut sources: Vec<Source> = photographs.iter().cloned().map(Source::Photograph).collect();
    sources.extend(generated(seed).into_iter().chain(additions()).map(Source::Generated));
    let combinations: Vec<(usize, usize)> =
        limits.iter().flat_map(|&limit| patches.iter().map(move |&patch| (limit, patch))).collect();
    // The default parameters if they were asked for, otherwise the first combination.
    let usual =
        combinations.iter().copied().find(|each| *each == (256, 16)).or(combinations.first().copied());
    let Some(usual) = usual else { return Vec::new() };
    let small: Vec<(usize, usize)> = combinations.iter().copied().filter(|each| each.0 <= 256).collect();
    // Making the same call twice would show nothing new.
    let (mut cases, mut asked) = (Vec::new(), HashSet::new());
    let mut add = |index: usize, (limit, patch)| {
        if asked.insert((index, limit, patch)) {
            cases.push(Case { source: sources[index].clone(), limit, patch });
        }
    };
    let sources = &sources;
    let of_pixels = |range: RangeInclusive<usize>| {
        (0..sources.len()).filter(move |&index| range.contains(&sources[index].pixels()))
    };
    match extent {
        Extent::Quick => {
            // With few patches, larger images are reduced extremely at little cost.
            let reduced = (16.min(usual.0), usual.1);
            of_pixels(100_000..=700_000).step_by(4).for_each(|index| add(index, reduced));
            for (number, index) in of_pixels(0..=40_000).step_by(7).enumerate() {
                add(index, (64.min(usual.0), usual.1));
                if number % 3 == 0 && !small.is_empty() {
                    add(index, small[(number / 3) % small.len()]);
                }
            }
            // Each pattern once: on plain black or white a rewrite may divide by zero.
            let patterns = (0..sources.len()).filter(|&index| sources[index].size() == PATTERNS_SIZE);
            patterns.for_each(|index| add(index, reduced));
        }
        Extent::Default => {
            for index in 0..sources.len() {
                add(index, usual);
                // 7 has no factor in common with the number of combinations, so every combination has its turn.
                add(index, combinations[index * 7 % combinations.len()]);
            }
            for index in of_pixels(0..=400_000).step_by(16) {
                combinations.iter().for_each(|&combination| add(index, combination));
            }
        }
        Extent::Full => {
            for index in 0..sources.len() {
                combinations.iter().for_each(|&combination| add(index, combination));
            }
        }
    }
    cases
}

/// Images for patches of 14 and 32 pixels, which the generated corpus lacks: it is made for patches of 16.
fn additions() -> Vec<CorpusSpec> {
    let mut specs = Vec::new();
    let mut add = |width: usize, height: usize, pattern| {
        let name = format!("patch-{}-{width}x{height}", specs.len());
        specs.push(CorpusSpec { name, width, height, pattern });
    };
    for patch in [14_usize, 32] {
        for (columns, rows) in [(1, 1), (2, 2), (4, 4), (16, 16), (8, 32)] {
            let (width, height) = (columns * patch, rows * patch);
            add(width, height, Pattern::Noise((width * 7 + height) as u64));
            add(width - 1, height + 1, Pattern::BinaryNoise((width * 5 + height) as u64));
            add(width + 1, height - 1, Pattern::Checkerboard(1));
        }
    }
    specs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_corpus_meets_every_combination_and_every_image() {
        let cases = cases(Extent::Default, &[], 0, &LIMITS, &PATCH_SIZES);
        let combinations: HashSet<_> = cases.iter().map(|case| (case.limit, case.patch)).collect();
        assert_eq!(combinations.len(), 15);
        assert!(cases.len() > 1000, "{}", cases.len());
    }

    #[test]
    fn the_quick_corpus_is_small_and_still_has_thin_images() {
        let cases = cases(Extent::Quick, &[], 0, &LIMITS, &PATCH_SIZES);
        assert!((50..140).contains(&cases.len()), "{}", cases.len());
        let thin =
            |case: &Case| matches!(&case.source, Source::Generated(spec) if spec.width * 500 <= spec.height);
        assert!(cases.iter().any(thin));
        for colour in [[0; 3], [255; 3]] {
            let plain = |case: &Case| matches!(&case.source, Source::Generated(spec) if spec.pattern == Pattern::Constant(colour));
            assert!(cases.iter().any(plain), "{colour:?}");
        }
    }

    #[test]
    fn no_corpus_asks_the_same_twice() {
        for extent in [Extent::Quick, Extent::Default] {
            let mut seen = HashSet::new();
            for case in cases(extent, &[], 0, &LIMITS, &PATCH_SIZES) {
                let Source::Generated(spec) = &case.source else { continue };
                let call = (spec.width, spec.height, spec.pattern, case.limit, case.patch);
                assert!(seen.insert(call), "{extent:?}: {call:?}");
            }
        }
    }

    #[test]
    fn one_combination_is_enough() {
        assert!(!cases(Extent::Default, &[], 0, &[100], &[7]).is_empty());
        assert!(cases(Extent::Default, &[], 0, &[], &[7]).is_empty());
    }
}
