//! The tensors that a program wrote.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use tch::Tensor;

use crate::measure::failure::caught;

/// Reads a safetensors file that a program wrote, in alphabetical order of the names.
///
/// # Errors
/// If there is no such file, or it is not a whole safetensors file of dtypes that torch has.
pub(super) fn read(file: &Path) -> Result<Vec<(String, Tensor)>> {
    match fs::symlink_metadata(file) {
        Ok(found) if found.is_file() => {}
        Ok(_) => bail!("what it left at \"outputs\" is not a file"),
        Err(_) => bail!("it wrote no file to \"outputs\""),
    }
    let read = caught(|| Ok(Tensor::read_safetensors(file)?));
    let mut tensors = read.context("what it wrote to \"outputs\" is not a whole safetensors file")?;
    tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_files_of_known_dtypes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("outputs");
        assert!(read(&file).unwrap_err().to_string().contains("wrote no file"));
        assert!(read(folder.path()).unwrap_err().to_string().contains("not a file"));
        let with = |header: &str, values: &[u8]| {
            let length = (header.len() as u64).to_le_bytes();
            fs::write(&file, [&length, header.as_bytes(), values].concat()).unwrap();
            read(&file)
        };
        let header = r#"{"b":{"dtype":"I32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}"#;
        let tensors = with(header, &[0; 9]).unwrap();
        let names: Vec<_> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.size())).collect();
        assert_eq!(names, [("a", vec![]), ("b", vec![2])]);
        let broken: [(&str, &[u8]); 7] = [
            (header, &[0; 8]),
            (header, &[0; 10]),
            (r#"{"a":{"dtype":"I32","shape":[3],"data_offsets":[0,8]}}"#, &[0; 8]),
            (r#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#, &[0; 8]),
            (r#"{"a":{"dtype":"U8","shape":[0,18446744073709551615],"data_offsets":[0,0]}}"#, &[]),
            ("{", &[]),
            ("", &[]),
        ];
        for (header, values) in broken {
            let error = with(header, values).unwrap_err();
            assert!(error.to_string().contains("not a whole safetensors file"), "{header}: {error}");
        }
    }
}
