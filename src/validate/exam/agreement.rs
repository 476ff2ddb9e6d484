//! Whether two observations, or two images' tensors, agree.

use anyhow::{Result, bail};
use patchmark_results::text::first_line;

use super::{Exam, Usual};
use crate::{
    parity::{self, bits::equal},
    validate::{
        calls::{call, limit_of},
        inspect::inspect,
    },
    worker::Observation,
};

impl Exam<'_> {
    /// Why two observations of the same call do not agree, if they do not.
    pub(in crate::validate) fn disagree(
        &mut self,
        reference: &Observation,
        candidate: &Observation,
    ) -> Result<Option<String>> {
        Ok(match (reference, candidate) {
            (Observation::Raised { .. }, Observation::Raised { .. }) => None,
            (Observation::Raised { message, .. }, Observation::Returned(_)) => {
                Some(format!("returns a result where the reference raises {}", first_line(message)))
            }
            (Observation::Returned(_), Observation::Raised { message, .. }) => {
                Some(format!("raises {} where the reference returns a result", first_line(message)))
            }
            (Observation::Returned(reference), Observation::Returned(candidate)) => {
                let found = inspect(reference, candidate, i64::MAX, &self.tolerance)?;
                // What is already wrong with plain calls is reported by the check that guards it.
                let usual = self.usual()?;
                let values = found.parity.filter(|found| {
                    let known =
                        found.class() <= usual.parity.class() && found.worst <= 2.0 * usual.parity.worst;
                    !self.tolerance.accept(found) && !known
                });
                let structure = found.broken.into_iter().find(|(check, _)| !usual.broken.contains(check));
                let structure = structure.map(|(_, sentence)| sentence);
                structure.or(values.map(|found| found.describe()))
            }
            _ => bail!("a dead worker was compared"),
        })
    }

    /// What is wrong with plain calls on three images.
    fn usual(&mut self) -> Result<Usual> {
        if let Some(usual) = &self.usual {
            return Ok(usual.clone());
        }
        let mut total = Usual::default();
        for (number, (width, height)) in [(901, (64, 48)), (902, (300, 200)), (903, (50, 90))] {
            let image = self.noise(number, width, height)?;
            let (reference, candidate) = self.session.call_both(&call(vec![image]))?;
            if let (Observation::Returned(reference), Observation::Returned(candidate)) =
                (&reference, &candidate)
            {
                let found = inspect(reference, candidate, limit_of(&call(Vec::new())), &self.tolerance)?;
                total.broken.extend(found.broken.into_iter().map(|(check, _)| check));
                total.parity.add(&found.parity.unwrap_or_default());
            }
        }
        Ok(self.usual.insert(total).clone())
    }

    /// Whether the tensors of two images agree within the tolerance; `pixel_values` comes first in both slices.
    pub(in crate::validate) fn agree(&self, one: &[tch::Tensor], other: &[tch::Tensor]) -> Result<bool> {
        let ([values, rest @ ..], [other_values, other_rest @ ..]) = (one, other) else { return Ok(false) };
        for (a, b) in rest.iter().zip(other_rest) {
            if !equal(a, b)? {
                return Ok(false);
            }
        }
        if values.size() != other_values.size() || values.dim() != 2 {
            return equal(values, other_values);
        }
        let (a, b) = (values.f_unsqueeze(0)?, other_values.f_unsqueeze(0)?);
        let found = parity::measure(&a, &b, &[values.size()[0]], &self.tolerance)?;
        Ok(self.tolerance.accept(&found))
    }
}
