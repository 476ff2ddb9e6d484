//! The parts of preprocessing, and a clock that costs nothing where they are not asked for.

use std::{collections::BTreeMap, time::Instant};

use tch::Device;

use crate::python::cuda;

/// A part of preprocessing, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// From the form that a user holds to the one that the arithmetic needs.
    Convert,
    /// To the forward's device.
    Upload,
    /// The NaFlex target-size search.
    SizeSearch,
    /// Antialiased resize.
    Resize,
    /// To f32, minus mean, over standard deviation.
    Normalize,
    /// Pixels to rows of patches.
    Patchify,
    /// Resize, normalise, patchify and pad, where they are one pass and cannot be told apart.
    OnePass,
    /// Padding to `max_num_patches`, the mask, and stacking into one tensor.
    PadStack,
}

impl Stage {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
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
    /// The GPU whose work ends with each stage.
    gpu: Option<usize>,
    spent_s: BTreeMap<Stage, f64>,
}

impl StageClock {
    /// A clock that records nothing: for the headline time.
    pub fn disabled() -> Self {
        Self::default()
    }

    /// A clock that starts now; where `device` is a GPU, each stage ends when the GPU has done its work.
    pub fn started(device: Device) -> Self {
        let gpu = match device {
            Device::Cuda(index) => Some(index),
            _ => None,
        };
        Self { last: Some(Instant::now()), gpu, spent_s: BTreeMap::new() }
    }

    /// Books the time since the previous mark, or the start, under `stage`.
    #[inline]
    pub fn mark(&mut self, stage: Stage) {
        if let Some(last) = self.last {
            self.finish();
            let now = Instant::now();
            *self.spent_s.entry(stage).or_default() += (now - last).as_secs_f64();
            self.last = Some(now);
        }
    }

    /// Waits for the GPU. A device that fails here fails the processor's next operation too, which reports it.
    fn finish(&self) {
        if let Some(index) = self.gpu {
            let _ = cuda::synchronize(index);
        }
    }

    /// Seconds booked under each stage.
    pub fn spent_s(&self) -> &BTreeMap<Stage, f64> {
        &self.spent_s
    }

    /// Books `seconds` measured elsewhere, such as in Python, under `stage`; the next mark counts from now.
    pub fn add(&mut self, stage: Stage, seconds: f64) {
        if self.last.is_some() {
            *self.spent_s.entry(stage).or_default() += seconds;
            self.last = Some(Instant::now());
        }
    }

    /// Whether stages were asked for.
    pub fn is_enabled(&self) -> bool {
        self.last.is_some()
    }
}
