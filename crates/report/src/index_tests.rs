//! Folders of results and of other things.

use anyhow::Result;
use patchmark_results::{InputError, Verdict, fixtures};

use super::*;
use crate::store;

#[test]
fn results_of_every_kind_are_found_and_damaged_ones_are_left_out_by_name() -> Result<()> {
    let root = tempfile::tempdir()?;
    let refused = find(root.path()).expect_err("a folder without results");
    assert!(refused.is::<InputError>(), "{refused:?}");
    let run = fixtures::run::run(&["hf", "fused"], &[1, 8]);
    store::write(&root.path().join("machine/one"), &run)?;
    let decision =
        fixtures::decision::decision(vec![fixtures::decision::row("slow", Verdict::Regressed, None)]);
    store::write(&root.path().join("decided"), &decision)?;
    fs::create_dir_all(root.path().join("thesis"))?;
    fs::remove_file(root.path().join("decided/report.html"))?;
    let index = find(root.path())?;
    let entries = &index.entries;
    let [decided, one] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(
        (decided.folder.as_str(), decided.origin.command, decided.page),
        ("decided", "compare", false)
    );
    assert_eq!((one.folder.as_str(), one.origin.command, one.page), ("machine/one", "bench", true));
    assert!(
        one.headline.contains("3.20× (3.04 to 3.39)") && decided.headline.contains("1 row regressed"),
        "{index:?}"
    );
    let page = fs::read_to_string(write(root.path(), &index)?)?;
    assert!(page.contains("machine/one/report.html") && !page.contains("Left out"));
    fs::write(root.path().join("decided/compare.json"), "{\"schema_version\": 1")?;
    let index = find(root.path())?;
    assert_eq!(index.entries.len(), 1);
    let [reason] = index.unreadable.as_slice() else { panic!("{index:?}") };
    assert!(reason.contains("compare.json") && reason.contains("cut short"), "{reason}");
    let page = fs::read_to_string(write(root.path(), &index)?)?;
    assert!(page.contains("machine/one/report.html") && page.contains("Left out"), "{page}");
    fs::write(root.path().join("machine/one/run.json"), "{")?;
    let error = find(root.path()).expect_err("nothing but damaged results");
    assert!(error.is::<InputError>() && error.to_string().contains("run.json"), "{error:?}");
    Ok(())
}
