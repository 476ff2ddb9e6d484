//! The figures of a saved run that a gate decides about, with their samples.

use patchmark_results::{Better, ParityStatus, ProcessorRow, Run};

/// The kind of a figure, as a policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureKind {
    /// Preprocess time ÷ forward time in the same round.
    Ratio,
    /// `hf`'s preprocess time ÷ this one's in the same round.
    Speedup,
    /// Milliseconds of preprocess or forward, which can only be compared on one class of machine.
    Time,
}

impl FigureKind {
    /// The name in a policy.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Speedup => "speedup",
            Self::Time => "time",
        }
    }
}

/// One figure of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The processor's name; none for a forward.
    pub processor: Option<String>,
    /// The processor and what it is fed, or the forward.
    pub subject: String,
    /// Images in the batch.
    pub batch_size: usize,
    /// The kind, as a policy names it.
    pub kind: FigureKind,
    /// The figure's name, such as `ratio (native)`.
    pub name: String,
    /// Which direction is better.
    pub better: Better,
    /// One sample per round; empty if the row failed.
    pub samples: Vec<f64>,
}

impl Figure {
    /// Whether another run's figure is the same one.
    pub fn is(&self, other: &Self) -> bool {
        (&self.subject, self.batch_size, &self.name) == (&other.subject, other.batch_size, &other.name)
    }
}

/// Every figure of a run, in the order of its tables.
pub fn figures(run: &Run) -> Vec<Figure> {
    let mut found = Vec::new();
    for batch in &run.batches {
        let forward = |name: &str, samples: &[f64]| Figure {
            processor: None,
            subject: format!("forward {name}"),
            batch_size: batch.batch_size,
            kind: FigureKind::Time,
            name: "forward ms".into(),
            better: Better::Lower,
            samples: samples.to_vec(),
        };
        found.extend(batch.forwards.iter().map(|row| forward(&row.name, &row.forward_ms.samples)));
        let hf = batch.processors.iter().find(|row| row.parity == ParityStatus::Reference);
        for row in &batch.processors {
            let preprocess = &row.preprocess_ms.samples;
            let figure = |kind, name: String, better, samples| Figure {
                processor: Some(row.name.clone()),
                subject: row.label(),
                batch_size: batch.batch_size,
                kind,
                name,
                better,
                samples,
            };
            for forward in &batch.forwards {
                let samples = ratios(preprocess, &forward.forward_ms.samples);
                let name = format!("ratio ({})", forward.name);
                found.push(figure(FigureKind::Ratio, name, Better::Lower, samples));
            }
            if let Some(hf) = hf.filter(|hf| hf.name != row.name) {
                let samples = ratios(&hf.preprocess_ms.samples, preprocess);
                found.push(figure(FigureKind::Speedup, "speed-up over hf".into(), Better::Higher, samples));
            }
            found.push(figure(FigureKind::Time, "preprocess ms".into(), Better::Lower, preprocess.clone()));
        }
    }
    found
}

/// Quotients within rounds; empty if a row ended early, since its rounds can then not be matched.
fn ratios(above: &[f64], below: &[f64]) -> Vec<f64> {
    if above.len() == below.len() {
        above.iter().zip(below).map(|(a, b)| a / b).collect()
    } else {
        Vec::new()
    }
}

/// The processors of a run with their batch sizes.
pub fn processors(run: &Run) -> impl Iterator<Item = (usize, &ProcessorRow)> {
    run.batches.iter().flat_map(|batch| batch.processors.iter().map(|row| (batch.batch_size, row)))
}
