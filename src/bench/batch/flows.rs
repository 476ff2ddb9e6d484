//! Flows from files on one batch size: their warm-up and their samples.

use std::sync::{Arc, atomic::Ordering};

use anyhow::Result;
use patchmark_results::{ParityStatus, REFERENCE_FLOW, journal::FlowSamples};
use tch::Device;

use crate::{
    bench::{
        flows::{Files, Flow, FromFiles, TorchThreads},
        needs,
        setup::Bench,
    },
    inputs::ModelInputs,
    interrupt::Interrupt,
    measure::{
        clock::{sample, time},
        failure::{Failure, caught, classify, reason},
        memory::fits,
    },
    parity,
    processor::{Stage, StageClock},
    workload::DecodedImage,
};

/// Each flow, run once and compared with `hf-paths`; none if `interrupt` was set. A flow that fails ends its own row, and if
/// `hf-paths` fails the others are compared with nothing.
pub(super) fn warmed_up(
    bench: &Bench,
    files: Option<&Files<'_>>,
    images: &[Arc<DecodedImage>],
    interrupt: &Interrupt,
) -> Result<Option<Vec<FlowSamples>>> {
    let (Some(from_files), Some(files)) = (&bench.from_files, files) else { return Ok(Some(Vec::new())) };
    if let Err(reason) = fits(needs::of_flow(bench, images)) {
        let failed = FlowSamples { failure: Some(reason), ..FlowSamples::default() };
        return Ok(Some(vec![failed; from_files.flows.len()]));
    }
    let reference = |device| match caught(|| from_files.reference(files, device)) {
        Err(error) if classify(&error) == Failure::DeviceLost => Err(error),
        // Its own row has the reason.
        found => Ok(found.ok()),
    };
    let expected = [reference(bench.device)?, reference(Device::Cpu)?];
    let mut samples = Vec::new();
    for flow in &from_files.flows {
        if interrupt.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let expected = &expected[usize::from(flow.computes_on() == Device::Cpu)];
        samples.push(
            match caught(|| compared(from_files, flow.as_ref(), files, images, expected.as_ref())) {
                Ok(found) => found,
                Err(error) if classify(&error) == Failure::DeviceLost => return Err(error),
                Err(error) => FlowSamples { failure: Some(reason(&error)), ..FlowSamples::default() },
            },
        );
    }
    Ok(Some(samples))
}

/// A flow before its first sample.
fn compared(
    from_files: &FromFiles,
    flow: &dyn Flow,
    files: &Files<'_>,
    images: &[Arc<DecodedImage>],
    expected: Option<&ModelInputs>,
) -> Result<FlowSamples> {
    let _threads = TorchThreads::set(flow.threads());
    let outputs = flow.run(files, &mut StageClock::disabled())?;
    let (must_equal, parity) = match (flow.name(), expected) {
        (REFERENCE_FLOW, _) => (false, ParityStatus::Reference),
        (_, None) => (false, ParityStatus::NotVerified),
        (_, Some(expected)) => {
            let equal_pixels = from_files.reads_as_reference && flow.decodes_to(files, images)?;
            (equal_pixels, parity::compare(expected, &outputs)?.status())
        }
    };
    Ok(FlowSamples { must_equal: Some(must_equal), parity: Some(parity), ..FlowSamples::default() })
}

/// One sample of a flow, and one call in which decoding is timed, added to `row`. Whatever fails ends its row.
pub(super) fn take(
    bench: &Bench,
    flow: &dyn Flow,
    files: &Files<'_>,
    interrupt: &Interrupt,
    row: &mut FlowSamples,
) -> Result<()> {
    let _threads = TorchThreads::set(flow.threads());
    let taken = sample(bench.device, || flow.run(files, &mut StageClock::disabled())).and_then(|timed| {
        row.total_ms.push(timed.synchronized_ms);
        // A separate call, so that reading the clock does not count in the headline time.
        let separate = !interrupt.load(Ordering::Relaxed);
        separate.then(|| decoding(bench, flow, files)).transpose()
    });
    match taken {
        Ok(decoding) => row.decoding_ms.extend(decoding),
        Err(error) if classify(&error) == Failure::DeviceLost => return Err(error),
        Err(error) => row.failure = Some(reason(&error)),
    }
    Ok(())
}

/// Milliseconds of decoding, and of the whole call.
fn decoding(bench: &Bench, flow: &dyn Flow, files: &Files<'_>) -> Result<(f64, f64)> {
    let mut clock = StageClock::started(bench.device);
    let timed = time(bench.device, || flow.run(files, &mut clock))?;
    let seconds = clock.spent_s().get(&Stage::Decode).copied().unwrap_or(0.0);
    Ok((seconds * 1e3, timed.synchronized_ms))
}
