//! `bench --plan`: what would run, and about how long it would take.

use std::{fmt::Write, path::PathBuf};

use tch::Device;

use super::{Arguments, Mode};
use crate::{
    measure::estimate::{self, Work},
    report::format::count,
    workload::Workload,
};

/// Everything that decides how much work a bench is.
pub(super) struct Plan<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) names: &'a [&'static str],
    pub(super) batch_sizes: &'a [usize],
    pub(super) modes: &'a [Mode],
    pub(super) device: Device,
}

impl Plan<'_> {
    /// The runs in the order in which they would be measured, each with its folder, and the estimate.
    pub(super) fn render(&self, workloads: &[Workload], folders: &[Vec<PathBuf>]) -> String {
        let mut text = String::new();
        let mut total = estimate::start_s(self.device);
        for (workload, folders) in workloads.iter().zip(folders) {
            let seconds = self.workload_s();
            total += seconds;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}: about {seconds:.0} s", workload.description);
            for ((precision, tower), folder) in self.modes.iter().zip(folders) {
                let _ = writeln!(text, "  {precision}, {tower} tower: {}", folder.display());
            }
        }
        let images: usize = self.batch_sizes.iter().sum();
        let sizes: Vec<String> = self.batch_sizes.iter().map(usize::to_string).collect();
        let _ = write!(
            text,
            "\nEach round: batch sizes {} ({} images), processors {}, and {} forwards.\n\
             About {total:.0} s in all: {:.0} s to start, then warm-up and at least {} rounds or {:.0} s per workload.\n\
             {}\n",
            sizes.join(", "),
            count(images as u64),
            self.names.join(", "),
            self.arguments.forward.len() * self.modes.len(),
            estimate::start_s(self.device),
            estimate::LEAST_ROUNDS,
            self.arguments.budget,
            estimate::basis(self.device),
        );
        text
    }

    /// Seconds of warm-up and rounds of one workload.
    fn workload_s(&self) -> f64 {
        let work = Work {
            processors: self.names,
            batch_sizes: self.batch_sizes,
            forwards: self
                .modes
                .iter()
                .flat_map(|&(precision, tower)| {
                    self.arguments.forward.iter().map(move |&kind| (kind, precision, tower))
                })
                .collect(),
            tiny: self.arguments.model == "random-tiny",
            stages: self.arguments.stages,
            pipelined: self.arguments.pipelined,
            dataloader: self.arguments.dataloader,
            device: self.device,
        };
        work.warm_up_s() + (f64::from(estimate::LEAST_ROUNDS) * work.round_s()).max(self.arguments.budget)
    }
}
