//! What a reader should know about the samples behind the medians.

use patchmark_results::{Decision, Run, text::clean};
use patchmark_statistics::{Series, Warning, warnings};

/// The warnings about a run, one sentence or two each.
pub fn of_run(run: &Run) -> Vec<String> {
    let mut series = Vec::new();
    for batch in &run.batches {
        let mut add = |name: String, samples| {
            series.push(Series { name: format!("{name} at batch {}", batch.batch_size), samples });
        };
        for row in &batch.processors {
            add(row.label(), row.preprocess_ms.samples.as_slice());
        }
        for row in &batch.flows {
            add(row.label(), row.total_ms.samples.as_slice());
        }
        for row in &batch.forwards {
            add(format!("the {} forward", clean(&row.name)), row.forward_ms.samples.as_slice());
        }
    }
    warnings(&series).iter().map(Warning::to_string).collect()
}

/// The warnings about the paired times of a decision, one sentence or two each. Too few rounds are the reason of a row.
pub fn of_decision(decision: &Decision) -> Vec<String> {
    let mean =
        |rounds: &[[f64; 2]]| rounds.iter().map(|[one, other]| (one + other) / 2.0).collect::<Vec<_>>();
    let sides = decision.rows.iter().filter_map(|row| {
        let pairs = row.pairs.as_ref()?;
        let name = |side| format!("{side}, {}, {}", clean(&row.subject), clean(&row.batch));
        Some([(name("the base"), mean(&pairs.base)), (name("the candidate"), mean(&pairs.candidate))])
    });
    let taken: Vec<(String, Vec<f64>)> = sides.flatten().collect();
    let series: Vec<_> = taken.iter().map(|(name, samples)| Series { name: name.clone(), samples }).collect();
    let found = warnings(&series);
    found
        .iter()
        .filter(|warning| !matches!(warning, Warning::FewRounds { .. }))
        .map(Warning::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use patchmark_results::fixtures::run::{run, with_three_rounds};

    use super::*;

    #[test]
    fn a_run_is_warned_about_with_the_name_of_the_row() {
        let mut run = run(&["hf", "fused"], &[1, 8]);
        assert!(of_run(&run).is_empty(), "{:?}", of_run(&run));
        run.batches[1].processors[1].preprocess_ms.samples[2] *= 4.0;
        let found = of_run(&run);
        assert!(found.len() == 1 && found[0].contains("fused (CHW) at batch 8: 1 of 7 samples"), "{found:?}");
        run.batches[0].forwards[0].forward_ms.samples[2] *= 9.0;
        let found = of_run(&run);
        assert!(found.len() == 1 && found[0].contains("the native forward at batch 1"), "{found:?}");
    }

    #[test]
    fn a_run_of_few_rounds_is_warned_about_once() {
        let found = of_run(&with_three_rounds(run(&["hf", "fused"], &[1, 8])));
        assert!(found.len() == 1 && found[0].starts_with("few rounds: "), "{found:?}");
    }
}
