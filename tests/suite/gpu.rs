//! What only a GPU can show. Without one each test says so and ends.

use std::{
    io::{self, Write},
    sync::Arc,
};

use patchmark::{
    measure::time,
    parity,
    processor::{self, Parameters, Resample},
    python::cuda,
    workload::generated,
};
use tch::{Cuda, Device};

/// The first GPU, or none with a line that names the test that did not run.
fn gpu(test: &str) -> Option<Device> {
    if Cuda::is_available() {
        return Some(Device::Cuda(0));
    }
    // Not `eprintln!`, which the test runner keeps to itself where a test passes.
    let _ = writeln!(io::stderr(), "gpu::{test} did not run: torch sees no CUDA device");
    None
}

#[test]
fn every_processor_has_the_bits_of_the_reference_where_it_computes() {
    let Some(device) = gpu("every_processor_has_the_bits_of_the_reference_where_it_computes") else { return };
    let specs = generated(0);
    for parameters in
        [Parameters::default(), Parameters { resample: Resample::Bicubic, ..Parameters::default() }]
    {
        let names: Vec<_> =
            processor::NAMES.into_iter().filter(|name| processor::must_equal_reference(name)).collect();
        let asked = parity::Check {
            names: &names,
            parameters: &parameters,
            limits: &[64, 256],
            device,
            threads: 2,
            count: specs.len(),
        };
        let found = parity::check(&asked, |index| Ok(Arc::new(specs[index].render())), |_| true).unwrap();
        for row in found.rows {
            assert_eq!(row.differing, 0, "{} at {}: {}", row.processor, row.max_num_patches, row.detail);
        }
    }
}

#[test]
fn the_devices_clock_runs_within_the_hosts() {
    let Some(device) = gpu("the_devices_clock_runs_within_the_hosts") else { return };
    let ones = tch::Tensor::ones([4096, 4096], (tch::Kind::Float, device));
    let timed = time(device, || Ok(ones.f_matmul(&ones)?)).unwrap();
    let on_device = timed.device_ms.unwrap();
    assert!(
        on_device > 0.0 && on_device <= timed.synchronized_ms && timed.launch_ms <= timed.synchronized_ms
    );
}

#[test]
fn page_locked_memory_is_page_locked() {
    let Some(device) = gpu("page_locked_memory_is_page_locked") else { return };
    let pinned = cuda::pinned(1 << 20).unwrap();
    assert!(pinned.f_is_pinned(device).unwrap());
}
