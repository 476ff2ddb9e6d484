//! How close pipelining comes to the rate of the forward alone.

use patchmark_results::{
    Batch, Estimate, ForwardRow, RunSettings,
    text::{clean, number},
};

use super::figures::median;

/// Images per second of the forward alone: of batches back to back if that was measured, otherwise of single batches; none
/// if neither was measured.
pub fn ceiling(batch: &Batch, forward: &ForwardRow) -> Option<f64> {
    let back_to_back = forward.back_to_back_images_per_s.filter(Estimate::is_usable).map(|rate| rate.median);
    back_to_back.or_else(|| Some(batch.batch_size as f64 * 1e3 / forward.forward_ms.measured()?.median))
}

/// What images per second one after the other count, in words.
pub fn steps(settings: &RunSettings) -> &'static str {
    if settings.serial_decodes { "decode, preprocess and forward" } else { "preprocess and forward" }
}

/// What the rates on both sides of the arrow are.
fn how(settings: &RunSettings) -> &'static str {
    match (settings.pipelined_decodes, settings.serial_decodes) {
        (false, _) => "images/s serial → pipelined",
        (true, true) => "images/s from files, serial → pipelined",
        // Older versions of patchmark.
        (true, false) => "images/s serial, without decoding → pipelined, with decoding",
    }
}

/// For each forward, a lead with the ceiling, and each processor's serial rate, pipelined rate and share of the ceiling.
/// Empty if pipelining was not measured.
pub fn lines(batch: &Batch, settings: &RunSettings) -> Vec<(String, String)> {
    let how = how(settings);
    let mut lines = Vec::new();
    for forward in &batch.forwards {
        let Some(ceiling) = ceiling(batch, forward) else { continue };
        let rates: Vec<String> = batch
            .processors
            .iter()
            .filter_map(|row| {
                let pipelined = row.pipelined_images_per_s.get(&forward.name).filter(|e| e.is_usable())?;
                let serial = row.images_per_s.get(&forward.name).filter(|e| e.is_usable());
                Some(format!(
                    "{} {} → {} ({:.0}%)",
                    clean(&row.name),
                    median(serial.copied()),
                    number(pipelined.median),
                    100.0 * pipelined.median / ceiling
                ))
            })
            .collect();
        if !rates.is_empty() {
            let lead =
                format!("{how} (share of the {} forward alone, {}):", clean(&forward.name), number(ceiling));
            lines.push((lead, rates.join(", ")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use patchmark_results::{Run, fixtures::run as fixtures};

    use super::*;

    #[test]
    fn the_share_is_of_the_forward_alone() {
        let mut run = fixtures::run(&["hf", "fused"], &[8]);
        assert!(lines(&run.batches[0], &run.settings).is_empty());
        // The forward of a batch of 8 takes 2720 ms, which is 2.94 images per second.
        let rate = fixtures::estimate(8.0 / 2.72 * 0.5);
        run.batches[0].processors[1].pipelined_images_per_s = BTreeMap::from([("native".to_owned(), rate)]);
        let lines = |run: &Run| lines(&run.batches[0], &run.settings);
        let found = lines(&run);
        assert_eq!(found.len(), 1);
        assert!(found[0].0.contains("→ pipelined (share of the native forward alone, 2.94"), "{found:?}");
        assert!(found[0].1.contains("→ 1.47 (50%)") && !found[0].1.contains("hf"), "{found:?}");
        // Back to back it reaches 4.
        run.batches[0].forwards[0].back_to_back_images_per_s = Some(fixtures::estimate(4.0));
        assert!(
            lines(&run)[0].0.contains("forward alone, 4.00") && lines(&run)[0].1.contains("→ 1.47 (37%)")
        );
        run.settings.pipelined_decodes = true;
        assert!(lines(&run)[0].0.starts_with("images/s serial, without decoding → pipelined, with decoding"));
        run.settings.serial_decodes = true;
        assert!(lines(&run)[0].0.starts_with("images/s from files, serial → pipelined (share"));
    }
}
