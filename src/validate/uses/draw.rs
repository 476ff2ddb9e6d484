//! Draws uses: every choice alone, then the pairs of choices that can hide a fault from each other, then three at a time.

use std::collections::HashSet;

use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};

use super::{
    drawn::{Argument, Choice, Use},
    literals::{is_json, literals},
    ways::{ATTRIBUTES, SLOTS, Slot},
};
use crate::validate::cases::Extent;

/// Three images of one size, among the ways of [`Slot::Sizes`]: containers of one image all look alike.
const THREE: usize = 1;
/// Sizes at which the order of axes cannot be told from an array's shape, and one at which it can, among the ways of
/// [`Slot::Sizes`].
const AMBIGUOUS: [usize; 4] = [0, 5, 6, 7];

/// Arguments that SigLIP 2's processors accept and that change nothing in a plain call.
const INERT: [&str; 11] = [
    "crop_size",
    "data_format",
    "default_to_square",
    "device",
    "disable_grouping",
    "do_center_crop",
    "do_pad",
    "image_seq_length",
    "input_data_format",
    "pad_size",
    "size",
];

/// What may be drawn for a reference.
pub(super) struct Pool {
    /// Every argument with every value.
    arguments: Vec<Argument>,
    /// Each argument with its most telling value.
    telling: Vec<Argument>,
    /// Those of them that change what a plain call returns.
    changing: Vec<Argument>,
}

impl Pool {
    /// From the reference's own signature: argument names with the values that they have if they are not given.
    pub(super) fn new(signature: &Map<String, Value>) -> Self {
        let (mut arguments, mut telling) = (Vec::new(), Vec::new());
        for (name, usual) in signature {
            let values = literals(name, usual);
            telling.extend(values.first().map(|value| (name.clone(), value.clone())));
            arguments.extend(values.into_iter().map(|value| (name.clone(), value)));
        }
        let changing = telling.iter().filter(|(name, _)| !INERT.contains(&name.as_str())).cloned().collect();
        Self { arguments, telling, changing }
    }

    /// Each choice alone; `spawn` says whether processes may be started.
    pub(super) fn singles(&self, spawn: bool) -> Vec<Use> {
        let mut singles = Vec::new();
        for slot in SLOTS {
            for choice in ways(slot).filter(|choice| spawn || !choice.spawns()) {
                // What holds a batch shows with more than one image only, and with images that it can hold.
                if slot == Slot::Container {
                    for form in main_forms() {
                        let batch = Use::default().with(Slot::Sizes, THREE).with(Slot::Form, form);
                        singles.extend(batch.and(&choice));
                    }
                } else {
                    singles.extend(Use::default().and(&choice));
                }
            }
        }
        singles.extend(with(&Use::default(), self.arguments.iter().cloned().map(Choice::Argument)));
        singles.extend(with(&Use::default(), self.arguments.iter().cloned().map(Choice::Parameter)));
        for (index, way) in Slot::Construction.ways().iter().enumerate().skip(1) {
            let told = self.telling.iter().filter(|(_, value)| way.name == ATTRIBUTES || is_json(value));
            let constructed = Use::default().with(Slot::Construction, index);
            singles.extend(with(&constructed, told.cloned().map(Choice::Parameter)));
        }
        singles
    }

