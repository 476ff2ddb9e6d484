//! A hundred malformed baselines, runs and policies.

use std::fs;

use patchmark_gate::{Policy, load};
use patchmark_results::InputError;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{refuses, steady_run};

/// Damaged forms of a run, each with a word that the error must contain.
fn runs() -> Vec<(Vec<u8>, &'static str)> {
    let run = serde_json::to_value(steady_run()).unwrap();
    let text = run.to_string();
    let mut found: Vec<(Vec<u8>, &str)> = Vec::new();
    for part in 0..20 {
        found.push((text.as_bytes()[..text.len() * part / 20].to_vec(), ""));
    }
    // Wrong types and impossible values, place by place.
    let sample = "/batches/0/processors/0/preprocess_ms/samples/0";
    let places = [
        ("/schema_version", "schema_version"),
        ("/started_unix_s", ""),
        ("/partial", ""),
        ("/notes", ""),
        ("/environment", ""),
        ("/environment/cpu", ""),
        ("/environment/logical_cpus", ""),
        ("/settings/threads", ""),
        ("/batches", ""),
        ("/batches/0", ""),
        ("/batches/0/batch_size", ""),
        ("/batches/0/processors", ""),
        ("/batches/0/processors/0/parity", ""),
        ("/batches/0/processors/0/preprocess_ms", ""),
        (sample, ""),
    ];
    for (place, word) in places {
        for wrong in [json!({"a": [1]}), json!("text"), json!(-1.5), Value::Null] {
            let mut broken = run.clone();
            let at = broken.pointer_mut(place).unwrap();
            let fits = at.is_string() && wrong.is_string();
            if !fits {
                *at = wrong;
                found.push((broken.to_string().into_bytes(), word));
            }
        }
    }
    let replaced = |old: &str, new: &str| text.replacen(old, new, 1).into_bytes();
    for (new, word) in [
        ("0", "not a time"),
        ("-3.5", "not a time"),
        ("1e300", "not a time"),
        ("1e999", ""),
        ("NaN", ""),
        ("Infinity", ""),
    ] {
        let mut broken = run.clone();
        *broken.pointer_mut(sample).unwrap() = json!("HERE");
        found.push((broken.to_string().replacen("\"HERE\"", new, 1).into_bytes(), word));
    }
    found.push((replaced("\"schema_version\":2", "\"schema_version\":99"), "newer"));
    found.push((replaced("\"schema_version\":2", "\"schema_version\":0"), "again"));
    found.push((replaced("\"partial\":false", "\"partial\":false,\"partial\":true"), "partial"));
    found.push((replaced("\"pillow\":", "\"pillow\":\"1\",\"pillow\":"), "twice"));
    let mut empty = run.clone();
    empty["batches"] = json!([]);
    found.push((empty.to_string().into_bytes(), "batches"));
    let mut twice = run.clone();
    twice["batches"][1] = twice["batches"][0].clone();
    found.push((twice.to_string().into_bytes(), "batches[1].batch_size"));
    let mut same = run;
    same["batches"][0]["processors"][1] = same["batches"][0]["processors"][0].clone();
    found.push((same.to_string().into_bytes(), "processors[1].name"));
    // Results of other tools, and files that are not results at all.
    for other in [
        r#"{"results":[{"command":"sleep 1","mean":1.0,"times":[1.0]}]}"#,
        r#"{"benchmarks":[],"context":{}}"#,
        r#"{"machine_info":{},"version":"4.0.0"}"#,
        "[]",
        "null",
        "42",
        "\"run\"",
        "<html></html>",
        "schema_version: 1",
    ] {
        found.push((other.into(), ""));
    }
    found.push(([0xff, 0xfe, 0x00, 0x80].repeat(400), ""));
    found.push((vec![0; 1000], ""));
    found.push((b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), ""));
    found.push((b"{".repeat(5000), ""));
    found.push((b"[".repeat(5000), ""));
    found
}

#[test]
fn a_hundred_malformed_files_each_end_in_exit_code_2_with_the_file_and_a_reason() {
    let runs = runs();
    let policies: [&[u8]; 8] = [
        b"[[rows",
        b"rows = 3",
        b"min_effect = \"much\"",
        b"min_effect = 1e999",
        b"[[rows]]\nbatch_sizes = [-1]",
        b"[[rows]]\nbatch_sizes = [1.5]",
        b"{\"min_effect\": \"10%\"}",
        &[0xff, 0xfe, 0x00],
    ];
    assert!(runs.len() + policies.len() >= 100, "{}", runs.len());
    let folder = tempdir().unwrap();
    let path = folder.path().join("bad");
    let refused = |error: anyhow::Error, word: &str, content: &[u8]| {
        let message = format!("{error:#}");
        let shown = String::from_utf8_lossy(&content[..content.len().min(80)]);
        assert!(
            error.chain().any(|cause| cause.is::<InputError>()),
            "not exit code 2: {message} for {shown}"
        );
        assert!(message.contains(path.to_str().unwrap()), "no file in {message:?} for {shown}");
        assert!(message.contains(word), "{word:?} is not in {message:?} for {shown}");
        // The message holds a reason, not only the file's name.
        assert!(message.len() > path.to_str().unwrap().len() + 15, "{message}");
    };
    for (content, word) in &runs {
        fs::write(&path, content).unwrap();
        refused(load::read(&path).expect_err("it was read"), word, content);
    }
    for content in policies {
        fs::write(&path, content).unwrap();
        refused(Policy::read(&path).expect_err("it was read"), "", content);
    }
}

#[test]
fn the_whole_program_refuses_them_and_writes_nothing() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("good.json"), serde_json::to_vec(&steady_run()).unwrap()).unwrap();
    let runs = runs();
    for (content, _) in [&runs[0], &runs[19], &runs[30], &runs[runs.len() - 1]] {
        fs::write(folder.path().join("bad.json"), content).unwrap();
        refuses(folder.path(), &["gate", "bad.json", "--baseline=good.json"], "bad.json");
        refuses(folder.path(), &["gate", "good.json", "--baseline=bad.json", "--update"], "bad.json");
    }
}
