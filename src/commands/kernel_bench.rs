//! `patchmark kernel-bench`: the kernel of `fused-cuda` alone, compared with a copy on the same device.

use anyhow::{Context, Result};
use clap::Args;
use patchmark_fused::{Filter, Size, Sizing};
use patchmark_fused_cuda::{
    Element,
    bandwidth::{Bench, Measured, Setup},
};
use patchmark_results::{
    Outcome, input_error,
    kernel_bench::{KERNEL_BENCH_VERSION, KernelBench, KernelOutcome, KernelRow, KernelTimes},
};
use patchmark_statistics::median;
use tch::Device;

use super::{
    bench::LARGEST_BATCH,
    options::allow_network,
    values::{Numbers, numbers},
};
use crate::{
    cache_folder::cache_folder,
    console::{outln, tell},
    measure::{Precision, parse_device},
    python,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The device, such as cuda:0
    #[arg(long, default_value = "cuda:0", env = "PATCHMARK_DEVICE")]
    device: String,
    /// Images per launch
    #[arg(long, value_name = "N,…", default_value = "1,8,64", value_parser = numbers::<LARGEST_BATCH>)]
    batch_sizes: Numbers,
    /// Image sizes, one launch per size
    #[arg(long, value_name = "WxH,…", default_value = "1024x768,640x480,1023x767,2000x1500")]
    sizes: String,
    /// Most patches that an image may have after resizing
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_num_patches: usize,
    /// Samples per row
    #[arg(long, value_name = "N", default_value_t = 50)]
    samples: usize,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    allow_network(false);
    let device = parse_device(&arguments.device)?;
    let Device::Cuda(index) = device else {
        return Err(input_error!("--device {}: the kernel runs on a GPU; give cuda:N", arguments.device));
    };
    let batch_sizes = &arguments.batch_sizes.0;
    let sizes = arguments.sizes.split(',').map(size).collect::<Result<Vec<_>>>()?;
    if arguments.samples == 0 || arguments.max_num_patches == 0 {
        return Err(input_error!("--samples and --max-num-patches must be 1 or more"));
    }
    let gpu = python::gpus()?.into_iter().nth(index).context("torch does not name the device")?;
    let libraries = python::kernel::libraries()?;
    let cache = cache_folder().map(|folder| folder.join("kernels"));
    let bench = Bench::new(i32::try_from(index)?, &libraries, cache)?;
    let sizing = Sizing {
        patch_size: 16,
        max_num_patches: arguments.max_num_patches,
        resize: true,
        filter: Filter::Bilinear,
    };
    let mut rows = Vec::new();
    for &image in &sizes {
        for &batch in batch_sizes {
            for (precision, element) in [(Precision::F32, Element::F32), (Precision::Bf16, Element::Bf16)] {
                let setup = Setup { sizes: vec![image; batch], sizing, element, samples: arguments.samples };
                let what = format!("{batch} images of {}x{} to {precision}", image.width, image.height);
                tell!("{what} …");
                let outcome = match bench.measure(&setup) {
                    Ok(measured) => KernelOutcome::Measured(Box::new(times(measured))),
                    // Running out of memory at one batch size must not lose the others.
                    Err(error) => KernelOutcome::Failed { error: error.to_string() },
                };
                rows.push(KernelRow {
                    image: [image.width, image.height],
                    batch,
                    dtype: precision.to_string(),
                    outcome,
                });
            }
        }
    }
    let document =
        KernelBench { kind: "kernel-bench".into(), schema_version: KERNEL_BENCH_VERSION, gpu, rows };
    outln!("{}", serde_json::to_string_pretty(&document)?);
    Ok(Outcome::Done)
}

fn times(measured: Measured) -> KernelTimes {
    let bytes = (measured.input_bytes + measured.output_bytes) as f64;
    let [kernel, copy] = [&measured.kernel_ms, &measured.copy_ms].map(|samples| median(samples));
    let shares: Vec<f64> =
        measured.copy_ms.iter().zip(&measured.kernel_ms).map(|(copy, kernel)| copy / kernel).collect();
    KernelTimes {
        input_bytes: measured.input_bytes as u64,
        output_bytes: measured.output_bytes as u64,
        blocks: measured.blocks as u64,
        shared_bytes: measured.shared_bytes as u64,
        kernel_gb_per_s: bytes / kernel / 1e6,
        copy_gb_per_s: bytes / copy / 1e6,
        share_of_copy: median(&shares),
        kernel_ms: measured.kernel_ms,
        copy_ms: measured.copy_ms,
    }
}

fn size(text: &str) -> Result<Size> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=1 << 16).contains(side));
    let sides = text.trim().split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
    let (width, height) =
        sides.ok_or_else(|| input_error!("--sizes: {text:?} is not a size such as 1024x768"))?;
    Ok(Size { height, width })
}
