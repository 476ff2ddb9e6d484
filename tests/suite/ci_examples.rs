//! The shell steps of `examples/ci`, run in a scratch repository with two commits.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use patchmark_gate::Policy;
use patchmark_results::Decision;
use tempfile::{TempDir, tempdir};

use crate::support::{steady_run, steady_run_again};

fn example(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci").join(name)).unwrap()
}

/// The blocks after `run: |`, without their indentation, in the order of the file.
fn steps(workflow: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "run: |" {
            let depth = line.len() - line.trim_start().len() + 2;
            let mut block = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with(&" ".repeat(depth))) {
                block += &line[depth..];
                block.push('\n');
            }
            found.push(block);
        }
    }
    found
}

/// The entries of a job's `script:`.
fn script(jobs: &str, job: &str) -> Vec<String> {
    let lines = jobs.lines().skip_while(|line| line.trim_end_matches(':') != job);
    let lines = lines.skip_while(|line| line.trim() != "script:").skip(1);
    lines.map_while(|line| line.strip_prefix("    - ")).map(str::to_owned).collect()
}

/// A repository with two commits, both of which build to the program under test; if `slow`, the second is slowed down.
/// Returns the folder, the checkout and the first commit.
fn repository(slow: bool) -> (TempDir, PathBuf, String) {
    let folder = tempdir().unwrap();
    let checkout = folder.path().join("checkout");
    fs::create_dir(&checkout).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(&checkout).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let names = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        let output = command.args(names).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let commit = |extra: &str| {
        let program = env!("CARGO_BIN_EXE_patchmark");
        // Only `compare` takes the option; the workers of both commits run the program unchanged.
        let wrapper = format!(
            "#!/bin/sh\nif [ \"$1\" = compare ]; then shift; exec '{program}' compare fused --batch-sizes 1 --threads 1 {extra} \"$@\"; fi\nexec '{program}' \"$@\"\n"
        );
        fs::write(checkout.join("wrapper"), wrapper).unwrap();
        let recipe = "build:\n\tmkdir -p target/release\n\tcp wrapper target/release/patchmark\n\tchmod +x target/release/patchmark\n\
                      decide:\n\tmkdir -p target/decide/release\n\tcp wrapper target/decide/release/patchmark\n\tchmod +x target/decide/release/patchmark\n\
                      bench: build\n\tmkdir -p runs/bench\n\tcp run.json runs/bench\n\techo $(ARGS) >arguments\n";
        fs::write(checkout.join("Makefile"), recipe).unwrap();
        fs::write(checkout.join(".gitignore"), "target/\nruns/\n").unwrap();
        git(&["add", "."]);
        git(&["commit", "--quiet", "-m", "a commit", "--allow-empty"]);
        git(&["rev-parse", "HEAD"])
    };
    git(&["init", "--quiet"]);
    let base = commit("--min-effect 50%");
    commit(if slow { "--slow-candidate 300%" } else { "--min-effect 400%" });
    (folder, checkout, base)
}

fn shell(checkout: &Path, step: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step]).current_dir(checkout);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PATCHMARK_"))
    {
        command.env_remove(name);
    }
    // make's variables would change the inner make.
    command.env_remove("MAKEFLAGS").env_remove("MAKELEVEL").env("BUDGET", "60s");
    command.envs(variables.iter().copied()).output().unwrap()
}

fn decision(checkout: &Path) -> Decision {
    serde_json::from_slice(&fs::read(checkout.join("runs/compare/compare.json")).unwrap()).unwrap()
}

#[test]
fn the_github_workflow_fails_a_slower_commit_and_says_so() {
    let (_folder, checkout, base) = repository(true);
    let summary = checkout.join("summary.md");
    let variables = [
        ("BASE", base.as_str()),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
    ];
    let steps = steps(&example("github.yml"));
    let [build, compare, summarize, ..] = steps.as_slice() else { panic!("{steps:?}") };
    let built = shell(&checkout, build, &variables);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let compared = shell(&checkout, compare, &variables);
    let text = String::from_utf8_lossy(&compared.stdout);
    assert_eq!(compared.status.code(), Some(3), "{text}{}", String::from_utf8_lossy(&compared.stderr));
    assert!(text.contains("\n::error title=patchmark compare::fused (HWC), mixed, batch 1"), "{text}");
    assert!(shell(&checkout, summarize, &variables).status.success());
    assert!(fs::read_to_string(summary).unwrap().contains("regressed"));
    assert_eq!(decision(&checkout).exit_code, 3);
}

#[test]
fn the_gitlab_job_decides_and_leaves_its_report() {
    let (_folder, checkout, base) = repository(false);
    let script = script(&example("gitlab.yml"), "patchmark-compare").join("\n");
    assert!(script.lines().count() >= 5, "{script}");
    let output = shell(&checkout, &script, &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base)]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{}{errors}", String::from_utf8_lossy(&output.stdout));
    assert!(checkout.join("runs/compare/junit.xml").exists());
}

/// A checkout with a run that `make bench` copies, whose figures are `factor` times those of its baseline.
fn measured(factor: f64) -> (TempDir, PathBuf) {
    let (folder, checkout, _) = repository(false);
    fs::create_dir(checkout.join("ci")).unwrap();
    fs::write(checkout.join("ci/baseline.json"), serde_json::to_string(&steady_run()).unwrap()).unwrap();
    let mut run = steady_run_again();
    for row in run.batches.iter_mut().flat_map(|batch| &mut batch.processors) {
        row.preprocess_ms.samples.iter_mut().for_each(|sample| *sample *= factor);
    }
    fs::write(checkout.join("run.json"), serde_json::to_string(&run).unwrap()).unwrap();
    (folder, checkout)
}

#[test]
fn the_job_that_only_decides_gates_the_run_of_the_job_that_measured() {
    let steps = steps(&example("github.yml"));
    let [_, _, _, measure, build, gate, summarize] = steps.as_slice() else { panic!("{steps:?}") };
    for (factor, code) in [(1.0, 0), (2.0, 3)] {
        let (_folder, checkout) = measured(factor);
        let summary = checkout.join("summary.md");
        let variables = [
            ("BASELINE", "ci/baseline.json"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
        ];
        for step in [measure, build] {
            let output = shell(&checkout, step, &variables);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert!(fs::read_to_string(checkout.join("arguments")).unwrap().contains("--out runs/bench"));
        let output = shell(&checkout, gate, &variables);
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(shell(&checkout, summarize, &variables).status.success());
        assert!(fs::read_to_string(summary).unwrap().starts_with("# Patchmark gate"));

        let (_folder, checkout) = measured(factor);
        let gitlab = example("gitlab.yml");
        let jobs = ["patchmark-bench", "patchmark-decide"].map(|job| script(&gitlab, job).join("\n"));
        assert!(shell(&checkout, &jobs[0], &[]).status.success());
        let output = shell(&checkout, &jobs[1], &[("BASELINE", "ci/baseline.json")]);
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(checkout.join("runs/gate/junit.xml").exists());
    }
}

#[test]
fn the_policy_is_one() {
    Policy::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci/patchmark.toml")).unwrap();
}
