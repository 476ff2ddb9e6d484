//! Several settings of the forward in one bench.

use super::*;

#[test]
fn settings_of_the_forward_share_what_preprocessing_took() {
    let quick = || Box::new(Quick { largest: 99 });
    let asked = Asked { dtypes: &["f32", "bf16"], batch_sizes: &[1, 2], ..Asked::default() };
    // The second run's forward runs out of memory with two images.
    let forwards = vec![in_run(0, quick()), in_run(1, Box::new(Quick { largest: 1 }))];
    let runs = asked.bench(vec![naive()], forwards, &Interrupt::new(false));
    let [first, second] = runs.as_slice() else { panic!("{} runs", runs.len()) };
    assert_eq!([&first.settings.dtype, &second.settings.dtype], ["f32", "bf16"]);
    for (one, other) in first.batches.iter().zip(&second.batches) {
        assert_eq!(one.processors[0].preprocess_ms, other.processors[0].preprocess_ms);
        assert_eq!([one.forwards.len(), other.forwards.len()], [1, 1]);
    }
    assert_ne!(first.batches[0].forwards, second.batches[0].forwards, "each run has its own forward's times");
    assert!(first.batches[1].processors[0].ratio.contains_key("quick"));
    assert!(second.batches[1].processors[0].ratio.is_empty());
    let ended_early = |run: &Run| run.notes.iter().any(|note| note.contains("ended early"));
    assert_eq!([ended_early(first), ended_early(second)], [false, true]);
}
