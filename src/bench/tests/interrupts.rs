//! Ctrl-C.

use super::*;

/// `naive`, but each call is counted and interrupts the bench.
struct Interrupting {
    inner: Box<dyn Processor>,
    interrupt: Arc<Interrupt>,
    calls: Arc<AtomicUsize>,
}

impl Processor for Interrupting {
    fn name(&self) -> &'static str {
        "interrupting"
    }

    fn feed(&self) -> Feed {
        self.inner.feed()
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.interrupt.store(true, Ordering::Relaxed);
        self.inner.process(batch, clock)
    }
}

#[test]
fn an_interrupt_in_a_warm_up_is_seen_before_the_next_processor() {
    let interrupt = Arc::new(Interrupt::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let processor = || -> Box<dyn Processor> {
        Box::new(Interrupting { inner: naive(), interrupt: interrupt.clone(), calls: calls.clone() })
    };
    let forwards = vec![in_run(0, Box::new(Quick { largest: 99 }))];
    let run = Asked::default().bench(vec![processor(), processor()], forwards, &interrupt).remove(0);
    assert!(run.partial && run.batches.is_empty());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}
