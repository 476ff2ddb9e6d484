//! The processors by name.

use anyhow::Result;
use patchmark_results::{InputError, input_error, subjects};
use tch::Device;

use super::{
    Backend, Batched, Feed, Fused, FusedCuda, FusedU8, HuggingFace, Naive, Parameters, Processor, Threaded,
    unavailable::Unavailable,
};

pub use patchmark_results::subjects::{GPU_NAMES, NAMES};

/// A processor that only pays off if outputs are uploaded: on a CPU, `all` leaves it out, but it can be named.
const FOR_UPLOAD: &str = "fused-u8";

/// The reference, with which the others are compared.
pub const REFERENCE: &str = "hf";

/// Whether a difference from the reference is a fault. Pillow's arithmetic gives other bits.
pub fn must_equal_reference(name: &str) -> bool {
    name != "hf-pil" && !name.starts_with(subjects::PILLOW_RELEASE)
}

/// The device on which a processor with outputs on `device` computes. It decides which bits are correct: torch's resize
/// on a GPU differs from that on a CPU by up to one level.
pub fn computes_on(name: &str, device: Device) -> Device {
    match name {
        "hf" | "hf-chw" | "batched" => device,
        _ => Device::Cpu,
    }
}

/// The processors that run on `device`.
fn names(device: Device) -> Vec<&'static str> {
    if device.is_cuda() { [&NAMES[..], &GPU_NAMES].concat() } else { NAMES.to_vec() }
}

/// Parses `a,b` or `all` into names, in the order given and without repetitions. `all` stands for the processors that
/// are useful on `device`.
///
/// # Errors
/// An input error for an unknown, repeated or missing name, and for one that `device` cannot run.
pub fn parse_names(list: &str, device: Device) -> Result<Vec<&'static str>> {
    let known = names(device);
    if list.trim() == "all" {
        return Ok(known.into_iter().filter(|name| device.is_cuda() || *name != FOR_UPLOAD).collect());
    }
    let mut names = Vec::new();
    for given in list.split(',').map(str::trim) {
        let Some(&name) = known.iter().find(|name| **name == given) else {
            return Err(unknown(given, &known));
        };
        if names.contains(&name) {
            return Err(input_error!("processor {name} is named twice"));
        }
        names.push(name);
    }
    Ok(names)
}

/// The error for a name that is not among `known`.
fn unknown(name: &str, known: &[&str]) -> anyhow::Error {
    if GPU_NAMES.contains(&name) {
        input_error!(
            "processor {name} needs a GPU: give --device cuda:N if the command has it; on a CPU use fused"
        )
    } else {
        let meant = subjects::nearest(name, known.iter().copied());
        let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"));
        input_error!("unknown processor {name:?}{meant}; choose from {}", known.join(", "))
    }
}

/// Makes the processor of that name, with outputs on `device` and, if it has its own threads, `threads` of them.
///
/// # Errors
/// For an unknown name or parameters that are not supported.
pub fn create(
    name: &str,
    parameters: &Parameters,
    device: Device,
    threads: usize,
) -> Result<Box<dyn Processor>> {
    Ok(match name {
        "hf" => Box::new(HuggingFace::new("hf", Backend::Torchvision, Feed::Pil, parameters, device)?),
        "hf-chw" => {
            Box::new(HuggingFace::new("hf-chw", Backend::Torchvision, Feed::Chw, parameters, device)?)
        }
        "hf-pil" => Box::new(HuggingFace::new("hf-pil", Backend::Pil, Feed::Pil, parameters, device)?),
        "naive" => Box::new(Naive::new(parameters, device)?),
        "threaded" => Box::new(Threaded::new(parameters, device, threads)?),
        "batched" => Box::new(Batched::new(parameters, device, threads)?),
        "fused" => Box::new(Fused::new("fused", Feed::Hwc, parameters, device, threads)?),
        "fused-chw" => Box::new(Fused::new("fused-chw", Feed::Chw, parameters, device, threads)?),
        "fused-pil" => Box::new(Fused::new("fused-pil", Feed::Pil, parameters, device, threads)?),
        "fused-u8" => Box::new(FusedU8::new(parameters, device, threads)?),
        "fused-cuda" if device.is_cuda() => Box::new(FusedCuda::new(parameters, device, threads)?),
        "fused-cuda-resident" if device.is_cuda() => Box::new(FusedCuda::resident(parameters, device)?),
        name => return Err(unknown(name, &names(device))),
    })
}

/// As [`create`], but instead of a processor that this machine cannot make, it returns one that fails every batch with
/// the reason, so that a run includes it with the others.
///
/// # Errors
/// An input error as for [`create`].
pub fn create_or_explain(
    name: &str,
    parameters: &Parameters,
    device: Device,
    threads: usize,
) -> Result<Box<dyn Processor>> {
    create(name, parameters, device, threads).or_else(|error| explain(name, error))
}

fn explain(name: &str, error: anyhow::Error) -> Result<Box<dyn Processor>> {
    if error.is::<InputError>() {
        return Err(error);
    }
    Ok(Box::new(Unavailable { name: name.to_owned(), reason: format!("{error:#}") }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processor::{FedBatch, StageClock};

    #[test]
    fn names_keep_their_order_and_unknown_ones_are_named() {
        let parse = |list| parse_names(list, Device::Cpu);
        assert_eq!(parse("batched, hf").unwrap(), ["batched", "hf"]);
        assert_eq!(parse("all").unwrap(), NAMES[..9]);
        assert_eq!(parse("fused-u8").unwrap(), ["fused-u8"]);
        assert!(parse("hf,quick").unwrap_err().to_string().contains("\"quick\""));
        assert!(parse("hf,batchd").unwrap_err().to_string().contains("did you mean batched?"));
        assert!(parse("hf,hf").unwrap_err().to_string().contains("twice"));
        assert!(parse("").is_err());
    }

    #[test]
    fn what_cannot_be_made_fails_each_batch_with_the_reason() {
        let broken =
            explain("fused-cuda", anyhow::anyhow!("no libnvrtc").context("failed to compile")).unwrap();
        assert_eq!(broken.name(), "fused-cuda");
        let error = broken.process(&FedBatch::Hwc(Vec::new()), &mut StageClock::disabled()).unwrap_err();
        assert_eq!(error.to_string(), "failed to compile: no libnvrtc");
        // A user's mistake is reported at once.
        assert!(explain("fused-cuda", input_error!("patch_size 0")).is_err());
    }

    #[test]
    fn processors_of_a_gpu_are_offered_on_one_only() {
        let all = parse_names("all", Device::Cuda(0)).unwrap();
        assert_eq!((&all[..NAMES.len()], &all[NAMES.len()..]), (&NAMES[..], &GPU_NAMES[..]));
        assert_eq!(parse_names("fused-cuda", Device::Cuda(1)).unwrap(), GPU_NAMES[..1]);
        let refused = [
            parse_names("hf,fused-cuda", Device::Cpu).unwrap_err(),
            create("fused-cuda", &Parameters::default(), Device::Cpu, 1).err().unwrap(),
        ];
        for error in refused {
            assert!(
                error.is::<patchmark_results::InputError>() && error.to_string().contains("--device"),
                "{error}"
            );
        }
    }
}