    /// Further uses in the order in which they are tried, as many as the extent allows.
    pub(super) fn combinations(&self, extent: Extent, seed: u64) -> Vec<Use> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut rest = self.other_pairs();
        rest.shuffle(&mut random);
        let (of_rest, threes) = match extent {
            Extent::Quick => (80, 0),
            Extent::Default => (900, 100),
            Extent::Full => (usize::MAX, 4000),
        };
        let pairs = self.telling_pairs().into_iter().chain(rest.into_iter().take(of_rest));
        let mut seen = HashSet::new();
        let threes = std::iter::repeat_with(|| self.three(&mut random)).take(threes).flatten();
        let drawn: Vec<Use> = pairs.collect();
        drawn.into_iter().chain(threes).filter(|each| seen.insert(each.clone())).collect()
    }

    fn arguments(&self) -> Vec<Choice> {
        self.telling.iter().cloned().map(Choice::Argument).collect()
    }

    fn parameters(&self) -> Vec<Choice> {
        self.telling.iter().cloned().map(Choice::Parameter).collect()
    }

    /// Pairs in which one choice decides what the other means, and the cases in which the order of axes must be given.
    fn telling_pairs(&self) -> Vec<Use> {
        let arguments: Vec<Choice> = self.changing.iter().cloned().map(Choice::Argument).collect();
        let parameters: Vec<Choice> = self.changing.iter().cloned().map(Choice::Parameter).collect();
        let mut pairs = Vec::new();
        // The call's argument comes before the instance's parameter.
        for (name, value) in &self.arguments {
            let given = Choice::Argument((name.clone(), value.clone()));
            let known = parameters
                .iter()
                .filter(|each| matches!(each, Choice::Parameter((known, _)) if known == name));
            pairs.extend(known.filter_map(|known| Use::default().and(known)?.and(&given)));
        }
        cross(&mut pairs, &arguments, &arguments);
        cross(&mut pairs, &arguments, &ways(Slot::Pixels).collect::<Vec<_>>());
        cross(&mut pairs, &parameters, &ways(Slot::Object).collect::<Vec<_>>());
        // Grey images, palettes and transparency can be processed only once they are converted.
        let converted = Choice::Argument(("do_convert_rgb".into(), "True".into()));
        if arguments.contains(&converted) {
            let forms = ways(Slot::Form);
            pairs.extend(forms.filter_map(|form| Use::default().and(&form)?.and(&converted)));
        }
        let small = main_forms().flat_map(|form| AMBIGUOUS.map(|sizes| (form, sizes)));
        for (form, sizes) in small {
            let order = self.arguments.iter().filter(|(name, _)| name == "input_data_format");
            let drawn = Use::default().with(Slot::Form, form).with(Slot::Sizes, sizes);
            pairs.extend(with(&drawn, order.cloned().map(Choice::Argument)));
        }
        pairs
    }

    /// Pairs of inputs with everything else.
    fn other_pairs(&self) -> Vec<Use> {
        let (arguments, parameters) = (self.arguments(), self.parameters());
        let forms: Vec<Choice> = ways(Slot::Form).collect();
        let mut pairs = Vec::new();
        cross(&mut pairs, &forms, &arguments);
        cross(&mut pairs, &arguments, &ways(Slot::Returns).collect::<Vec<_>>());
        cross(&mut pairs, &arguments, &ways(Slot::Call).collect::<Vec<_>>());
        cross(&mut pairs, &ways(Slot::Returns).collect::<Vec<_>>(), &ways(Slot::Outcome).collect::<Vec<_>>());
        cross(&mut pairs, &forms, &ways(Slot::Sizes).collect::<Vec<_>>());
        cross(&mut pairs, &forms, &ways(Slot::Returns).collect::<Vec<_>>());
        cross(&mut pairs, &ways(Slot::Sizes).collect::<Vec<_>>(), &arguments);
        cross(&mut pairs, &runners(), &parameters);
        let containers: Vec<Choice> = ways(Slot::Container).collect();
        let batch = Use::default().with(Slot::Sizes, THREE);
        for container in &containers {
            let Some(batch) = batch.clone().and(container) else { continue };
            pairs.extend(with(&batch, forms.iter().cloned()));
            for form in main_forms() {
                pairs.extend(with(&batch.clone().with(Slot::Form, form), arguments.iter().cloned()));
            }
        }
        pairs
    }

    /// Three choices at random.
    fn three(&self, random: &mut ChaCha8Rng) -> Option<Use> {
        let mut drawn = Use::default();
        for _ in 0..3 {
            let choice = match random.random_range(0..SLOTS.len() + 6) {
                0..=3 => Choice::Argument(
                    self.arguments.get(random.random_range(0..self.arguments.len().max(1)))?.clone(),
                ),
                4..=5 => Choice::Parameter(
                    self.arguments.get(random.random_range(0..self.arguments.len().max(1)))?.clone(),
                ),
                slot => {
                    let slot = SLOTS[slot - 6];
                    Choice::Way(slot, random.random_range(1..slot.ways().len()))
                }
            };
            drawn = if choice.spawns() { drawn } else { drawn.clone().and(&choice).unwrap_or(drawn) };
        }
        Some(drawn)
    }
}

