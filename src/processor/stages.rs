//! The stages of preprocessing, and a clock that costs nothing unless stages are requested.

use std::{collections::BTreeMap, time::Instant};

use tch::Device;

use crate::python::cuda;

/// A stage of preprocessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// From files to pixels; only of flows from files.
    Decode,
    /// Conversion from the form that a user holds to the form that the arithmetic needs.
    Convert,
    /// The copy to the forward's device.
    Upload,
    /// The NaFlex target-size search.
    SizeSearch,
    /// Antialiased resize.
    Resize,
    /// Conversion to f32, subtraction of the mean and division by the standard deviation.
    Normalize,
    /// Rearrangement of pixels into rows of patches.
    Patchify,
    /// Resize, normalise, patchify and pad in a single pass, in which they cannot be distinguished.
    OnePass,
    /// Padding to `max_num_patches`, the mask, and stacking into one tensor.
    PadStack,
}

impl Stage {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Convert => "convert",
            Self::Upload => "upload",
            Self::SizeSearch => "size search",
            Self::Resize => "resize",
            Self::Normalize => "normalise",
            Self::Patchify => "patchify",
            Self::OnePass => "one pass",
            Self::PadStack => "pad/stack",
        }
    }
}

/// Adds up the time of each stage; a disabled clock never reads the time.
#[derive(Debug, Default)]
pub struct StageClock {
    last: Option<Instant>,
    /// The GPU to wait for at the end of each stage.
    gpu: Option<usize>,
    spent_s: BTreeMap<Stage, f64>,
}

impl StageClock {
    /// A clock that records nothing, for times of whole calls.
    pub fn disabled() -> Self {
        Self::default()
    }

    /// A clock that starts now; if `device` is a GPU, each stage ends when the GPU has finished its work.
    pub fn started(device: Device) -> Self {
        let gpu = match device {
            Device::Cuda(index) => Some(index),
            _ => None,
        };
        Self { last: Some(Instant::now()), gpu, spent_s: BTreeMap::new() }
    }

    /// Adds the time since the previous mark, or since the start, to `stage`.
    #[inline]
    pub fn mark(&mut self, stage: Stage) {
        if let Some(last) = self.last {
            self.finish();
            let now = Instant::now();
            *self.spent_s.entry(stage).or_default() += (now - last).as_secs_f64();
            self.last = Some(now);
        }
    }

    /// Waits for the GPU. If the device fails here, the processor's next operation fails too and reports it.
    fn finish(&self) {
        if let Some(index) = self.gpu {
            let _ = cuda::synchronize(index);
        }
    }

    /// The seconds spent in each stage.
    pub fn spent_s(&self) -> &BTreeMap<Stage, f64> {
        &self.spent_s
    }

    /// Adds `seconds` that were measured elsewhere, such as in Python, to `stage`; the next mark counts from now.
    pub fn add(&mut self, stage: Stage, seconds: f64) {
        if self.last.is_some() {
            *self.spent_s.entry(stage).or_default() += seconds;
            self.last = Some(Instant::now());
        }
    }

    /// Whether stages are timed.
    pub fn is_enabled(&self) -> bool {
        self.last.is_some()
    }
}
