//! Saved results read back: complete, damaged, and of other versions.

use super::*;
use crate::{InputError, fixtures};

fn is_input(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<InputError>())
}

#[test]
fn what_is_not_a_run_is_an_input_error() -> Result<()> {
    let root = tempfile::tempdir()?;
    let file = root.path().join("run.json");
    let json = serde_json::to_string(&fixtures::run::run(&["hf"], &[1]))?;
    let newer = json.replacen("\"schema_version\":2", "\"schema_version\":3", 1);
    for (text, word) in
        [(&json[..json.len() / 2], "cut short"), (&newer, "newer"), ("{}", "no schema_version")]
    {
        fs::write(&file, text)?;
        let error = read_run(root.path()).err().context("it was read")?;
        assert!(is_input(&error) && error.to_string().contains(word), "{error:?}");
    }
    let error = read_run(&root.path().join("absent")).err().context("it was read")?;
    assert!(is_input(&error));
    Ok(())
}

#[test]
fn every_kind_is_read_back_as_it_was_written() -> Result<()> {
    let root = tempfile::tempdir()?;
    let row = fixtures::decision::row("fused", crate::Verdict::Regressed, None);
    let saved = [
        Saved::Run(fixtures::run::run(&["hf", "fused"], &[1, 8])),
        Saved::Decision(fixtures::decision::decision(vec![row])),
        Saved::Parity(fixtures::parity::parity(3)),
        Saved::Validation(fixtures::validation::validation("text")),
        Saved::Releases(fixtures::releases::releases()),
    ];
    for result in saved {
        let document: &dyn Document = match &result {
            Saved::Run(run) => run,
            Saved::Decision(decision) => decision,
            Saved::Parity(parity) => parity,
            Saved::Validation(validation) => validation,
            Saved::Releases(releases) => releases,
        };
        let folder = root.path().join(document.kind().file().replace(".json", ""));
        write_file(&folder.join(document.kind().file()), &document.json()?)?;
        assert_eq!(Kind::of_folder(&folder), Some(document.kind()));
        assert_eq!(Saved::read(&folder)?, result);
    }
    Ok(())
}

#[test]
fn a_result_that_an_editor_saved_is_the_same_result() -> Result<()> {
    let root = tempfile::tempdir()?;
    let run = fixtures::run::run(&["hf"], &[1]);
    let json = String::from_utf8(Document::json(&run)?)?;
    let file = root.path().join("run.json");
    fs::write(&file, format!("\u{feff}{}", json.replace('\n', "\r\n")))?;
    assert_eq!(read_run(&file)?, run);
    fs::write(&file, json.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
    let error = read_run(&file).err().context("it was read")?;
    assert!(is_input(&error) && error.to_string().contains("UTF-16"), "{error:?}");
    Ok(())
}

#[test]
fn what_json_cannot_hold_is_left_out() -> Result<()> {
    let root = tempfile::tempdir()?;
    let mut run = fixtures::run::run(&["hf", "fused"], &[1]);
    let nan = fixtures::run::estimate(f64::NAN);
    let row = &mut run.batches[0].processors[1];
    row.ratio.insert("native".into(), nan);
    row.pipelined_images_per_s.insert("native".into(), nan);
    row.memory_limit_share = Some(nan);
    row.preprocess_ms.estimate = Some(nan);
    run.batches[0].memory_limit_ms = Some(fixtures::run::samples(f64::NAN));
    let file = root.path().join("run.json");
    write_file(&file, &Document::json(&run)?)?;
    let read = read_run(&file)?;
    let row = &read.batches[0].processors[1];
    assert!(
        row.ratio.is_empty() && row.pipelined_images_per_s.is_empty() && row.memory_limit_share.is_none()
    );
    assert!(row.preprocess().is_none());
    assert_eq!(read.batches[0].memory_limit_ms, Some(crate::Samples::default()));
    Ok(())
}

#[test]
fn older_versions_are_brought_up_and_no_figure_changes() -> Result<()> {
    let root = tempfile::tempdir()?;
    let run = fixtures::run::run(&["hf", "hf-pil"], &[1]);
    let mut older = serde_json::to_value(&run)?;
    older["schema_version"] = 1.into();
    for row in older["batches"][0]["processors"].as_array_mut().into_iter().flatten() {
        row.as_object_mut().context("a row")?.remove("must_equal");
    }
    older["batches"][0]["decode_ms"] =
        serde_json::json!({ "samples": [], "estimate": { "median": 0.0, "low": 0.0, "high": 0.0 } });
    let file = root.path().join("run.json");
    fs::write(&file, older.to_string())?;
    let mut expected = run;
    expected.batches[0].decode_ms = crate::Samples::default();
    assert_eq!(read_run(&file)?, expected);

    let validation = fixtures::validation::validation("text");
    let mut older = serde_json::to_value(&validation)?;
    older["schema_version"] = 3.into();
    let file = root.path().join("validate.json");
    fs::write(&file, older.to_string())?;
    assert_eq!(Saved::read(&file)?, Saved::Validation(validation.clone()));
    older["schema_version"] = 2.into();
    for field in ["rule", "tolerance"] {
        older.as_object_mut().context("a validation")?.remove(field);
    }
    fs::write(&file, older.to_string())?;
    let expected = Validation { tolerance: None, ..validation };
    assert_eq!(Saved::read(&file)?, Saved::Validation(expected));
    Ok(())
}

#[test]
fn an_older_decision_claims_no_more_than_holds_of_every_row() -> Result<()> {
    use crate::Verdict::{Equivalent, Improved, Inconclusive, NotSlower};
    let root = tempfile::tempdir()?;
    let file = root.path().join("compare.json");
    let row = |verdict| fixtures::decision::row("fused", verdict, None);
    for (rows, saved, expected) in [
        (vec![row(Improved), row(Equivalent)], Improved, NotSlower),
        (vec![row(Improved), row(Improved)], Improved, Improved),
        (vec![row(Improved), row(Inconclusive)], Inconclusive, Inconclusive),
    ] {
        let decision = fixtures::decision::decision(rows);
        let mut older = serde_json::to_value(&decision)?;
        older["schema_version"] = 1.into();
        older["verdict"] = serde_json::to_value(saved)?;
        fs::write(&file, older.to_string())?;
        assert_eq!(Saved::read(&file)?, Saved::Decision(Decision { verdict: expected, ..decision }));
    }
    Ok(())
}

#[test]
fn an_older_document_with_other_values_than_objects_is_an_input_error() -> Result<()> {
    let root = tempfile::tempdir()?;
    let file = root.path().join("run.json");
    for batches in [
        "[7]",
        r#"["text"]"#,
        "[[]]",
        r#"[{"forwards":[1]}]"#,
        r#"[{"processors":["a"],"decode_ms":[]}]"#,
        "{}",
    ] {
        fs::write(&file, format!(r#"{{"schema_version":1,"batches":{batches}}}"#))?;
        let error = Saved::read(&file).err().context("it was read")?;
        assert!(is_input(&error), "{batches}: {error:?}");
    }
    Ok(())
}

#[test]
fn a_version_that_is_not_read_any_more_says_what_to_run() -> Result<()> {
    let root = tempfile::tempdir()?;
    let file = root.path().join("parity.json");
    fs::write(&file, "{\"schema_version\": 1}")?;
    let error = Saved::read(&file).err().context("it was read")?;
    assert!(is_input(&error) && error.to_string().contains("run `patchmark parity` again"), "{error:?}");
    Ok(())
}
