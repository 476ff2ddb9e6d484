//! Compares a program's tensors with a golden pack.

use std::{collections::HashSet, path::Path};

use anyhow::Result;
use patchmark_results::{
    ParityClass,
    golden::{
        CaseCheck, CaseVerdict, GOLDEN_CHECK_VERSION, GoldenCheck, Naflex, Pack, PackCase, TensorCheck,
    },
    input_error,
    subjects::nearest,
};

use crate::{
    places::Places,
    tensor::{Files, compare, expected_file, shapes},
    tensor_file::TensorFile,
};

/// Compares the tensors of a safetensors file with a pack: its folder or its `pack.json`.
///
/// # Errors
/// An input error if either cannot be read or contradicts itself.
pub fn check(pack_path: &Path, tensors_path: &Path, allow: ParityClass) -> Result<GoldenCheck> {
    let (pack, folder) = Pack::read(pack_path)?;
    let mut expected = expected_file(&pack, &folder)?;
    let mut found = TensorFile::open(tensors_path)?;
    let names = found.names();
    let known: HashSet<String> =
        pack.cases.iter().flat_map(|case| case.tensors.keys().map(|key| case.tensor_name(key))).collect();
    let extra: Vec<String> = names.iter().filter(|name| !known.contains(*name)).cloned().collect();
    let has = |case: &PackCase| case.tensors.keys().any(|key| found.info(&case.tensor_name(key)).is_some());
    let present: Vec<bool> = pack.cases.iter().map(has).collect();
    let cases = pack.cases.iter().zip(present).map(|(case, present)| {
        let missing = || CaseCheck {
            name: case.name.clone(),
            images: case.images.clone(),
            verdict: CaseVerdict::Missing,
            tensors: Vec::new(),
        };
        if !present {
            return Ok(missing());
        }
        let mut files = Files { folder: &folder, expected: expected.as_mut(), found: &mut found };
        compare_case(&mut files, case, &extra, allow).map(|tensors| CaseCheck {
            verdict: tensors.iter().map(|tensor| tensor.verdict).max().unwrap_or(CaseVerdict::Missing),
            tensors,
            ..missing()
        })
    });
    let cases = cases.collect::<Result<_>>()?;
    let checked = GoldenCheck {
        golden_check_version: GOLDEN_CHECK_VERSION,
        pack: pack_path.display().to_string(),
        tensors: tensors_path.display().to_string(),
        family: pack.family,
        origin: pack.origin.clone(),
        allow,
        exit_code: 0,
        cases,
        extra,
    };
    Ok(checked.concluded())
}

fn compare_case(
    files: &mut Files<'_>,
    case: &PackCase,
    extra: &[String],
    allow: ParityClass,
) -> Result<Vec<TensorCheck>> {
    let parameters = Naflex::of(&case.parameters).map_err(|why| input_error!("case {}: {why}", case.name))?;
    let shapes = shapes(files.expected.as_deref_mut(), case)?;
    let places = Places { case, parameters, shapes };
    let compared = case.tensors.iter().map(|(key, expected)| {
        let meant = || {
            let others =
                extra.iter().map(String::as_str).filter(|name| name.split('/').next() == Some(&case.name));
            nearest(&case.tensor_name(key), others).map(str::to_owned)
        };
        compare(files, &places, (key, expected), allow, meant)
    });
    compared.collect()
}
