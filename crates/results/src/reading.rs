//! Text files as people's editors and shells write them: with a byte-order mark, or in UTF-16.
//!
//! Everything that is read as text comes through here, so that each such file is accepted, or refused by name.

use std::{fs, io, path::Path};

use crate::input_error;

/// The byte-order mark of UTF-8, which Windows' editors put first.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The text of a file, without a byte-order mark. Line ends are kept: JSON and TOML accept both kinds.
///
/// # Errors
/// An input error that names the file, if it cannot be read or is not UTF-8.
pub fn text(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    decoded(path, bytes)
}

/// As [`text`], but `None` for a file that does not exist.
///
/// # Errors
/// As for [`text`].
pub fn text_if_any(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => decoded(path, bytes).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> anyhow::Error {
    input_error!("cannot read {}: {error}", path.display())
}

fn decoded(path: &Path, mut bytes: Vec<u8>) -> anyhow::Result<String> {
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    if let Some(encoding) = wide(&bytes) {
        return Err(input_error!("{} is not UTF-8 but {encoding}: save it as UTF-8", path.display()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        input_error!("{} is not text in UTF-8: byte {at} is not part of a character", path.display())
    })
}

/// The encoding of text in units of two or four bytes, by its mark or by the zeros in its first character, which all text
/// read here has in ASCII.
fn wide(bytes: &[u8]) -> Option<&'static str> {
    let zeros: Vec<bool> = bytes.iter().take(4).map(|byte| *byte == 0).collect();
    match (bytes, zeros.as_slice()) {
        ([0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..], _) => Some("UTF-32"),
        (_, [false, true, true, true] | [true, true, true, false]) => Some("UTF-32"),
        ([0xff, 0xfe, ..] | [0xfe, 0xff, ..], _) => Some("UTF-16"),
        (_, [false, true, false, true] | [true, false, true, false]) => Some("UTF-16"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InputError;

    fn read(bytes: &[u8]) -> anyhow::Result<String> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), bytes)?;
        text(file.path()).inspect_err(|error| {
            assert!(error.is::<InputError>(), "{error:?}");
            assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
        })
    }

    #[test]
    fn a_mark_is_dropped_once_and_line_ends_are_kept() -> anyhow::Result<()> {
        assert_eq!(read(b"\xef\xbb\xbf{}\r\n")?, "{}\r\n");
        assert_eq!(read(b"{}")?, "{}");
        assert_eq!(read(b"\xef\xbb\xbf")?, "");
        assert_eq!(read(b"\xef\xbb\xbf\xef\xbb\xbf{}")?, "\u{feff}{}");
        Ok(())
    }

    #[test]
    fn other_encodings_are_named() {
        let in_units = |text: &str, mark: &[u8], big: bool| {
            let units = text
                .encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            [mark, &units.collect::<Vec<u8>>()].concat()
        };
        for (bytes, named) in [
            (in_units("{}", b"\xff\xfe", false), "UTF-16"),
            (in_units("{}", b"\xfe\xff", true), "UTF-16"),
            (in_units("{\n}", b"", false), "UTF-16"),
            (in_units("{\n}", b"", true), "UTF-16"),
            (b"\xff\xfe\0\0{\0\0\0".to_vec(), "UTF-32"),
            (b"\0\0\0{\0\0\0}".to_vec(), "UTF-32"),
            (b"caf\xe9".to_vec(), "byte 3"),
        ] {
            let error = read(&bytes).expect_err("it was read").to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_or_none() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        assert!(
            text(&folder.path().join("absent.json")).is_err_and(|error| error.to_string().contains("absent"))
        );
        assert_eq!(text_if_any(&folder.path().join("absent.json"))?, None);
        assert!(text_if_any(folder.path()).is_err(), "a folder is not a file");
        Ok(())
    }
}
