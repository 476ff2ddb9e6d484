//! What passing a batch to a subject costs beside its own time: measured, shown, and not part of any figure.

use patchmark_results::text::number;
use patchmark_statistics::median;

/// The milliseconds beside a subject's own time, by batch, in the order in which batches were first timed.
#[derive(Debug, Default)]
pub(crate) struct Border(Vec<(String, Vec<f64>)>);

impl Border {
    /// Adds what a request took beside the subject's own time.
    pub(crate) fn add(&mut self, batch: &str, ms: f64) {
        match self.0.iter_mut().find(|(known, _)| known == batch) {
            Some((_, all)) => all.push(ms),
            None => self.0.push((batch.to_owned(), vec![ms])),
        }
    }

    /// A sentence on the requests to `name`; none if none was measured.
    pub(crate) fn note(&self, name: &str) -> Option<String> {
        let batches = self.0.iter().map(|(batch, all)| format!("{} ms at {batch}", number(median(all))));
        let batches = batches.collect::<Vec<_>>().join(", ");
        (!batches.is_empty()).then(|| {
            format!(
                "requests to {name} took this much beside its own time, and are not part of it: {batches}"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_is_the_median_of_each_batch_in_order() {
        let mut border = Border::default();
        assert_eq!(border.note("exec:./mine"), None);
        for (batch, ms) in [("batch 8", 4.0), ("batch 1", 1.0), ("batch 1", 2.0), ("batch 1", 9.0)] {
            border.add(batch, ms);
        }
        let says = "requests to exec:./mine took this much beside its own time, and are not part of it: 4.00 ms at batch 8, \
                    2.00 ms at batch 1";
        assert_eq!(border.note("exec:./mine").unwrap(), says);
    }
}
