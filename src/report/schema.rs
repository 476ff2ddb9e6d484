//! The one definition of a saved run (`run.json`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bumped whenever a reader of the previous version would misread a run.
pub const SCHEMA_VERSION: u32 = 1;

/// One saved result of `bench`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Always [`SCHEMA_VERSION`] in what this build writes.
    pub schema_version: u32,
    /// Seconds since the Unix epoch when the run began.
    pub started_unix_s: u64,
    /// Wall-clock seconds from start to end of measuring.
    pub elapsed_s: f64,
    /// Whether the run was interrupted or its budget ended before every row had two rounds.
    pub partial: bool,
    /// Things a reader must know to read the numbers rightly, one sentence each.
    pub notes: Vec<String>,
    /// What the numbers depend on.
    pub environment: Environment,
    /// What was asked for.
    pub settings: Settings,
    /// The GPU's state by round; none where the run did not use one.
    #[serde(default)]
    pub gpu: Option<GpuRecord>,
    /// One entry a batch size, in the order asked for.
    pub batches: Vec<Batch>,
}

/// What a GPU was doing while it was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GpuRecord {
    /// The card's name.
    pub name: String,
    /// The driver's version.
    pub driver: String,
    /// The most processes of others seen on the card in any round.
    pub other_processes: usize,
    /// One entry a round: the lowest clocks, the highest temperature and all reasons that were read right after its
    /// forwards; sample `i` of a row belongs to round `i`.
    pub rounds: Vec<GpuState>,
}

/// The GPU's clocks and temperature at the end of a round.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GpuState {
    /// Streaming multiprocessors' clock in MHz.
    pub sm_clock_mhz: u32,
    /// Memory clock in MHz.
    pub memory_clock_mhz: u32,
    /// Degrees Celsius.
    pub temperature_c: u32,
    /// Reasons for which the driver held the clocks down; empty where it did not.
    pub throttled_by: Vec<String>,
}

/// The machine and the software that a number was taken on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The processor's marketing name.
    pub cpu: String,
    /// torch's vector level, such as `AVX512`; torch's resize changes bits below AVX2.
    pub cpu_capability: String,
    /// Instructions that the one pass (`fused`) uses, such as `avx512`; its bits are the same at all levels.
    #[serde(default)]
    pub fused_level: String,
    /// Logical CPUs available to the process.
    pub logical_cpus: usize,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// The operating system and kernel.
    pub os: String,
    /// GPU names, empty where there is none.
    pub gpus: Vec<String>,
    /// torch, torchvision, transformers, Pillow, python: name to version.
    pub versions: BTreeMap<String, String>,
    /// The commit of this build, with `+changes` where the tree differed.
    pub commit: String,
    /// The command line, as typed.
    pub command: String,
}

/// The settings of a bench, after defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// `f32`, `bf16` or `f16`: the dtype of the forward.
    pub dtype: String,
    /// `vision` or `full`.
    pub tower: String,
    /// The model, such as `random-base` or a folder's name.
    pub model: String,
    /// Whether the weights are seeded random numbers rather than a checkpoint's.
    pub random_weights: bool,
    /// The images, such as `12 photographs, mixed sizes`.
    pub workload: String,
    /// Threads that torch may use inside an operator.
    pub threads: usize,
    /// The seed of weights, text ids and round orders.
    pub seed: u64,
    /// Seconds that measuring may take.
    pub budget_s: f64,
    /// Patches an image is padded to.
    pub max_num_patches: usize,
    /// Pixels on a patch's side.
    pub patch_size: usize,
    /// Whether the pipelined rates include decoding the files.
    #[serde(default)]
    pub pipelined_decodes: bool,
}

/// Everything measured at one batch size. Times are milliseconds for the whole batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// Images in the batch.
    pub batch_size: usize,
    /// Decoding the batch's files, one sample each round; beside, never inside, preprocess.
    pub decode_ms: Samples,
    /// Tokenising one text an image, where a tokenizer was given.
    pub tokenize_ms: Option<Samples>,
    /// Reading the batch's pixels once and writing as much as its outputs once, on one thread.
    #[serde(default)]
    pub memory_limit_ms: Option<Samples>,
    /// One entry a forward (`native`, `hf`).
    pub forwards: Vec<ForwardRow>,
    /// One entry a processor.
    pub processors: Vec<ProcessorRow>,
}

/// One forward at one batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForwardRow {
    /// `native`, `native-graph` or `hf`.
    pub name: String,
    /// Synchronised: the true time.
    pub forward_ms: Samples,
    /// Until the call returned, not synchronised: launch time on a GPU, the classic mistake.
    pub launch_ms: Samples,
    /// Images a second of batches one behind another with nothing between, waited for once at the end: what pipelined
    /// rates are held against; none unless `--pipelined` was given.
    #[serde(default)]
    pub back_to_back_images_per_s: Option<Estimate>,
}

/// One processor at one batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessorRow {
    /// The name given to `--processors`.
    pub name: String,
    /// What it was fed: `PIL`, `CHW` or `HWC`.
    pub feed: String,
    /// Synchronised preprocess time.
    pub preprocess_ms: Samples,
    /// Preprocess over forward, paired within a round: forward's name to the ratio.
    pub ratio: BTreeMap<String, Estimate>,
    /// Images a second through preprocess and forward one after the other: by forward's name.
    pub images_per_s: BTreeMap<String, Estimate>,
    /// Images a second where the next batch is prepared while one is in the forward: by forward's name;
    /// empty unless `--pipelined` was given.
    #[serde(default)]
    pub pipelined_images_per_s: BTreeMap<String, Estimate>,
    /// `hf`'s preprocess time over this one's, paired within a round; none where `hf` did not run.
    pub speedup_over_hf: Option<Estimate>,
    /// One thread's memory limit over this preprocess time; where both ran on one thread of a CPU.
    #[serde(default)]
    pub memory_limit_share: Option<Estimate>,
    /// Stage to median milliseconds a batch, empty unless `--stages` was given.
    pub stages_ms: BTreeMap<String, f64>,
    /// Whether the outputs on this very batch equal the reference's.
    pub parity: ParityStatus,
    /// Why the row ended early, where it did.
    pub failure: Option<String>,
}

impl ProcessorRow {
    /// A row before anything is measured.
    pub fn unmeasured(name: impl Into<String>, feed: impl Into<String>) -> Self {
        let nothing = Estimate { median: 0.0, low: 0.0, high: 0.0 };
        Self {
            name: name.into(),
            feed: feed.into(),
            preprocess_ms: Samples { samples: Vec::new(), estimate: nothing },
            ratio: BTreeMap::new(),
            images_per_s: BTreeMap::new(),
            pipelined_images_per_s: BTreeMap::new(),
            speedup_over_hf: None,
            memory_limit_share: None,
            stages_ms: BTreeMap::new(),
            parity: ParityStatus::NotVerified,
            failure: None,
        }
    }
}

/// The result of holding a processor's outputs against the reference's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum ParityStatus {
    /// It is the reference.
    Reference,
    /// Keys, dtypes, shapes and every value are equal.
    Exact,
    /// Values differ.
    Differs {
        /// How many values differ.
        values: u64,
        /// Of how many.
        total: u64,
        /// A sentence: the first broken contract, or where the worst difference is.
        detail: String,
    },
    /// Nothing was compared; never to be read as passed.
    NotVerified,
}

/// Every sample of one quantity, in the order taken, with the summary of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Samples {
    /// Milliseconds, one a round.
    pub samples: Vec<f64>,
    /// Median and its interval.
    pub estimate: Estimate,
}

/// A median with its 95% bootstrap confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}
