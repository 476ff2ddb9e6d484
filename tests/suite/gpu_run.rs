//! `scripts/gpu-run.sh` with a stub of Python that simulates hangs and failures: whatever fails, the other results are
//! kept.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The steps of a whole run, in order of priority.
const STEPS: [&str; 11] = [
    "doctor",
    "smoke",
    "attention",
    "kernel",
    "large",
    "trace",
    "parity",
    "pipelined",
    "sizes",
    "graph",
    "loader",
];

/// An empty zip archive, which the script accepts as a wheel.
const WHEEL: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A host on which Python is the stub.
struct Host {
    folder: TempDir,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = Self { folder };
        fs::write(host.path("wheel.whl"), WHEEL).unwrap();
        host.write("plays", "");
        host.write("attention", "float16 batch 1: error 1.0e-03, 0.020 ms; without cuDNN 0.020 ms\nnone\n");
        host.write("parity.json", r#"{"partial": false, "rows": [], "failures": []}"#);
        host.write(
            "process",
            "error: unknown processor \"unknown\"; choose from hf, naive, threaded, batched, fused, fused-u8, fused-cuda, \
             fused-cuda-resident\n",
        );
        let run = Path::new(ROOT).join("reports/two-threads/run.json");
        fs::copy(run, host.path("run.json")).unwrap();
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, variables: &[(&str, &str)]) -> Output {
        let stubs = Path::new(ROOT).join("tests/suite/gpu_run");
        let path = env::var("PATH").unwrap();
        let found = |name: &str| {
            let mut folders = env::split_paths(&path);
            folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file())).unwrap()
        };
        Command::new("bash")
            .arg(Path::new(ROOT).join("scripts/gpu-run.sh"))
            .args([self.path("wheel.whl"), self.path("out")])
            .env("PATH", format!("{}:{path}", stubs.display()))
            .env("PYTHON", stubs.join("python"))
            .env("REAL_PYTHON", found("python3"))
            .env("REAL_TIMEOUT", found("timeout"))
            .env("STUB", self.folder.path())
            .env("ARCHIVE", self.path("results.tgz"))
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }

    /// The calls of patchmark: the name, `TORCH_CUDNN_SDPA_DEPRIORITIZED` and the arguments.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).filter(|call| !call.starts_with("report ")).collect()
    }

    fn names(&self) -> Vec<String> {
        self.calls().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect()
    }

    /// The arguments of a step.
    fn call(&self, name: &str) -> String {
        self.calls().into_iter().find(|call| call.starts_with(&format!("{name} "))).expect(name)
    }

    fn archived(&self) -> String {
        let list = Command::new("tar").arg("-tzf").arg(self.path("results.tgz")).output().unwrap();
        String::from_utf8(list.stdout).unwrap()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn every_step_runs_in_order_and_the_table_shows_folders_within_folders() {
    let host = Host::new();
    let output = host.run(&[]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(host.names(), STEPS);
    for shown in ["large/nested\n", "trace\n", "8x8 x   1  f32: no room", "smoke: values that differ"] {
        assert!(told.contains(shown), "{shown:?} is missing:\n{told}");
    }
    assert!(!told.contains("left out") && !told.contains("failed:"), "{told}");
    // There is no GPU, but the rest of the machine is described.
    assert!(fs::read_to_string(host.path("out/machine.txt")).unwrap().contains("CPU"));
    assert!(
        host.call("large")
            .contains("hf,naive,threaded,batched,fused,fused-u8,fused-cuda,fused-cuda-resident")
    );
    assert!(host.call("large").starts_with("large  bench"), "cuDNN stays as it is: {}", host.call("large"));
    let archived = host.archived();
    assert!(archived.contains("large/nested/run.json") && archived.contains("table.txt"), "{archived}");
}

#[test]
fn a_smoke_test_that_hangs_costs_its_own_limit_and_the_kernel() {
    let host = Host::new();
    host.write("plays", "smoke deaf\n");
    let output = host.run(&[]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let expected: Vec<_> = STEPS.into_iter().filter(|step| *step != "kernel").collect();
    assert_eq!(host.names(), expected);
    assert!(told.contains("failed: smoke (cut at 30 s, nothing saved);"), "{told}");
    assert!(told.contains("left out: kernel (the smoke test failed);"), "{told}");
    for step in ["large", "sizes", "parity"] {
        assert!(host.call(step).contains("batched,fused,fused-u8 "), "{}", host.call(step));
    }
    assert!(host.call("graph").contains("batched,fused "), "{}", host.call("graph"));
}

#[test]
fn only_what_failed_is_dropped() {
    let host = Host::new();
    host.write("plays", "smoke 5 saves\n");
    let failure =
        r#"{"processor": "fused-cuda-resident", "max_num_patches": 256, "images": 0, "reason": "no memory"}"#;
    host.write("parity.json", &format!(r#"{{"partial": false, "rows": [], "failures": [{failure}]}}"#));
    let told = text(&host.run(&[]));
    assert!(told.contains("later steps run without fused-cuda-resident"), "{told}");
    assert!(told.contains("fused-cuda-resident at  256 patches failed: no memory"), "{told}");
    assert!(host.call("large").contains("fused-u8,fused-cuda "), "{}", host.call("large"));
    assert!(!host.names().contains(&"kernel".to_owned()));
}

#[test]
fn what_was_saved_before_the_limit_counts_and_a_failure_is_named() {
    let host = Host::new();
    host.write("plays", "doctor hang\nlarge deaf saves\ntrace 1\npipelined hang saves\n");
    host.write(
        "attention",
        "float16 batch 1: torch's choice fails: no plan\nTORCH_CUDNN_SDPA_DEPRIORITIZED=1\n",
    );
    let output = host.run(&[]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(host.names(), STEPS);
    assert_eq!(told.matches("cut at its limit; what was measured is saved").count(), 2, "{told}");
    assert!(told.contains("failed: doctor (cut at 32 s, nothing saved); trace (1);"), "{told}");
    assert!(told.contains("the step trace failed as planned"), "{told}");
    assert!(host.call("kernel").starts_with("kernel 1 kernel-bench"), "{}", host.call("kernel"));
    assert!(host.archived().contains("large/nested/run.json"));
}

#[test]
fn steps_without_time_are_named() {
    let host = Host::new();
    let output = host.run(&[("SECONDS_IN_ALL", "70")]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("left out: large; sizes; loader;"), "{told}");
    assert!(host.names().contains(&"trace".to_owned()), "a later step that fits is run: {:?}", host.names());
    // However a step ends, the whole run ends in time: the limit, 10 s until it is killed, and 15 s for page and table.
    let steps: Vec<&str> = told.lines().filter(|line| line.starts_with("== ")).collect();
    assert!(!steps.is_empty());
    for step in steps {
        let seconds: Vec<u32> =
            step.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        assert!(seconds.iter().sum::<u32>() + 25 <= 70, "{step}");
    }
}

#[test]
fn a_host_on_which_nothing_answers_is_given_up() {
    let host = Host::new();
    host.write("hangs", "");
    let output = host.run(&[]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("patchmark does not start here (exit code 137)"), "{told}");
}

#[test]
fn steps_without_a_processor_are_named_and_unknown_ones_refused() {
    let host = Host::new();
    host.write("plays", "smoke 1\n");
    let told = text(&host.run(&[("PROCESSORS", "fused-cuda")]));
    assert!(told.contains("large (none of its processors runs here);"), "{told}");
    assert!(host.names().contains(&"trace".to_owned()), "{told}");

    let output = host.run(&[("PROCESSORS", "quick")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("none of quick runs here; choose from hf,naive"), "{}", text(&output));
}

#[test]
fn what_the_driver_says_is_shown_where_nothing_starts() {
    let host = Host::new();
    host.write("process", "error: CUDA error: CUDA-capable device(s) is/are busy or unavailable\n");
    let output = host.run(&[]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("busy or unavailable"), "{told}");
    assert!(host.calls().is_empty());
}

#[test]
fn the_whole_matrix_fits_on_paper() {
    let host = Host::new();
    let output = host.run(&[("PLAN", "1")]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let names: Vec<_> = told.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, STEPS);
    let seconds = told.lines().last().unwrap().rsplit(", ").next().unwrap();
    let seconds: u32 = seconds.trim().split(' ').next().unwrap().parse().unwrap();
    // 25 s are reserved for killing the last step, for the page and for the table.
    assert!(seconds + 25 <= 480, "{told}");
    assert!(host.calls().is_empty());
}
