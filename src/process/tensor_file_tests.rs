use std::{fs, io::Read};

use tch::{Kind, Tensor};
use tempfile::tempfile;

use super::*;

/// Inputs of `count` images whose values name the image, from the one with the index `first`.
fn inputs(first: i64, count: i64) -> ModelInputs {
    let rows = |kind, row: &[i64]| {
        let numbers = Tensor::arange_start(first, first + count, (kind, Device::Cpu));
        let ones = vec![1; row.len()];
        numbers.view([&[-1], ones.as_slice()].concat().as_slice()).expand([&[count], row].concat(), false)
    };
    ModelInputs {
        pixel_values: rows(Kind::Float, &[3, 5]),
        pixel_attention_mask: rows(Kind::Int, &[3]),
        spatial_shapes: rows(Kind::Int64, &[2]),
        host_shapes: None,
    }
}

/// The bytes of a file of images 0, 1, … that is written in pieces of these lengths.
fn written(capacity: u64, pieces: &[i64]) -> (Vec<u8>, Written) {
    let file = tempfile().unwrap();
    let mut handle = file.try_clone().unwrap();
    let mut tensors = TensorFile::new(file, Layout::of(&inputs(0, 1)).unwrap(), capacity).unwrap();
    for piece in pieces {
        // One image too many at either end, which must not be taken.
        let batch = inputs(tensors.rows() as i64 - 1, piece + 2);
        tensors.append(&batch, 1, *piece).unwrap();
    }
    let written = tensors.finish().unwrap();
    let mut bytes = Vec::new();
    handle.read_to_end(&mut bytes).unwrap();
    (bytes, written)
}

/// The bytes of the file that torch writes of the first `count` images.
fn by_torch(count: i64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.safetensors");
    let inputs = inputs(0, count);
    let whole: Vec<_> = inputs.named().map(|(name, tensor)| (name, tensor.contiguous())).into();
    Tensor::write_safetensors(&whole, &path).unwrap();
    fs::read(path).unwrap()
}

#[test]
fn a_file_written_in_pieces_is_the_one_that_torch_writes_at_once() {
    for pieces in [&[7][..], &[1, 2, 4], &[3, 3, 1]] {
        let (bytes, written) = written(7, pieces);
        assert_eq!(bytes, by_torch(7), "{pieces:?}");
        let crc32 = crc32fast::hash(&bytes);
        assert_eq!(written, Written { rows: 7, bytes: bytes.len() as u64, crc32 });
    }
}

#[test]
fn places_that_stay_empty_are_closed_up() {
    // The header of 1,000 images is longer than that of 7.
    for capacity in [8, 9, 1000] {
        let (bytes, written) = written(capacity, &[5, 2]);
        assert_eq!(bytes, by_torch(7), "{capacity}");
        assert_eq!((written.rows, written.crc32), (7, crc32fast::hash(&bytes)));
    }
}

#[test]
fn more_images_than_there_is_room_for_are_refused() {
    let layout = Layout::of(&inputs(0, 1)).unwrap();
    let mut file = TensorFile::new(tempfile().unwrap(), layout, 2).unwrap();
    file.append(&inputs(0, 1), 0, 1).unwrap();
    assert!(file.append(&inputs(1, 2), 0, 2).is_err());
    assert_eq!((file.rows(), file.room()), (1, 1));
}

#[test]
fn moving_is_right_for_places_that_overlap_and_for_more_than_a_block() {
    let content: Vec<u8> = (0..3 * BLOCK + 5).map(|index| (index % 251) as u8).collect();
    for by in [1, 100, BLOCK, 2 * BLOCK] {
        let file = tempfile().unwrap();
        file.write_all_at(&content, 0).unwrap();
        let length = content.len() - by;
        move_down(&file, by as u64, 0, length as u64).unwrap();
        let mut moved = vec![0; length];
        file.read_exact_at(&mut moved, 0).unwrap();
        assert!(moved == content[by..], "{by}");
    }
}

#[test]
fn the_checksum_of_a_file_is_that_of_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let content: Vec<u8> = (0..BLOCK + 3).map(|index| (index % 253) as u8).collect();
    fs::write(&path, &content).unwrap();
    assert_eq!(checksum(&path).unwrap(), (content.len() as u64, crc32fast::hash(&content)));
    assert!(checksum(&folder.path().join("absent")).is_err());
}
