//! A stream of frames, taken from a buffer that fills piece by piece as a coordinator does, and read as a worker does.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark::worker::{
    frames,
    protocol::{Reply, Request},
};
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|data: &[u8]| {
    both_ways::<Request>(data);
    both_ways::<Reply>(data);
});

/// Reads all frames in both ways, which must agree, and sends them again.
fn both_ways<T: DeserializeOwned + Serialize>(data: &[u8]) {
    let (mut buffer, mut pieces, mut stream) = (Vec::new(), data.chunks(7), data);
    loop {
        let taken = loop {
            match (frames::take::<T>(&mut buffer), pieces.next()) {
                (Ok(None), Some(piece)) => buffer.extend_from_slice(piece),
                // A piece that was not needed yet.
                (taken, piece) => {
                    buffer.extend_from_slice(piece.unwrap_or_default());
                    break taken;
                }
            }
        };
        let read = frames::read::<T>(&mut stream);
        let (Ok(Some(taken)), Ok(Some(read))) = (&taken, &read) else {
            assert_eq!(
                matches!(taken, Ok(Some(_))),
                matches!(read, Ok(Some(_))),
                "both ways read the same frames"
            );
            return;
        };
        let (mut one, mut other) = (Vec::new(), Vec::new());
        frames::write(&mut one, taken).expect("a frame that was read can be sent");
        frames::write(&mut other, read).expect("a frame that was read can be sent");
        assert_eq!(one, other, "both ways read the same frames");
    }
}
