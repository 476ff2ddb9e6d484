//! `patchmark golden make`.

use std::{path::PathBuf, sync::atomic::Ordering};

use anyhow::Result;
use bytesize::ByteSize;
use clap::Args;
use patchmark_results::{Outcome, SkippedFile, golden::Pack, input_error, text::plural};

use crate::{
    commands::options::{ImageOptions, ParameterOptions, allow_network, progress_bar},
    console::{outln, tell},
    golden::{self, built_in, of_images},
    interrupt::{self, Idle},
    python,
    workload::{Sizes, Workload},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Without --images, the pack has the built-in cases, on which rewrites tend to fail. With it, each image is \
    a case of its own, and the first eight are one batch."
)]
pub(super) struct Arguments {
    /// The folder of the pack: a new one, or a pack that is replaced
    #[arg(value_name = "OUT")]
    out: PathBuf,
    #[command(flatten)]
    images: ImageOptions,
    #[command(flatten)]
    parameters: ParameterOptions,
    /// Keep tensors under this size whole, and larger ones as digests, which cannot say by how much a value differs
    #[arg(long, value_name = "SIZE", default_value = "64KiB", env = "PATCHMARK_FULL_UNDER")]
    full_under: ByteSize,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    allow_network(false);
    let own = arguments.images.are_files();
    if !own && arguments.parameters.are_given() {
        return Err(input_error!(
            "the built-in cases have parameters of their own: add --images, or leave the parameters out"
        ));
    }
    let parameters = arguments.parameters.parameters(None)?;
    let mut skipped = Vec::new();
    let cases = if own {
        let workloads = Workload::load_all(&arguments.images.source()?, &Sizes::mixed())?;
        skipped = workloads.iter().flat_map(|workload| workload.skipped.clone()).collect();
        let images: Vec<_> = workloads.into_iter().flat_map(|workload| workload.images).collect();
        of_images(images, &parameters)
    } else {
        built_in()?
    };
    let interrupt = interrupt::listen(Idle::Stops("stopping after the case at hand"))?;
    python::start()?;
    let progress = progress_bar(cases.len() as u64)?;
    let made = golden::make(&arguments.out, &cases, arguments.full_under.as_u64(), |done| {
        progress.set_position(done as u64);
        progress.set_message(format!("{done} of {} cases", cases.len()));
        !interrupt.load(Ordering::Relaxed)
    });
    progress.finish_and_clear();
    let Some(pack) = made? else {
        tell!("interrupted; nothing is saved");
        return Ok(Outcome::Interrupted);
    };
    print(arguments, &pack);
    if let Some(sentence) = SkippedFile::sentence(&skipped) {
        tell!("{sentence}");
    }
    Ok(Outcome::Done)
}

fn print(arguments: &Arguments, pack: &Pack) {
    let tensors = || pack.cases.iter().flat_map(|case| case.tensors.values());
    let whole = tensors().filter(|tensor| tensor.whole).count();
    outln!(
        "{} of {}, {}: {whole} whole, {} as digests",
        plural(pack.cases.len() as u64, "case"),
        plural(pack.images.len() as u64, "image"),
        plural(tensors().count() as u64, "tensor"),
        tensors().count() - whole
    );
    tell!("saved in {}; README.txt in it says how a program is checked", arguments.out.display());
}
