use super::*;
use patchmark_fused::target_size;

fn drawn(width: usize, height: usize, pattern: Pattern) -> Vec<u8> {
    CorpusSpec { name: "a".into(), width, height, pattern }.render().rgb
}

/// The first channel of every pixel.
fn reds(width: usize, height: usize, pattern: Pattern) -> Vec<u8> {
    drawn(width, height, pattern).into_iter().step_by(3).collect()
}

#[test]
fn the_corpus_has_over_300_images_with_names_and_contents_of_their_own() {
    let corpus = generated(7);
    assert!(corpus.len() >= 300, "{}", corpus.len());
    let names: HashSet<_> = corpus.iter().map(|spec| &spec.name).collect();
    let contents: HashSet<_> = corpus.iter().map(|spec| (spec.width, spec.height, spec.pattern)).collect();
    assert_eq!((names.len(), contents.len()), (corpus.len(), corpus.len()));
}

#[test]
fn a_seed_fixes_the_corpus_and_another_changes_it() {
    assert_eq!(generated(7), generated(7));
    assert_ne!(generated(7), generated(8));
}

#[test]
fn any_seed_stays_within_the_pixel_budget_and_the_count() {
    for seed in 0..50 {
        let corpus = generated(seed);
        let pixels: usize = corpus.iter().map(|spec| spec.width * spec.height).sum();
        assert!(corpus.len() >= 300 && pixels <= 60_000_000, "{seed}: {} of {pixels} px", corpus.len());
    }
}

#[test]
fn sizes_reach_from_one_pixel_to_twelve_million() {
    let sizes: HashSet<_> = generated(7).iter().map(|spec| (spec.width, spec.height)).collect();
    for size in [(1, 1), (4000, 3000), (2000, 1), (1, 2000), (4000, 1), (255, 257), (384, 384), (320, 192)] {
        assert!(sizes.contains(&size), "{size:?}");
    }
}

#[test]
fn images_on_target_are_their_own_target() {
    for patches in [64, 256, 576, 1024] {
        let purpose = format!("-target-{patches}-");
        let corpus = generated(7);
        let on_target: Vec<_> = corpus.iter().filter(|spec| spec.name.contains(&purpose)).collect();
        assert!(on_target.len() >= 5, "{patches}: {}", on_target.len());
        for spec in on_target {
            assert_eq!(target_size(spec.height, spec.width, 16, patches), (spec.height, spec.width));
        }
    }
}

#[test]
fn every_small_image_draws_the_size_it_describes() {
    for spec in generated(7).iter().filter(|spec| spec.width * spec.height < 100_000) {
        let image = spec.render();
        assert_eq!((image.width, image.height, &image.name), (spec.width, spec.height, &spec.name));
        assert_eq!(image.rgb.len(), spec.width * spec.height * 3, "{}", spec.name);
    }
}

#[test]
fn noise_is_fixed_by_its_seed_and_fills_the_range() {
    let noise = drawn(64, 64, Pattern::Noise(1));
    assert_eq!(noise, drawn(64, 64, Pattern::Noise(1)));
    assert_ne!(noise, drawn(64, 64, Pattern::Noise(2)));
    // Another generator would change every stored parity result.
    assert_eq!(noise[..6], [177, 13, 164, 140, 234, 76]);
    assert_eq!(noise.iter().collect::<HashSet<_>>().len(), 256);
    let binary: HashSet<_> = drawn(64, 64, Pattern::BinaryNoise(1)).into_iter().collect();
    assert_eq!(binary, HashSet::from([0, 255]));
}

#[test]
fn gradients_run_the_way_they_are_named() {
    assert_eq!(reds(3, 2, Pattern::HorizontalGradient), [0, 127, 255, 0, 127, 255]);
    assert_eq!(reds(2, 3, Pattern::VerticalGradient), [0, 0, 127, 127, 255, 255]);
    assert_eq!(reds(2, 2, Pattern::DiagonalGradient), [0, 127, 127, 255]);
    assert_eq!(drawn(1, 1, Pattern::DiagonalGradient), [0, 255, 0]);
}

#[test]
fn edges_are_saturated_and_in_place() {
    assert_eq!(reds(3, 2, Pattern::Checkerboard(1)), [0, 255, 0, 255, 0, 255]);
    assert_eq!(reds(4, 1, Pattern::Checkerboard(3)), [0, 0, 0, 255]);
    assert_eq!(reds(4, 1, Pattern::StepEdge), [0, 0, 255, 255]);
    assert_eq!(reds(3, 3, Pattern::BrightPixel), [0, 0, 0, 0, 255, 0, 0, 0, 0]);
    assert_eq!(drawn(2, 1, Pattern::Constant([1, 2, 3])), [1, 2, 3, 1, 2, 3]);
}
