//! Failures outside the samples: timing stages, and comparing the forwards at the end.

use super::*;

/// A forward that works `calls_left` times; timing its stages always fails.
struct Mortal {
    calls_left: Cell<usize>,
    failure: &'static str,
}

impl Mortal {
    fn boxed(calls_left: usize, failure: &'static str) -> Box<dyn Forward> {
        Box::new(Self { calls_left: Cell::new(calls_left), failure })
    }
}

impl Forward for Mortal {
    fn name(&self) -> &str {
        "mortal"
    }

    fn forward(&self, inputs: &ModelInputs, text: Option<&TextInputs>) -> Result<ModelOutputs> {
        if self.calls_left.get() == 0 {
            bail!(self.failure);
        }
        self.calls_left.set(self.calls_left.get() - 1);
        Quick { largest: 99 }.forward(inputs, text)
    }

    fn positions_ms(&self, _: &ModelInputs, _: Option<&TextInputs>) -> Result<Option<(f64, f64)>> {
        bail!("the stages of this forward cannot be told apart")
    }
}

#[test]
fn a_device_that_is_lost_in_the_last_step_leaves_all_samples() {
    // One call warms up and three are measured; the comparison of the forwards finds the device gone.
    let forwards = vec![in_run(0, Mortal::boxed(4, LOST)), in_run(0, Box::new(Quick { largest: 99 }))];
    let run = Asked::default().bench(vec![naive()], forwards, &Interrupt::new(false)).remove(0);
    assert!(run.partial);
    assert_eq!(run.batches[0].forwards[0].forward_ms.samples.len(), 3);
    assert!(run.batches[0].processors[0].preprocess_ms.samples.len() >= 3);
    let note = run.notes.iter().find(|note| note.contains("could not be compared")).expect("a note");
    assert!(note.contains(LOST), "{note}");
}

/// A processor that fails when its stages are timed.
struct Stageless(Box<dyn Processor>);

impl Processor for Stageless {
    fn name(&self) -> &'static str {
        "stageless"
    }

    fn feed(&self) -> Feed {
        self.0.feed()
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        if clock.is_enabled() {
            bail!("the stages of this processor cannot be told apart");
        }
        self.0.process(batch, clock)
    }
}

#[test]
fn stages_that_fail_leave_the_row() {
    let asked = Asked { stages: true, ..Asked::default() };
    let forwards = vec![in_run(0, Mortal::boxed(99, LOST))];
    let run = asked.bench(vec![Box::new(Stageless(naive()))], forwards, &Interrupt::new(false)).remove(0);
    let batch = &run.batches[0];
    assert!(!run.partial && batch.processors[0].failure.is_none());
    assert!(batch.processors[0].preprocess_ms.samples.len() >= 3);
    assert!(batch.forwards[0].forward_ms.samples.len() >= 3);
    assert!(batch.processors[0].ratio.contains_key("mortal"));
    for which in ["stageless", "the mortal forward"] {
        let told = format!("the stages of {which} could not be timed");
        assert_eq!(run.notes.iter().filter(|note| note.contains(&told)).count(), 1, "{:?}", run.notes);
    }
}
