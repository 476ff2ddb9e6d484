//! `bench --plan`: what would run, and about how long it would take.

use std::path::PathBuf;

use patchmark_report::terminal::layout::{Text, columns};
use patchmark_results::text::{count, number, plural};
use tch::Device;

use super::arguments::{Arguments, Mode};
use crate::{
    bench::estimate::{self, Work},
    workload::Workload,
};

/// Everything that determines how much work a bench is.
pub(super) struct Plan<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) names: &'a [String],
    pub(super) batch_sizes: &'a [usize],
    pub(super) modes: &'a [Mode],
    pub(super) device: Device,
}

impl Plan<'_> {
    /// The runs in the order of measurement, each with its folder, and the estimate.
    pub(super) fn render(&self, workloads: &[Workload], folders: &[Vec<PathBuf>]) -> String {
        let mut text = Text::new(columns());
        let mut total = estimate::start_s(self.device);
        for (workload, folders) in workloads.iter().zip(folders) {
            let seconds = self.workload_s();
            total += seconds;
            text.line(&format!("{}: about {seconds:.0} s", workload.description));
            for ((precision, tower), folder) in self.modes.iter().zip(folders) {
                text.paragraph("  ", 4, &format!("{precision}, {tower} tower: {}", folder.display()));
            }
        }
        let images: usize = self.batch_sizes.iter().sum();
        let sizes: Vec<String> = self.batch_sizes.iter().map(usize::to_string).collect();
        let forwards = plural((self.arguments.forward.len() * self.modes.len()) as u64, "forward");
        let start = estimate::start_s(self.device);
        let flows = self.flows();
        text.blank();
        for (lead, rest) in [
            (
                "Each round:",
                format!(
                    "{forwards}; processors {}{flows}; batch sizes {} ({} images)",
                    self.names.join(", "),
                    sizes.join(", "),
                    count(images as u64)
                ),
            ),
            (
                "About",
                format!(
                    "{total:.0} s in all: {start:.0} s to start, and for each workload warm-up and {} s, or {} rounds \
                     if they take longer",
                    number(self.arguments.budget),
                    estimate::LEAST_ROUNDS
                ),
            ),
            ("Estimated", estimate::basis(self.device).to_owned()),
        ] {
            text.paragraph(lead, 4, &rest);
        }
        text.finish()
    }

    /// The flows from files, if they are asked for.
    fn flows(&self) -> String {
        if !self.arguments.from_files {
            return String::new();
        }
        match self.arguments.device.threads() {
            1 => "; flows from files on 1 thread".to_owned(),
            threads => format!("; flows from files on 1 and on {threads} threads"),
        }
    }

    /// The seconds that one workload takes, warm-up included.
    fn workload_s(&self) -> f64 {
        let work = Work {
            processors: self.names.iter().map(String::as_str).collect(),
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
            decode: self.arguments.decode,
            flow_threads: self.arguments.from_files.then(|| self.arguments.device.threads()),
            dataloader: self.arguments.dataloader,
            device: self.device,
        };
        work.warm_up_s() + (f64::from(estimate::LEAST_ROUNDS) * work.round_s()).max(self.arguments.budget)
    }
}
