//! The cases of a pack: those on which rewrites of the image processor tend to fail, or a user's own images.

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::{
    processor::{Parameters, Resample},
    workload::{CorpusSpec, DecodedImage, Pattern, built_in_photographs},
};

/// The limit of most built-in cases: few patches, so that a pack of many cases stays small.
const LIMIT: usize = 16;
/// The limit of batches, for the same reason. As a prime, it leaves padding to most images.
const BATCH_LIMIT: usize = 5;
/// A user's images that are also processed as one batch.
const BATCH: usize = 8;

/// One call of the reference.
#[derive(Debug, Clone)]
pub struct Case {
    /// Unique among the cases; the first part of the names of its tensors.
    pub name: String,
    /// The batch; names of images are names of files without their ending.
    pub images: Vec<Arc<DecodedImage>>,
    /// The parameters of the call.
    pub parameters: Parameters,
}

/// One case for each image, and one with the first of them as a batch.
pub fn of_images(images: Vec<Arc<DecodedImage>>, parameters: &Parameters) -> Vec<Case> {
    let case = |name: String, images| Case { name, images, parameters: parameters.clone() };
    let named = images.into_iter().enumerate().map(|(index, image)| {
        let name = format!("{:04}-{}", index + 1, plain(&image.name));
        Arc::new(DecodedImage { name, ..Arc::unwrap_or_clone(image) })
    });
    let images: Vec<_> = named.collect();
    let mut cases: Vec<Case> =
        images.iter().map(|image| case(image.name.clone(), vec![Arc::clone(image)])).collect();
    if images.len() > 1 {
        cases.push(case("batch".to_owned(), images.into_iter().take(BATCH).collect()));
    }
    cases
}

/// A name that any file system takes: the file's own, without its folder and its ending.
fn plain(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let kept = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' };
    stem.chars().take(40).map(kept).collect()
}

/// The built-in cases, the same in every build.
///
/// # Errors
/// If a built-in photograph cannot be decoded.
pub fn built_in() -> Result<Vec<Case>> {
    let mut cases = Cases {
        cases: Vec::new(),
        photograph: reduced("coffee.png", 5)?,
        portrait: reduced("rocket_portrait.png", 4)?,
    };
    cases.sizes();
    cases.contents();
    cases.batches();
    cases.parameters();
    cases.large();
    Ok(cases.cases)
}

/// The parameters of NaFlex with another limit.
fn limit(max_num_patches: usize) -> Parameters {
    Parameters { max_num_patches, ..Parameters::default() }
}

/// The built-in cases under construction.
struct Cases {
    cases: Vec<Case>,
    photograph: Arc<DecodedImage>,
    portrait: Arc<DecodedImage>,
}

impl Cases {
    fn add(&mut self, name: &str, parameters: &Parameters, images: &[&Arc<DecodedImage>]) {
        let images = images.iter().map(|image| Arc::clone(image)).collect();
        self.cases.push(Case { name: name.to_owned(), images, parameters: parameters.clone() });
    }

    /// Sizes from one pixel to far more than fit.
    fn sizes(&mut self) {
        for (name, image) in [
            ("one-pixel", noise(1, 1)),
            ("one-pixel-wide", noise(1, 97)),
            ("one-pixel-high", noise(97, 1)),
            ("two-pixels", drawn(2, 2, Pattern::BinaryNoise(2))),
            ("wide", noise(300, 3)),
            ("tall", noise(3, 300)),
            ("very-wide", drawn(2000, 1, Pattern::HorizontalGradient)),
            ("on-target", noise(64, 64)),
            ("one-pixel-short", drawn(63, 64, Pattern::BinaryNoise(63))),
            ("one-pixel-over", drawn(64, 65, Pattern::BinaryNoise(65))),
            ("whole-patches", noise(80, 96)),
            ("enlarged", noise(5, 7)),
            ("enlarged-a-little", drawn(57, 39, Pattern::BinaryNoise(57))),
            ("reduced", noise(128, 96)),
            ("reduced-far", drawn(1024, 768, Pattern::Checkerboard(1))),
        ] {
            self.add(name, &limit(LIMIT), &[&image]);
        }
    }

    /// What images show.
    fn contents(&mut self) {
        for (name, image) in [
            ("black", drawn(20, 30, Pattern::Constant([0; 3]))),
            ("white", drawn(30, 20, Pattern::Constant([255; 3]))),
            ("one-colour", drawn(33, 47, Pattern::Constant([255, 0, 127]))),
            ("bright-pixel", drawn(48, 47, Pattern::BrightPixel)),
            ("checkerboard", drawn(100, 75, Pattern::Checkerboard(3))),
            ("gradient", drawn(333, 217, Pattern::DiagonalGradient)),
            ("photograph", Arc::clone(&self.photograph)),
        ] {
            self.add(name, &limit(LIMIT), &[&image]);
        }
    }

    fn batches(&mut self) {
        self.add("batch-of-equal-sizes", &limit(BATCH_LIMIT), &equal().each_ref());
        let (photograph, tiny) = (Arc::clone(&self.photograph), noise(5, 7));
        let mixed = [&tiny, &photograph, &noise(3, 300), &tiny];
        self.add("batch-of-mixed-sizes", &limit(BATCH_LIMIT), &mixed);
    }