/// Every way of a slot but the plain one.
fn ways(slot: Slot) -> impl Iterator<Item = Choice> {
    (1..slot.ways().len()).map(move |way| Choice::Way(slot, way))
}

fn runners() -> Vec<Choice> {
    ways(Slot::Runner).filter(|choice| !choice.spawns()).collect()
}

/// PIL images, arrays, tensors: one form of each kind.
fn main_forms() -> impl Iterator<Item = usize> {
    const MAIN: [&str; 4] =
        ["PIL images", "uint8 arrays [H, W, 3]", "uint8 tensors [3, H, W]", "float32 tensors from 0 to 1"];
    let forms = Slot::Form.ways().iter().enumerate();
    forms.filter(|(_, way)| MAIN.contains(&way.name)).map(|(index, _)| index)
}

/// The use with each of the choices.
fn with(base: &Use, choices: impl Iterator<Item = Choice>) -> Vec<Use> {
    choices.filter_map(|choice| base.clone().and(&choice)).collect()
}

fn cross(pairs: &mut Vec<Use>, ones: &[Choice], others: &[Choice]) {
    for (index, one) in ones.iter().enumerate() {
        let Some(base) = Use::default().and(one) else { continue };
        // Of two choices from one list, each pair is drawn once.
        let others = if std::ptr::eq(ones, others) { &others[index..] } else { others };
        pairs.extend(with(&base, others.iter().cloned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pool() -> Pool {
        let signature = json!({
            "do_resize": true, "do_rescale": true, "do_normalize": true, "do_convert_rgb": null, "resample": 2,
            "rescale_factor": 0.00392, "image_mean": [0.5], "image_std": [0.5], "max_num_patches": 256,
            "patch_size": 16, "device": null, "size": null, "data_format": "channels_first",
            "input_data_format": null, "disable_grouping": null, "new_flag": true,
        });
        Pool::new(signature.as_object().unwrap())
    }

    #[test]
    fn every_choice_is_drawn_alone_and_the_same_seed_draws_the_same_combinations() {
        let pool = pool();
        let singles = pool.singles(true);
        for slot in SLOTS {
            for choice in ways(slot) {
                assert!(singles.iter().any(|each| each.choices().contains(&choice)), "{choice:?}");
            }
        }
        for argument in &pool.arguments {
            for choice in [Choice::Argument(argument.clone()), Choice::Parameter(argument.clone())] {
                assert!(singles.iter().any(|each| each.choices() == [choice.clone()]), "{choice:?}");
            }
        }
        let drawn = |extent, seed| pool.combinations(extent, seed);
        assert_eq!(drawn(Extent::Quick, 3), drawn(Extent::Quick, 3));
        assert_ne!(drawn(Extent::Quick, 3), drawn(Extent::Quick, 4));
        let counts = [Extent::Quick, Extent::Default, Extent::Full].map(|extent| drawn(extent, 0).len());
        assert!(
            counts.is_sorted() && counts[0] >= 250 && counts[1] >= 1000 && counts[2] >= 5000,
            "{counts:?}"
        );
    }

    #[test]
    fn only_one_use_starts_a_process_and_only_if_it_may() {
        let pool = pool();
        let spawned = |uses: &[Use]| uses.iter().filter(|each| each.spawns()).count();
        assert_eq!([spawned(&pool.singles(true)), spawned(&pool.singles(false))], [1, 0]);
        assert_eq!(spawned(&pool.combinations(Extent::Full, 0)), 0);
    }
}
