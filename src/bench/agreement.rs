//! How closely the forwards of a run agree.

use anyhow::Result;
use tch::{Kind, Tensor};

use super::{forwards::TimedForward, setup::Bench, sizes::BatchSizes};

/// How closely each other forward of a run agrees with its first, on the first batch size that was measured; empty if
/// the first failed.
pub(super) fn agreement(bench: &Bench, sizes: &BatchSizes<'_>, run: usize) -> Result<Vec<String>> {
    let Some((batch, text)) = sizes.under_test().next() else { return Ok(Vec::new()) };
    let embeds = |timed: &TimedForward| -> Result<Tensor> {
        timed.prepare(bench.device)?;
        let outputs = timed.forward.forward(batch.inputs(), timed.text(text))?;
        Ok(outputs.image_embeds.f_to_kind(Kind::Double)?)
    };
    let mut forwards = batch.forwards_of(bench, run);
    let Some((first, _)) = forwards.next().filter(|(_, passes)| passes.failure.is_none()) else {
        return Ok(Vec::new());
    };
    let expected = embeds(first)?;
    let mut sentences = Vec::new();
    for (other, _) in forwards.filter(|(_, passes)| passes.failure.is_none()) {
        let apart = embeds(other)?.f_subtract(&expected)?.f_abs()?.f_max()?.f_double_value(&[])?;
        let agree = if apart == 0.0 { "exactly".to_owned() } else { format!("within {apart:.1e}") };
        sentences.push(format!(
            "the {} and {} forwards agree {agree} on normalised image embeddings",
            first.forward.name(),
            other.forward.name()
        ));
    }
    Ok(sentences)
}
