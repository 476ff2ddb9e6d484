//! What a policy names and a decision does not have: such an entry guards nothing.

use patchmark_results::{Gap, GapKind};

use crate::{
    figures::{Figure, FigureKind},
    policy::{Entry, Policy, device_kind},
};

/// How the reader can correct a gap.
const ADVICE: &str = "correct the entry, or set allow_empty = true in it";

/// The figures of both runs, and the device on which they were measured.
pub(crate) struct Measured<'a> {
    /// The run's figures.
    pub(crate) run: &'a [Figure],
    /// The baseline's figures.
    pub(crate) baseline: &'a [Figure],
    /// The run's device.
    pub(crate) device: &'a str,
}

/// The gaps of every entry, and a note on each entry that is allowed to have some.
pub(crate) fn of_policy(policy: &Policy, measured: &Measured<'_>) -> (Vec<Gap>, Vec<String>) {
    let (mut gaps, mut notes) = (Vec::new(), Vec::new());
    for (start, entry) in policy.entries() {
        let coverage = Coverage { policy, entry, start, measured };
        let found = coverage.gaps();
        if !found.is_empty() && entry.allow_empty {
            notes.push(format!(
                "{}: the entry finds nothing to apply to, which it allows",
                policy.place(start)
            ));
        } else {
            gaps.extend(found);
        }
        gaps.extend(coverage.impossible_ceiling());
    }
    (gaps, notes)
}

/// One entry beside everything that was measured.
struct Coverage<'a> {
    policy: &'a Policy,
    entry: &'a Entry,
    start: usize,
    measured: &'a Measured<'a>,
}

impl Coverage<'_> {
    /// The rows that the entry selects, in the run or in its baseline.
    fn selected(&self) -> impl Iterator<Item = &Figure> {
        let Measured { run, baseline, device } = self.measured;
        run.iter().chain(*baseline).filter(|figure| self.entry.applies(figure, device))
    }

    fn gaps(&self) -> Vec<Gap> {
        if self.selected().next().is_none() {
            let detail = format!("the entry selects no row: {}; {ADVICE}", self.there_is());
            return vec![self.gap(GapKind::NoRow, self.start, detail)];
        }
        let mut gaps = self.unmatched();
        gaps.extend(self.ceiling_without_ratio());
        gaps
    }

    /// What the entry names and no selected row has: single names, then pairs of a processor and a batch size.
    fn unmatched(&self) -> Vec<Gap> {
        let entry = self.entry;
        let mut gaps = Vec::new();
        let mut check = |at: usize, what: String, fits: &dyn Fn(&Figure) -> bool| {
            let found = self.selected().any(fits);
            if !found {
                let detail = format!("no row that the entry selects {what}; {ADVICE}");
                gaps.push(self.gap(GapKind::NoRow, at, detail));
            }
            found
        };
        let is = |figure: &Figure, name: &str| figure.processor.as_deref() == Some(name);
        let mut names = Vec::new();
        for name in entry.processors.iter().flatten() {
            if check(name.span().start, format!("is of {}", name.get_ref()), &|figure| {
                is(figure, name.get_ref())
            }) {
                names.push(name);
            }
        }
        let mut sizes = Vec::new();
        for (at, size) in entry.batch_sizes.iter().flatten().map(|size| (size.span().start, *size.get_ref()))
        {
            if check(at, format!("has batch size {size}"), &|figure| figure.batch_size == size) {
                sizes.push(size);
            }
        }
        for device in entry.devices.iter().flatten() {
            let own = device_kind(self.measured.device);
            check(device.span().start, format!("was measured on {}", device.get_ref()), &|_| {
                device.get_ref() == own
            });
        }
        for kind in entry.figures.iter().flatten() {
            let what = format!("is a {}", kind.get_ref().name());
            check(kind.span().start, what, &|figure| figure.kind == *kind.get_ref());
        }
        for name in names {
            for &size in &sizes {
                let what = format!("is of {} at batch size {size}", name.get_ref());
                check(name.span().start, what, &|figure| {
                    is(figure, name.get_ref()) && figure.batch_size == size
                });
            }
        }
        gaps
    }

    /// A ceiling on an entry that selects no ratios by its own words. No run can mend that, so it cannot be allowed.
    fn impossible_ceiling(&self) -> Option<Gap> {
        let at = self.entry.max_ratio.as_ref()?.span().start;
        let kinds = self.entry.figures.as_ref()?;
        if kinds.iter().any(|kind| *kind.get_ref() == FigureKind::Ratio) {
            return None;
        }
        let names: Vec<_> = kinds.iter().map(|kind| format!("\"{}\"", kind.get_ref().name())).collect();
        let detail = format!(
            "max_ratio applies to ratios, and the entry selects only figures = [{}]; add \"ratio\" or remove the key",
            names.join(", ")
        );
        Some(self.gap(GapKind::NoRatio, at, detail))
    }

    /// Processors of the entry of which no ratio is held to the ceiling.
    fn ceiling_without_ratio(&self) -> Vec<Gap> {
        let Some(ratio) = self.entry.max_ratio.as_ref().filter(|_| self.impossible_ceiling().is_none())
        else {
            return Vec::new();
        };
        let device = self.measured.device;
        let measured = |figure: &&Figure| figure.kind == FigureKind::Ratio && !figure.samples.is_empty();
        let own: Vec<&Figure> =
            self.measured.run.iter().filter(|figure| self.entry.applies(figure, device)).collect();
        let names = match &self.entry.processors {
            Some(names) => names.iter().map(|name| Some(name.get_ref().as_str())).collect(),
            None => vec![None],
        };
        let of =
            |figure: &&&Figure, name: Option<&str>| name.is_none() || figure.processor.as_deref() == name;
        let gap = |name: Option<&str>| {
            // A name without any row is a gap of its own.
            if !self.selected().any(|figure| of(&&figure, name)) {
                return None;
            }
            let mut ratios = own.iter().filter(|figure| of(figure, name) && measured(figure)).peekable();
            let whose = name.map_or_else(String::new, |name| format!(" of {name}"));
            let why = if ratios.peek().is_none() {
                format!("the run has no ratio{whose} that the entry selects, so max_ratio applies to nothing")
            } else if ratios.any(|figure| self.policy.demand(figure, device).counts) {
                return None;
            } else {
                format!("no ratio{whose} that the entry selects counts, so max_ratio can fail nothing")
            };
            Some(self.gap(GapKind::NoRatio, ratio.span().start, format!("{why}; {ADVICE}")))
        };
        names.into_iter().filter_map(gap).collect()
    }

    /// What the runs have instead, for an entry that selects none of it.
    fn there_is(&self) -> String {
        let Measured { run, baseline, device } = self.measured;
        let (mut names, mut sizes): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
        for figure in run.iter().chain(*baseline) {
            let (name, size) = (figure.processor.as_deref(), figure.batch_size.to_string());
            names.extend(name.filter(|name| !names.contains(name)));
            if !sizes.contains(&size) {
                sizes.push(size);
            }
        }
        if names.is_empty() {
            return "neither run has a processor".to_owned();
        }
        let (names, sizes) = (names.join(", "), sizes.join(", "));
        format!("run and baseline have {names} at batch size {sizes} on {}", device_kind(device))
    }

    fn gap(&self, kind: GapKind, at: usize, detail: String) -> Gap {
        Gap { kind, place: self.policy.place(at), detail }
    }
}
