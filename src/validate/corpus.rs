//! The images and parameters on which values are compared: where rewrites of the resize break.

use std::{str::FromStr, sync::Arc};

use anyhow::Result;

use crate::{
    input_error,
    workload::{CorpusSpec, DecodedImage, Pattern, generated},
};

/// Values of `max_num_patches` that are compared.
pub const LIMITS: [usize; 5] = [16, 64, 256, 576, 1024];
/// Values of `patch_size` that are compared.
pub const PATCH_SIZES: [usize; 3] = [14, 16, 32];

/// How much is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// About 60 small images: seconds.
    Quick,
    /// Every image at the default parameters and at one other combination, some at all: a minute.
    Default,
    /// Every image at every combination: minutes.
    Full,
}

impl FromStr for Extent {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "quick" => Ok(Self::Quick),
            "default" => Ok(Self::Default),
            "full" => Ok(Self::Full),
            _ => Err(input_error!("--corpus {text}: choose quick, default or full")),
        }
    }
}

/// An image, drawn when it is needed.
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

    fn pixels(&self) -> usize {
        match self {
            Self::Photograph(image) => image.width * image.height,
            Self::Generated(spec) => spec.width * spec.height,
        }
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

/// The cases of a corpus, equal for the same seed.
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
    // The default parameters, where they are among those asked for.
    let usual =
        combinations.iter().copied().find(|each| *each == (256, 16)).or(combinations.first().copied());
    let Some(usual) = usual else { return Vec::new() };
    let small: Vec<(usize, usize)> = combinations.iter().copied().filter(|each| each.0 <= 256).collect();
    let mut cases = Vec::new();
    let mut add = |source: &Source, (limit, patch)| cases.push(Case { source: source.clone(), limit, patch });
    match extent {
        Extent::Quick => {
            // Few patches make the larger ones an extreme reduction, at little cost.
            let large = sources.iter().filter(|source| (100_000..700_000).contains(&source.pixels()));
            large.step_by(4).for_each(|source| add(source, (16.min(usual.0), usual.1)));
            let few = sources.iter().filter(|source| source.pixels() <= 40_000).step_by(7);
            for (index, source) in few.enumerate() {
                add(source, (64.min(usual.0), usual.1));
                if index % 3 == 0 && !small.is_empty() {
                    add(source, small[(index / 3) % small.len()]);
                }
            }
        }
        Extent::Default => {
            for (index, source) in sources.iter().enumerate() {
                add(source, usual);
                // 7 has no factor in common with the number of combinations, so that all come in turn.
                let other = combinations[index * 7 % combinations.len()];
                if other != usual {
                    add(source, other);
                }
            }
            for source in sources.iter().filter(|source| source.pixels() <= 400_000).step_by(16) {
                combinations.iter().for_each(|&combination| add(source, combination));
            }
        }
        Extent::Full => {
            for source in &sources {
                combinations.iter().for_each(|&combination| add(source, combination));
            }
        }
    }
    cases
}

/// What the generated corpus, made for patches of 16 pixels, lacks for those of 14 and 32.
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
    use std::collections::HashSet;

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
    }

    #[test]
    fn one_combination_is_enough() {
        assert!(!cases(Extent::Default, &[], 0, &[100], &[7]).is_empty());
        assert!(cases(Extent::Default, &[], 0, &[], &[7]).is_empty());
    }
}