    /// Each parameter with another value than NaFlex's.
    fn parameters(&mut self) {
        let small = limit(LIMIT);
        let bicubic = Parameters { resample: Resample::Bicubic, ..small.clone() };
        let edge = drawn(100, 75, Pattern::StepEdge);
        let photograph = Arc::clone(&self.photograph);
        for (name, parameters, image) in [
            ("one-patch", limit(1), &photograph),
            ("seven-patches", limit(7), &photograph),
            ("bicubic-enlarged", bicubic.clone(), &edge),
            ("bicubic-reduced", bicubic, &photograph),
            ("without-resize", Parameters { do_resize: false, ..small.clone() }, &noise(64, 32)),
        ] {
            self.add(name, &parameters, &[image]);
        }
        let portrait = Arc::clone(&self.portrait);
        let (image_mean, image_std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        for (name, parameters) in [
            ("patch-size-14", Parameters { patch_size: 14, ..small.clone() }),
            ("patch-size-32", Parameters { patch_size: 32, ..limit(BATCH_LIMIT) }),
            ("without-rescale", Parameters { do_rescale: false, ..small.clone() }),
            ("without-normalize", Parameters { do_normalize: false, ..small.clone() }),
            (
                "without-rescale-and-normalize",
                Parameters { do_rescale: false, do_normalize: false, ..small.clone() },
            ),
            ("other-mean-and-std", Parameters { image_mean, image_std, ..small.clone() }),
            ("other-rescale-factor", Parameters { rescale_factor: 1.0 / 127.5, ..small }),
        ] {
            self.add(name, &parameters, &[&portrait]);
        }
    }

    /// Limits that people use, whose tensors are large.
    fn large(&mut self) {
        let (photograph, portrait) = (Arc::clone(&self.photograph), Arc::clone(&self.portrait));
        let patch = |patch_size, limit| Parameters { patch_size, ..limit };
        self.add("defaults", &Parameters::default(), &[&photograph]);
        self.add("limit-64", &limit(64), &[&noise(128, 96)]);
        self.add("limit-576", &limit(576), &[&portrait]);
        self.add("limit-1024", &limit(1024), &[&drawn(1024, 768, Pattern::Checkerboard(3))]);
        self.add("patch-size-14-defaults", &patch(14, Parameters::default()), &[&portrait]);
        self.add("patch-size-32-limit-64", &patch(32, limit(64)), &[&photograph]);
        let ([one, other, _], tiny, tall) = (equal(), noise(5, 7), noise(3, 300));
        self.add("batch-limit-64", &limit(64), &[&tiny, &photograph, &one, &portrait, &other, &tall]);
    }
}

/// Images of one size.
fn equal() -> [Arc<DecodedImage>; 3] {
    [1, 2, 3].map(|seed| drawn(31, 45, Pattern::Noise(seed)))
}

fn noise(width: usize, height: usize) -> Arc<DecodedImage> {
    drawn(width, height, Pattern::Noise((width * 4096 + height) as u64))
}

fn drawn(width: usize, height: usize, pattern: Pattern) -> Arc<DecodedImage> {
    let kind = match pattern {
        Pattern::Noise(seed) | Pattern::BinaryNoise(seed) if seed < 10 => format!("{seed}"),
        _ => String::new(),
    };
    let name = format!("{}{kind}-{width}x{height}", pattern.label());
    Arc::new(CorpusSpec { name, width, height, pattern }.render())
}

/// A built-in photograph whose sides are divided by `factor`: the rounded mean of each square of that side.
fn reduced(file: &str, factor: usize) -> Result<Arc<DecodedImage>> {
    let photographs = built_in_photographs();
    let stored = photographs.iter().find(|photograph| photograph.name() == file);
    let image = stored.with_context(|| format!("there is no photograph {file}"))?.decode()?;
    let (width, height) = (image.width / factor, image.height / factor);
    let mean = |x: usize, y: usize, channel: usize| {
        let rows = (y * factor..(y + 1) * factor).map(|row| row * image.width + x * factor);
        let values =
            rows.flat_map(|start| start..start + factor).map(|at| usize::from(image.rgb[at * 3 + channel]));
        ((values.sum::<usize>() + factor * factor / 2) / (factor * factor)) as u8
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let rgb = pixels.flat_map(|(x, y)| [0, 1, 2].map(|channel| mean(x, y, channel))).collect();
    let name = format!("{}-{width}x{height}", plain(file));
    let made = DecodedImage::new(&name, width, height, rgb);
    made.with_context(|| format!("{file} is smaller than {factor} pixels")).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn built_in_cases_have_names_of_their_own() {
        let cases = built_in().unwrap();
        let names: HashSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), cases.len());
        for case in &cases {
            case.parameters.validate().unwrap();
        }
    }

    #[test]
    fn own_images_have_safe_names_and_share_a_batch() {
        let image = |name: &str| Arc::new(DecodedImage::new(name, 1, 1, vec![7; 3]).unwrap());
        let cases = of_images(vec![image("a/Kätzchen 1.JPG"), image("b/..")], &Parameters::default());
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["0001-k_tzchen_1", "0002-_", "batch"]);
        assert_eq!(cases[2].images.len(), 2);
        assert_eq!(of_images(vec![image("a.png")], &Parameters::default()).len(), 1);
    }
}
