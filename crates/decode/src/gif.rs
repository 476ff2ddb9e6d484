//! The frames of a GIF: whether another decoder may be handed it.

use gif::{ColorOutput, DecodeOptions, MemoryLimit};

/// The most bytes that a frame may take while it is looked at: 256 MiB.
const MAX_FRAME: std::num::NonZeroU64 = std::num::NonZeroU64::new(256 << 20).unwrap();

/// Where the index of the background's colour is.
const BACKGROUND: usize = 11;

/// Whether these bytes are a GIF of one frame that lies within the canvas, with every pixel and the background within the
/// palette.
///
/// Of several frames, torchvision 0.26 makes several images. For a frame that reaches beyond the canvas it writes outside its
/// memory, and for a colour beyond the palette it reads outside it.
pub fn is_sound_still_gif(bytes: &[u8]) -> bool {
    checked(bytes).unwrap_or(false)
}

/// None if the file cannot be read to its end.
fn checked(bytes: &[u8]) -> Option<bool> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.check_frame_consistency(true);
    options.set_memory_limit(MemoryLimit::Bytes(MAX_FRAME));
    let mut decoder = options.read_info(bytes).ok()?;
    let shared = decoder.global_palette().map(<[u8]>::len);
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    // The crate hides an index beyond the palette.
    let background = usize::from(*bytes.get(BACKGROUND)?);
    let background = shared.is_none_or(|length| background < length / 3);
    let frame = decoder.read_next_frame().ok()??;
    let inside = u32::from(frame.left) + u32::from(frame.width) <= width
        && u32::from(frame.top) + u32::from(frame.height) <= height;
    let colours = frame.palette.as_ref().map(Vec::len).or(shared)? / 3;
    let sound = inside && background && frame.buffer.iter().all(|&index| usize::from(index) < colours);
    Some(sound && decoder.next_frame_info().ok()?.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A GIF of 4×3 with a palette of 4 colours, and frames of these sides at these places, filled with an index.
    fn gif(frames: &[[u16; 5]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = gif::Encoder::new(&mut bytes, 4, 3, &[0; 12]).unwrap();
        for &[left, top, width, height, index] in frames {
            let mut frame = gif::Frame {
                left,
                top,
                width,
                height,
                buffer: vec![index as u8; usize::from(width * height)].into(),
                ..gif::Frame::default()
            };
            frame.make_lzw_pre_encoded();
            encoder.write_lzw_pre_encoded_frame(&frame).unwrap();
        }
        drop(encoder);
        bytes
    }

    #[test]
    fn one_whole_frame_within_the_canvas_is_sound() {
        assert!(is_sound_still_gif(&gif(&[[0, 0, 4, 3, 3]])));
        assert!(is_sound_still_gif(&gif(&[[1, 1, 3, 2, 1]])));
    }

    #[test]
    fn no_frame_several_frames_and_cut_files_are_not() {
        assert!(!is_sound_still_gif(&gif(&[])));
        assert!(!is_sound_still_gif(&gif(&[[0, 0, 4, 3, 0], [1, 1, 3, 2, 1]])));
        let whole = gif(&[[0, 0, 4, 3, 1]]);
        for length in 0..whole.len() - 1 {
            assert!(!is_sound_still_gif(&whole[..length]), "{length}");
        }
    }

    #[test]
    fn a_frame_beyond_the_canvas_or_the_palette_is_not() {
        for frame in [[1, 0, 4, 3, 0], [0, 1, 4, 3, 0], [0, 0, 5, 3, 0], [0, 0, 4, 4, 0], [0, 0, 4, 3, 4]] {
            assert!(!is_sound_still_gif(&gif(&[frame])), "{frame:?}");
        }
        let mut background = gif(&[[0, 0, 4, 3, 0]]);
        background[11] = 4;
        assert!(!is_sound_still_gif(&background));
    }
}
