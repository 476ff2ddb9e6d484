//! Flows from files in words.

use patchmark_results::{
    Batch, Estimate, FlowRow, ParityStatus, REFERENCE_FLOW, Run,
    estimate::SAMPLES_OF_AN_INTERVAL,
    text::{clean, number},
};

use super::{
    figures::{NONE, factor},
    spread::Spread,
};

/// What a reader must know to read a table of flows.
pub const LEGEND: &str = "decoding and processing, from files in the page cache to tensors on the device; \
     decoding: its share of the time; vs hf-paths: the time of transformers' class, given the paths, on as many threads ÷ this \
     one's";

/// The largest batch that has flows; none if no batch has.
pub fn batch(run: &Run) -> Option<&Batch> {
    run.batches.iter().filter(|batch| !batch.flows.is_empty()).max_by_key(|batch| batch.batch_size)
}

/// What is shown beside the medians of flows.
pub fn spread(run: &Run) -> Spread {
    Spread::of_rounds(run.batches.iter().flat_map(|batch| &batch.flows).map(|row| row.total_ms.samples.len()))
}

/// The share of decoding: `85%`, or a dash.
pub fn decoding(row: &FlowRow) -> String {
    let share = row.decoding_share.filter(Estimate::is_usable);
    share.map_or_else(|| NONE.to_owned(), |share| format!("{:.0}%", 100.0 * share.median))
}

/// What to take away in one sentence: the fastest flow on one thread whose outputs equal those of `hf-paths`, if it is surely
/// faster; none without flows or with too few rounds.
pub fn claim(run: &Run) -> Option<String> {
    let batch = batch(run)?;
    let on_one = || batch.flows.iter().filter(|row| row.threads == 1);
    let reference = on_one().find(|row| row.name == REFERENCE_FLOW)?.total_ms.measured()?;
    let enough = |row: &&FlowRow| row.total_ms.samples.len() >= SAMPLES_OF_AN_INTERVAL;
    let rivals =
        on_one().filter(|row| row.parity == ParityStatus::Exact && row.failure.is_none()).filter(enough);
    let timed = rivals.filter_map(|row| Some((row, row.total_ms.measured()?, row.speedup_over_hf_paths?)));
    let (row, ms, speedup) = timed.max_by(|one, other| one.2.median.total_cmp(&other.2.median))?;
    (speedup.low > 1.0).then(|| {
        format!(
            "From files on 1 thread, {} is {} as fast as hf-paths ({} ms instead of {} ms per batch of {}) with equal \
             outputs.",
            clean(&row.name),
            factor(&speedup),
            number(ms.median),
            number(reference.median),
            batch.batch_size
        )
    })
}

#[cfg(test)]
mod tests {
    use patchmark_results::fixtures::run::{estimate, run, with_flows};

    use super::*;

    #[test]
    fn the_fastest_flow_with_equal_outputs_is_named() {
        let mut run = with_flows(run(&["hf"], &[1, 8]));
        let claimed = claim(&run).unwrap();
        assert!(claimed.contains("native+fused is 2.50× (2.38 to 2.65) as fast as hf-paths (96.0 ms instead of 240 ms per batch of 8)"), "{claimed}");
        let native = |run: &mut Run| -> usize {
            run.batches[1].flows.iter().position(|row| row.name == "native+fused").unwrap()
        };
        let place = native(&mut run);
        // Others are no faster than hf-paths.
        run.batches[1].flows[place].parity = ParityStatus::NotVerified;
        assert_eq!(claim(&run), None);
        run.batches[1].flows[place].parity = ParityStatus::Exact;
        run.batches[1].flows[place].speedup_over_hf_paths = Some(Estimate { low: 0.9, ..estimate(1.2) });
        assert_eq!(claim(&run), None);
    }

    #[test]
    fn few_rounds_and_no_flows_make_no_claim() {
        let mut run = with_flows(run(&["hf"], &[8]));
        run.batches[0].flows.iter_mut().for_each(|row| row.total_ms.samples.truncate(3));
        assert_eq!((claim(&run), spread(&run)), (None, Spread::Ranges));
        run.batches[0].flows.clear();
        assert_eq!((claim(&run), batch(&run)), (None, None));
    }
}
