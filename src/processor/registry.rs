//! The processors by name.

use anyhow::Result;
use tch::Device;

use super::{Backend, Batched, Feed, Fused, HuggingFace, Naive, Parameters, Processor, Threaded};
use crate::input_error;

/// Every processor, in the order of the ladder: from what people run today to the fastest.
pub const NAMES: [&str; 9] =
    ["hf", "hf-chw", "hf-pil", "naive", "threaded", "batched", "fused", "fused-chw", "fused-pil"];

/// The processor that defines right.
pub const REFERENCE: &str = "hf";

/// Whether a difference from the reference is a fault. Pillow's arithmetic has bits of its own.
pub fn must_equal_reference(name: &str) -> bool {
    name != "hf-pil"
}

/// Splits `a,b` or `all` into names, each once, in the order given.
///
/// # Errors
/// An input error for an unknown, repeated or missing name.
pub fn parse_names(list: &str) -> Result<Vec<&'static str>> {
    if list.trim() == "all" {
        return Ok(NAMES.to_vec());
    }
    let mut names = Vec::new();
    for given in list.split(',').map(str::trim) {
        let name = NAMES
            .into_iter()
            .find(|name| *name == given)
            .ok_or_else(|| input_error!("unknown processor {given:?}; choose from {}", NAMES.join(", ")))?;
        if names.contains(&name) {
            return Err(input_error!("processor {name} is named twice"));
        }
        names.push(name);
    }
    Ok(names)
}

/// Makes the processor of that name, with outputs on `device` and `threads` threads where it has its own.
///
/// # Errors
/// For an unknown name or parameters that cannot be served.
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
        "batched" => Box::new(Batched::new(parameters, device)?),
        "fused" => Box::new(Fused::new("fused", Feed::Hwc, parameters, device, threads)?),
        "fused-chw" => Box::new(Fused::new("fused-chw", Feed::Chw, parameters, device, threads)?),
        "fused-pil" => Box::new(Fused::new("fused-pil", Feed::Pil, parameters, device, threads)?),
        unknown => {
            return Err(input_error!("unknown processor {unknown:?}; choose from {}", NAMES.join(", ")));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_order_and_unknown_ones_are_named() {
        assert_eq!(parse_names("batched, hf").unwrap(), ["batched", "hf"]);
        assert_eq!(parse_names("all").unwrap(), NAMES);
        assert!(parse_names("hf,quick").unwrap_err().to_string().contains("\"quick\""));
        assert!(parse_names("hf,hf").unwrap_err().to_string().contains("twice"));
        assert!(parse_names("").is_err());
    }
}
