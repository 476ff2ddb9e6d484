//! Threads that outlast the call that started them.

use std::{sync::atomic::AtomicBool, thread, time::Duration};

use super::*;

/// A processor that leaves a thread behind, which keeps a CPU busy.
struct Littering {
    inner: Box<dyn Processor>,
    /// Set while the thread is at work.
    littered: Arc<AtomicBool>,
    /// How long it works.
    time: Duration,
}

impl Processor for Littering {
    fn name(&self) -> &'static str {
        "littering"
    }

    fn feed(&self) -> Feed {
        self.inner.feed()
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        let inputs = self.inner.process(batch, clock)?;
        // A thread of the call before may still be at work if this call is not a timed one.
        if !self.littered.swap(true, Ordering::SeqCst) {
            let (littered, time) = (Arc::clone(&self.littered), self.time);
            thread::Builder::new().name("litter".into()).spawn(move || {
                let start = Instant::now();
                while start.elapsed() < time {
                    std::hint::spin_loop();
                }
                littered.store(false, Ordering::SeqCst);
            })?;
        }
        Ok(inputs)
    }
}

/// A processor that tells in which of its calls the other's thread was at work.
struct Watching {
    inner: Box<dyn Processor>,
    littered: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<bool>>>,
}

impl Processor for Watching {
    fn name(&self) -> &'static str {
        "watching"
    }

    fn feed(&self) -> Feed {
        self.inner.feed()
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        self.seen.lock().unwrap().push(self.littered.load(Ordering::SeqCst));
        self.inner.process(batch, clock)
    }
}

/// A bench of both processors: in which of the other's calls the thread was at work, and the run.
fn littered(time: Duration) -> (Vec<bool>, Run) {
    let (littered, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let littering = Littering { inner: naive(), littered: Arc::clone(&littered), time };
    let watching = Watching { inner: naive(), littered, seen: Arc::clone(&seen) };
    let run = measure(vec![Box::new(littering), Box::new(watching)], Quick { largest: 99 }, None, &[1]);
    let seen = seen.lock().unwrap().clone();
    (seen, run)
}

#[test]
fn a_sample_begins_after_the_threads_of_the_subject_before() {
    let (seen, run) = littered(Duration::from_millis(30));
    // The first call is the warm-up, which takes no sample.
    assert_eq!(seen[1..], [false; 3], "{:?}", run.notes);
    assert_eq!(run.batches[0].processors[1].preprocess_ms.samples.len(), 3);
}

#[test]
fn a_thread_that_does_not_stop_is_a_note_and_no_hang() {
    let (seen, run) = littered(Duration::from_secs(5));
    assert!(seen.contains(&true));
    assert_eq!(run.batches[0].processors[1].preprocess_ms.samples.len(), 3);
    assert!(run.notes.iter().any(|note| note.contains("litter")), "{:?}", run.notes);
}

#[test]
fn with_several_threads_a_processor_is_also_timed_right_behind_a_forward() {
    let asked = |threads| {
        let asked = Asked { threads, ..Asked::default() };
        let forwards = vec![in_run(0, Box::new(Quick { largest: 99 }))];
        asked.bench(vec![naive()], forwards, &Interrupt::new(false)).remove(0)
    };
    let behind = |run: &Run| run.batches[0].processors[0].behind_forward_ms.clone();
    assert_eq!(behind(&asked(1)), None);
    // Of three rounds, one may begin with the forward, before the processor has a sample.
    assert!(behind(&asked(2)).is_some_and(|behind| behind.samples.len() >= 2));
}
