use super::*;

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn other_files_and_folders_are_kept_and_nothing_is_left_beside() {
    for swap in [exchange, by_turns] {
        let root = tempfile::tempdir().unwrap();
        let (one, other) = (root.path().join("one"), root.path().join("other"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(one.join("mine"), "1").unwrap();
        swap(&one, &other).unwrap();
        assert_eq!((names(&one).len(), names(&other).len()), (0, 1));
    }
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("run");
    for text in ["first", "second"] {
        let staging = Folder::find(&dir, "run.json").unwrap().staging().unwrap();
        staging.save("run.json", text.as_bytes()).unwrap();
        staging.replace().unwrap();
        fs::create_dir_all(dir.join("inner")).unwrap();
        fs::write(dir.join("inner/thesis"), "years").unwrap();
        fs::write(dir.join("notes"), "mine").unwrap();
    }
    assert_eq!(fs::read_to_string(dir.join("run.json")).unwrap(), "second");
    assert_eq!(names(&dir), ["inner", "notes", "run.json"]);
    assert_eq!(names(root.path()), ["run"]);
}

#[test]
fn a_discarded_folder_is_the_older_results_and_goes_with_it() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("run");
    for check in ["keys", "mask"] {
        let mut staging = Folder::find(&dir, "run.json").unwrap().staging().unwrap();
        staging.discard("evidence");
        fs::create_dir_all(staging.path().join("evidence").join(check)).unwrap();
        fs::write(staging.path().join("evidence").join(check).join("case.json"), "{}").unwrap();
        staging.save("run.json", b"{}").unwrap();
        staging.replace().unwrap();
        fs::create_dir_all(dir.join("mine")).unwrap();
    }
    assert_eq!(names(&dir), ["evidence", "mine", "run.json"]);
    assert_eq!(names(&dir.join("evidence")), ["mask"]);
    let mut staging = Folder::find(&dir, "run.json").unwrap().staging().unwrap();
    staging.discard("evidence");
    staging.save("run.json", b"{}").unwrap();
    staging.replace().unwrap();
    assert_eq!(names(&dir), ["mine", "run.json"]);
}

#[test]
fn a_folder_of_runs_is_ours_and_a_folder_of_other_things_is_not() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("640x480")).unwrap();
    fs::write(root.path().join("640x480/run.json"), "{}").unwrap();
    Folder::find(root.path(), "run.json").unwrap();
    fs::create_dir_all(root.path().join("thesis")).unwrap();
    assert!(Folder::find(root.path(), "run.json").is_err());
}

#[test]
fn what_a_killed_process_left_is_swept_away_later() {
    let root = tempfile::tempdir().unwrap();
    // No process has the id 0.
    let left = root.path().join(".run.new-0-abc");
    let fresh = root.path().join(".run.new-0-def");
    for dir in [&left, &fresh] {
        fs::create_dir(dir).unwrap();
        fs::write(dir.join("run.json"), "{\"half").unwrap();
    }
    let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    File::open(&left).unwrap().set_modified(hour_ago).unwrap();
    let staging = Folder::find(&root.path().join("run"), "run.json").unwrap().staging().unwrap();
    staging.replace().unwrap();
    assert_eq!(names(root.path()), [".run.new-0-def", "run"]);
}
