//! How `process` ends early: killed, or interrupted.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng};

use super::{THREE, contents, photographs};
use crate::support::command;

/// How often `process` is killed; `make kill-test` sets more.
fn kills() -> u32 {
    std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

#[test]
fn killed_at_random_moments_it_ends_with_the_same_bytes() {
    let folder = photographs();
    let path = folder.path();
    let list = ["images/1_rocket.jpg", "images/10_chelsea.png", "images/a/3_camera.png"];
    fs::write(path.join("list"), (list.join("\n") + "\n").repeat(60)).unwrap();
    let start = |out: &str| {
        let arguments = ["process", "--images=-", "--max-num-patches=64", "--threads=1", THREE, "--out", out];
        let list = fs::File::open(path.join("list")).unwrap();
        command(path, &arguments).stdin(list).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let started = Instant::now();
    assert!(start("whole").wait().unwrap().success());
    let whole = started.elapsed();
    let expected = contents(&path.join("whole"));
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    for kill in 0..kills() {
        let mut child = start("killed");
        thread::sleep(whole.mul_f64(rng.random_range(0.3..0.95)));
        // Now and then as a user would.
        if kill % 4 == 3 {
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
            child.wait().unwrap();
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        if rng.random_bool(0.3) && path.join("killed/inputs-00002.safetensors").exists() {
            fs::write(path.join("killed/inputs-00002.safetensors"), "damaged").unwrap();
        }
        // Whatever is there is resumed; now and then to the end, and then everything starts again.
        if rng.random_bool(0.5) || kill + 1 == kills() {
            if path.join("killed/index.json").exists() {
                fs::remove_dir_all(path.join("killed")).unwrap();
            }
            assert!(start("killed").wait().unwrap().success());
            let found = contents(&path.join("killed"));
            assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
            assert!(found == expected, "other bytes after kill {kill}");
            fs::remove_dir_all(path.join("killed")).unwrap();
        }
    }
}

#[test]
fn an_interrupt_ends_it_soon_and_leaves_nothing_half_done() {
    let folder = photographs();
    let path = folder.path();
    fs::write(path.join("list"), "images/1_rocket.jpg\n".repeat(10_000)).unwrap();
    for out in ["out.safetensors", "out"] {
        let list = fs::File::open(path.join("list")).unwrap();
        let arguments = ["process", "--images=-", "--max-num-patches=16", "--processor=naive", "--out", out];
        let mut child = command(path, &arguments).stdin(list).stderr(Stdio::piped()).spawn().unwrap();
        let begun = || {
            fs::read_dir(path).unwrap().any(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                name.starts_with(".patchmark-") && entry.metadata().unwrap().len() > 0
                    || entry.path().join("inputs-00001.safetensors.unfinished").exists()
            })
        };
        while !begun() {
            assert!(child.try_wait().unwrap().is_none(), "{:?}", child.wait_with_output());
            thread::sleep(Duration::from_millis(20));
        }
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{text}");
        assert!(text.contains("stopping after the images at hand"), "{text}");
    }
    let mut left: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["images", "list", "out"], "no file, whole or not, and no temporary one");
}
