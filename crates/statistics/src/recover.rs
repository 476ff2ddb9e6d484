//! Partial results from the journals of measurements that ended early.

use std::path::PathBuf;

use patchmark_results::{
    Decision, Pairs, PartialBecause, Run, Saved,
    journal::{BatchSamples, Contents, Entry, Measurement, Subjects},
    text::plural,
};

use crate::{decision_rows, pairs::judge_pairs, run_rows};

/// The results that a journal holds, each with its folder below that of the whole measurement; none if nothing was
/// measured.
pub fn results(contents: Contents) -> Vec<(PathBuf, Saved)> {
    let elapsed_s = contents.entries.iter().rev().find_map(|entry| match entry {
        Entry::ElapsedS(seconds) => Some(*seconds),
        _ => None,
    });
    let elapsed_s = elapsed_s.unwrap_or(0.0);
    match contents.header.measurement {
        Measurement::Bench { runs, subjects } => runs_of(runs, &subjects, contents.entries, elapsed_s),
        Measurement::Compare { decision } => {
            decision_of(*decision, contents.entries, elapsed_s).into_iter().collect()
        }
    }
}

fn note(rounds: usize) -> String {
    format!(
        "the process ended before it could save its result; this is what it had measured, {}",
        plural(rounds as u64, "round")
    )
}

fn runs_of(
    runs: Vec<(PathBuf, Run)>,
    subjects: &Subjects,
    entries: Vec<Entry>,
    elapsed_s: f64,
) -> Vec<(PathBuf, Saved)> {
    let (mut batches, mut rows, mut notes) = (Vec::<BatchSamples>::new(), Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Samples(samples) => {
                match batches.iter_mut().find(|known| known.batch_size == samples.batch_size) {
                    Some(known) => known.extend(samples),
                    None => batches.push(samples),
                }
            }
            Entry::Row { run, batch_size, row } => rows.push((run, batch_size, row)),
            Entry::Note(run, sentence) => notes.push((run, sentence)),
            Entry::Round { .. } | Entry::ElapsedS(_) => {}
        }
    }
    let rounds = batches.iter().map(BatchSamples::rounds).max().unwrap_or(0);
    if rounds == 0 && rows.is_empty() {
        return Vec::new();
    }
    let mut recovered = Vec::new();
    for (index, (folder, mut run)) in runs.into_iter().enumerate() {
        for samples in &batches {
            let mut batch = run_rows::batch(subjects, &run.settings, samples, index);
            let late = rows.iter().filter(|(run, size, _)| (*run, *size) == (index, samples.batch_size));
            batch.processors.extend(late.map(|(_, _, row)| (**row).clone()));
            run.notes.extend(run_rows::notes(subjects, samples, index));
            run.batches.push(batch);
        }
        let own = notes.iter().filter(|(run, _)| run.is_none_or(|run| run == index));
        run.notes.extend(own.map(|(_, sentence)| sentence.clone()));
        run.notes.push(note(rounds));
        (run.partial, run.partial_because) = (true, Some(PartialBecause::Interrupted));
        run.elapsed_s = elapsed_s;
        recovered.push((folder, Saved::Run(run)));
    }
    recovered
}

fn decision_of(mut decision: Decision, entries: Vec<Entry>, elapsed_s: f64) -> Option<(PathBuf, Saved)> {
    let mut pairs = vec![Pairs::default(); decision.rows.len()];
    for entry in entries {
        if let Entry::Round { row, times } = entry {
            // A row that the header does not name would be a fault of the writer, and cannot be shown.
            if let Some(pairs) = pairs.get_mut(row) {
                pairs.push(&times);
            }
        }
    }
    let rounds = pairs.iter().map(Pairs::rounds).max().filter(|rounds| *rounds > 0)?;
    let rows = std::mem::take(&mut decision.rows).into_iter().zip(pairs);
    decision.rows = rows
        .map(|(row, pairs)| {
            let judged = judge_pairs(&pairs, &decision.rule);
            decision_rows::settled(row, pairs, judged)
        })
        .collect();
    decision.notes.push(note(rounds));
    (decision.partial, decision.elapsed_s) = (true, elapsed_s);
    Some((PathBuf::new(), Saved::Decision(decision.concluded())))
}

#[cfg(test)]
#[path = "recover_tests.rs"]
mod tests;
