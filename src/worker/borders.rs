//! What passing a batch to a program costs beside its own time: read, shown, and not part of any figure.

use std::collections::BTreeMap;

use patchmark_results::text::number;
use patchmark_statistics::{RowName, median};

/// The milliseconds beside a program's own time, by place (0 or 1) and row.
#[derive(Debug, Default)]
pub(crate) struct Borders(BTreeMap<(usize, usize), Vec<f64>>);

impl Borders {
    /// Adds what a request took beside the program's own time; none for a subject that is not a program.
    pub(crate) fn add(&mut self, place: usize, row: usize, ms: Option<f64>) {
        if let Some(ms) = ms {
            self.0.entry((place, row)).or_default().push(ms);
        }
    }

    /// One sentence on each program.
    pub(crate) fn notes(&self, subjects: &[String; 2], rows: &[RowName]) -> Vec<String> {
        let of = |place: usize| {
            let own = self.0.iter().filter(|((of, _), _)| *of == place);
            let rows = own.filter_map(|((_, row), all)| {
                Some(format!("{} ms at {}", number(median(all)), rows.get(*row)?.batch))
            });
            let rows = rows.collect::<Vec<_>>();
            let name = &subjects[place];
            (!rows.is_empty()).then(|| {
                format!(
                    "requests to {name} took this much beside its own time, and are not part of it: {}",
                    rows.join(", ")
                )
            })
        };
        (0..subjects.len()).filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_have_a_border_which_is_the_median_of_each_row() {
        let row = |batch: &str| RowName {
            subject: String::new(),
            batch: batch.to_owned(),
            base_failure: None,
            candidate_failure: None,
            parity: None,
        };
        let (rows, subjects) =
            ([row("batch 1"), row("batch 8")], ["hf".to_owned(), "exec:./mine".to_owned()]);
        let mut borders = Borders::default();
        borders.add(0, 0, None);
        assert!(borders.notes(&subjects, &rows).is_empty());
        for (row, ms) in [(0, 1.0), (0, 2.0), (0, 9.0), (1, 4.0)] {
            borders.add(1, row, Some(ms));
        }
        let notes = borders.notes(&subjects, &rows);
        let says = "requests to exec:./mine took this much beside its own time, and are not part of it: 2.00 ms at batch 1, \
                    4.00 ms at batch 8";
        assert_eq!(notes, [says]);
    }
}
