//! The search for the NaFlex target size.

/// The interval at which the bisection stops: `eps` in transformers.
const EPSILON: f64 = 1e-5;

/// The size `(height, width)` in pixels that an image is resized to. Both are multiples of `patch_size`, and
/// together they make at most `max_num_patches` patches, if that is at least 1 and no side exceeds a million
/// patches.
///
/// The scale is found by bisection in f64 between 1e-6 and 100, exactly as in transformers'
/// `get_image_size_for_max_num_patches`: a closed form would round to other sizes.
///
/// # Panics
/// If `patch_size` is zero, which callers must refuse.
pub fn target_size(height: usize, width: usize, patch_size: usize, max_num_patches: usize) -> (usize, usize) {
    assert!(patch_size > 0, "patch_size must be positive");
    let patches = |scale: f64, side: usize| ((side as f64 * scale) / patch_size as f64).ceil().max(1.0);
    let (mut low, mut high) = (EPSILON / 10.0, 100.0);
    while high - low >= EPSILON {
        let scale = (low + high) / 2.0;
        if patches(scale, height) * patches(scale, width) <= max_num_patches as f64 {
            low = scale;
        } else {
            high = scale;
        }
    }
    let side = |size| patches(low, size) as usize * patch_size;
    (side(height), side(width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_sizes_of_transformers() {
        // Values printed by transformers 5.23's get_image_size_for_max_num_patches.
        for (height, width, patch, limit, expected) in [
            (768, 1024, 16, 256, (224, 288)),
            (480, 640, 16, 256, (224, 288)),
            (1, 1, 16, 256, (112, 112)),
            (3000, 4000, 16, 1024, (432, 576)),
            (2000, 1, 16, 256, (4096, 16)),
            (7, 700, 14, 64, (14, 896)),
        ] {
            assert_eq!(target_size(height, width, patch, limit), expected, "{height}x{width}");
        }
    }

    proptest! {
        #[test]
        fn sides_are_whole_patches_within_the_limit(
            height in 1usize..5000, width in 1usize..5000, patch in 1usize..64, limit in 1usize..2048
        ) {
            let (h, w) = target_size(height, width, patch, limit);
            prop_assert!(h % patch == 0 && w % patch == 0 && h > 0 && w > 0);
            prop_assert!((h / patch) * (w / patch) <= limit);
        }

        #[test]
        fn transposing_the_image_transposes_the_target(height in 1usize..5000, width in 1usize..5000) {
            let (h, w) = target_size(height, width, 16, 256);
            prop_assert_eq!(target_size(width, height, 16, 256), (w, h));
        }
    }
}
