use std::fs;

use super::{
    super::{BatchSamples, Measurement, ProcessorSamples, Subjects, file::Journal, folder_of, journals_of},
    *,
};
use crate::{InputError, Round, Run, fixtures};

fn header() -> Header {
    let run = Run { batches: Vec::new(), ..fixtures::run::run(&["hf"], &[1]) };
    let subjects =
        Subjects { processors: Vec::new(), forwards: Vec::new(), tokenizes: false, flows: Vec::new() };
    let measurement = Measurement::Bench { runs: vec![("mixed".into(), run)], subjects };
    Header { journal_version: JOURNAL_VERSION, measurement }
}

fn sample(ms: f64) -> Entry {
    let own = ProcessorSamples { preprocess_ms: vec![ms], ..ProcessorSamples::default() };
    Entry::Samples(BatchSamples { batch_size: 8, processors: vec![own], ..BatchSamples::default() })
}

#[test]
fn entries_are_read_back_and_a_line_cut_short_is_left_out() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("nested/run");
    let mut journal = Journal::begin(&folder, &header());
    let round = Round { base: [1.0, 2.0], control: Some([3.0, 4.0]), ..Round::default() };
    let entries = vec![
        sample(0.1 + 0.2),
        Entry::Round { row: 3, times: round },
        Entry::ElapsedS(1.5),
        Entry::Note(Some(0), "a note".into()),
    ];
    entries.iter().for_each(|entry| journal.append(entry));
    let path = journal.path().unwrap().to_owned();
    assert!(Contents::of_ended(&path).unwrap_err().to_string().contains("still being written"));
    drop(journal);
    assert_eq!(journals_of(&folder), std::slice::from_ref(&path));
    assert_eq!(folder_of(&path), Some(folder));
    let whole = Contents { header: header(), entries: entries.clone() };
    assert_eq!(Contents::of_ended(&path).unwrap(), whole);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(read(&path).unwrap().entries, entries[..3]);
    fs::write(&path, &bytes[..20]).unwrap();
    assert!(read(&path).unwrap_err().is::<InputError>());
}

#[test]
fn a_journal_whose_results_would_go_elsewhere_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run.unfinished.jsonl");
    let text = serde_json::to_string(&header()).unwrap();
    for (folder, accepted) in
        [("", true), ("a/b", true), ("../a", false), ("a/../../b", false), ("/a", false)]
    {
        fs::write(&path, text.replacen("\"mixed\"", &format!("\"{folder}\""), 1) + "\n").unwrap();
        assert_eq!(read(&path).is_ok(), accepted, "{folder}");
    }
}

#[test]
fn what_is_no_journal_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run.unfinished.jsonl");
    for (text, named) in [
        ("", "no whole line"),
        ("\n", "no whole line"),
        ("{}\n", "journal_version"),
        ("[1]\n", "journal_version"),
        ("{\"journal_version\": 99}\n", "newer patchmark"),
        ("{\"journal_version\": 1}\n", "measurement"),
    ] {
        fs::write(&path, text).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.is::<InputError>() && error.to_string().contains(named), "{text:?}: {error}");
    }
    let mut text = serde_json::to_string(&header()).unwrap();
    text.push_str("\n{\"elapsed_s\": 1.0}\nnonsense\n{\"elapsed_s\": 2.0}\n");
    fs::write(&path, text).unwrap();
    assert!(read(&path).unwrap_err().to_string().contains("line 3"));
}

#[test]
fn a_journal_stays_only_while_it_holds_what_is_not_saved() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("run");
    let mut empty = Journal::begin(&folder, &header());
    empty.append(&Entry::ElapsedS(1.0));
    drop(empty);
    assert!(journals_of(&folder).is_empty());
    let mut first = Journal::begin(&folder, &header());
    let mut second = Journal::begin(&folder, &header());
    for journal in [&mut first, &mut second] {
        journal.append(&sample(1.0));
    }
    assert_eq!(journals_of(&folder).len(), 2, "the second has a name of its own");
    drop(first);
    second.remove();
    assert_eq!(journals_of(&folder).len(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_to_ends_the_journal_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    let mut journal = Journal::begin(&root.path().join("file/run"), &header());
    journal.append(&sample(1.0));
    assert!(journal.failure().is_some() && journal.path().is_none());
}
