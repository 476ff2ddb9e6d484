//! The reference's answers, kept so that further candidates cost little more than their own calls.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use anyhow::Result;
use tch::{Kind, Tensor};

use crate::{
    tensor_bytes::floats,
    worker::{Observation, Returned},
};

/// The most bytes of tensors that are kept.
const MOST_BYTES: usize = 1 << 30;

/// Answers by request.
#[derive(Default)]
pub(super) struct Answers {
    by_request: HashMap<String, Answer>,
    bytes: usize,
}

/// An answer whose tensors are packed.
struct Answer {
    /// The answer; what a call returned has no tensors in it.
    observation: Observation,
    tensors: BTreeMap<String, Packed>,
}

impl Answers {
    /// The answer to a request, if it was kept.
    ///
    /// # Errors
    /// If torch cannot make its tensors.
    pub(super) fn get(&self, request: &str) -> Result<Option<Observation>> {
        let Some(Answer { observation, tensors }) = self.by_request.get(request) else { return Ok(None) };
        let Observation::Returned(rest) = observation else { return Ok(Some(observation.clone())) };
        let tensors = tensors.iter().map(|(name, packed)| Ok((name.clone(), packed.unpack()?)));
        let tensors = tensors.collect::<Result<_>>()?;
        Ok(Some(Observation::Returned(Rc::new(Returned { tensors, ..rest.without_tensors() }))))
    }

    /// Keeps an answer, if there is room.
    pub(super) fn keep(&mut self, request: String, answer: &Observation) {
        let (observation, tensors) = match answer {
            Observation::Returned(returned) => {
                let packed = |(name, tensor): (&String, &Tensor)| (name.clone(), Packed::of(tensor));
                let tensors: BTreeMap<_, _> = returned.tensors.iter().map(packed).collect();
                (Observation::Returned(Rc::new(returned.without_tensors())), tensors)
            }
            other => (other.clone(), BTreeMap::new()),
        };
        let bytes: usize = tensors.values().map(Packed::bytes).sum();
        if self.bytes + bytes <= MOST_BYTES {
            self.bytes += bytes;
            self.by_request.insert(request, Answer { observation, tensors });
        }
    }
}

/// A tensor in a quarter of its memory, if it has few values: what was computed from bytes has at most 256, and the
/// answers of a whole corpus would not fit otherwise.
enum Packed {
    Whole(Tensor),
    Indexed { values: Vec<f32>, indices: Vec<u8>, size: Vec<i64> },
}

/// Bits that choose a place in the table of values: four places for each of the 256 values.
const TABLE_BITS: u32 = 10;

impl Packed {
    fn of(tensor: &Tensor) -> Self {
        let indexed = (tensor.kind() == Kind::Float && tensor.is_contiguous()).then(|| index(floats(tensor)));
        match indexed.flatten() {
            Some((values, indices)) => Self::Indexed { values, indices, size: tensor.size() },
            None => Self::Whole(tensor.shallow_clone()),
        }
    }

    fn unpack(&self) -> Result<Tensor> {
        Ok(match self {
            Self::Whole(tensor) => tensor.shallow_clone(),
            Self::Indexed { values, indices, size } => {
                let whole: Vec<f32> = indices.iter().map(|&index| values[usize::from(index)]).collect();
                Tensor::from_slice(&whole).f_reshape(size)?
            }
        })
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Whole(tensor) => tensor.numel() * tensor.kind().elt_size_in_bytes(),
            Self::Indexed { indices, .. } => indices.len(),
        }
    }
}

/// The values in the order in which they first occur, and which of them each of `all` is; none if there are more than 256.
/// Values are told apart by their bits.
fn index(all: &[f32]) -> Option<(Vec<f32>, Vec<u8>)> {
    let mut table = [u16::MAX; 1 << TABLE_BITS];
    let (mut values, mut indices) = (Vec::<f32>::new(), Vec::with_capacity(all.len()));
    for value in all {
        // Multiplying by 2³² divided by the golden ratio spreads neighbours over the table.
        let mut place = (value.to_bits().wrapping_mul(0x9e37_79b9) >> (u32::BITS - TABLE_BITS)) as usize;
        let index = loop {
            match values.get(usize::from(table[place])) {
                Some(known) if known.to_bits() == value.to_bits() => break table[place],
                Some(_) => place = (place + 1) % table.len(),
                None => {
                    table[place] = values.len() as u16;
                    values.push(*value);
                    break table[place];
                }
            }
        };
        indices.push(u8::try_from(index).ok()?);
    }
    Some((values, indices))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::bits::equal;

    fn unpacked(values: &[f32]) -> (bool, bool) {
        let tensor = Tensor::from_slice(values).view([1, -1]);
        let packed = Packed::of(&tensor);
        (matches!(packed, Packed::Indexed { .. }), equal(&packed.unpack().unwrap(), &tensor).unwrap())
    }

    #[test]
    fn what_is_packed_comes_back_bit_for_bit() {
        let levels: Vec<f32> = (0..5000).map(|each| (each * 7 % 256) as f32 / 127.5 - 1.0).collect();
        assert_eq!(unpacked(&levels), (true, true));
        assert_eq!(unpacked(&[0.0, -0.0, f32::NAN, -f32::NAN, f32::INFINITY, 0.0, -0.0]), (true, true));
        let many: Vec<f32> = (0..257).map(|each| each as f32).collect();
        assert_eq!(unpacked(&many), (false, true));
    }

    #[test]
    fn an_answer_is_known_by_its_request_and_has_all_that_it_had() {
        let mut answers = Answers::default();
        let raised = Observation::Raised { message: "ValueError".into(), traceback: "line 1".into() };
        answers.keep("one".into(), &raised);
        let tensors = BTreeMap::from([("shapes".to_owned(), Tensor::from_slice(&[3_i64, 4]))]);
        let returned = Returned { mapping: true, ms: 2.5, tensors, ..Returned::default() };
        answers.keep("two".into(), &Observation::Returned(returned.into()));
        assert!(answers.get("three").unwrap().is_none());
        assert!(
            matches!(answers.get("one").unwrap(), Some(Observation::Raised { message, .. }) if message == "ValueError")
        );
        let Some(Observation::Returned(found)) = answers.get("two").unwrap() else {
            panic!("another answer")
        };
        assert!(found.mapping && found.ms == 2.5);
        assert_eq!(found.shapes(), None);
        assert!(equal(&found.tensors["shapes"], &Tensor::from_slice(&[3_i64, 4])).unwrap());
    }
}
