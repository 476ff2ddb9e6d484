//! Frames on a socket: a length as four little-endian bytes, then JSON.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};

/// The longest frame that is accepted, so that a candidate that writes to the socket cannot fill memory.
const MAX_FRAME: u32 = 16 << 20;

/// Writes one frame.
///
/// # Errors
/// If the other side is gone.
pub fn write(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| io::Error::other("a frame is too long"))?;
    stream.write_all(&length.to_le_bytes())?;
    stream.write_all(&body)?;
    stream.flush()
}

/// Takes one whole frame off the front of `buffer`; none if it is not complete yet.
///
/// # Errors
/// If the length exceeds the longest frame, or the JSON is not a `T`.
pub fn take<T: DeserializeOwned>(buffer: &mut Vec<u8>) -> io::Result<Option<T>> {
    let Some(prefix) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*prefix);
    if length > MAX_FRAME {
        return Err(io::Error::other(format!("a frame claims {length} bytes")));
    }
    let end = 4 + length as usize;
    let Some(body) = buffer.get(4..end) else { return Ok(None) };
    let message = serde_json::from_slice(body)?;
    buffer.drain(..end);
    Ok(Some(message))
}

/// Reads one frame; none at the end of the stream.
///
/// # Errors
/// As [`take`], and if the stream ends within a frame.
pub fn read<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<Option<T>> {
    let mut prefix = [0; 4];
    match stream.read_exact(&mut prefix) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(prefix);
    if length > MAX_FRAME {
        return Err(io::Error::other(format!("a frame claims {length} bytes")));
    }
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::protocol::{Reply, Request};

    #[test]
    fn frames_are_read_back_whole_and_one_by_one() {
        let mut bytes = Vec::new();
        write(&mut bytes, &Request::Time { slot: "a".into(), calls: 1 }).unwrap();
        write(&mut bytes, &Request::Time { slot: "b".into(), calls: 1 }).unwrap();
        let mut buffer = bytes[..bytes.len() - 1].to_vec();
        assert_eq!(take(&mut buffer).unwrap(), Some(Request::Time { slot: "a".into(), calls: 1 }));
        assert_eq!(take::<Request>(&mut buffer).unwrap(), None, "the second is not whole yet");
        let mut stream = bytes.as_slice();
        assert!(read::<Request>(&mut stream).unwrap().is_some());
        assert!(read::<Request>(&mut stream).unwrap().is_some());
        assert!(read::<Request>(&mut stream).unwrap().is_none());
    }

    #[test]
    fn a_frame_that_lies_about_its_length_is_refused() {
        assert!(take::<Reply>(&mut vec![255, 255, 255, 255, 0]).is_err());
        assert!(read::<Reply>(&mut [255_u8, 255, 255, 255].as_slice()).is_err());
        assert!(take::<Reply>(&mut b"\x02\0\0\0no".to_vec()).is_err());
    }
}
