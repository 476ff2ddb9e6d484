//! A use of a processor: what a user would write, as choices that can be drawn, simplified and written as Python.

use super::ways::{SLOTS, SPAWNED, Slot, Way};

/// An argument and its value as Python source.
pub(super) type Argument = (String, String);

/// One whole use: construction, inputs, arguments, and what is done with the result.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Use {
    /// The chosen way of each slot.
    ways: [usize; SLOTS.len()],
    /// Parameters at construction.
    pub parameters: Vec<Argument>,
    /// Arguments of the call.
    pub arguments: Vec<Argument>,
}

/// A choice that makes a use other than the plain one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Choice {
    /// A way that is not the plain one.
    Way(Slot, usize),
    /// A parameter at construction.
    Parameter(Argument),
    /// An argument of the call.
    Argument(Argument),
}

impl Use {
    /// The chosen way of a slot.
    pub(super) fn way(&self, slot: Slot) -> &'static Way {
        &slot.ways()[self.ways[slot as usize]]
    }

    /// The same use with another way.
    pub(super) fn with(mut self, slot: Slot, way: usize) -> Self {
        self.ways[slot as usize] = way;
        self
    }

    /// The same use with a choice more; none if it already has another of that slot or argument.
    pub(super) fn and(mut self, choice: &Choice) -> Option<Self> {
        let taken = |arguments: &[Argument], name: &str| arguments.iter().any(|(known, _)| known == name);
        match choice {
            Choice::Way(slot, _) if self.ways[*slot as usize] != 0 => return None,
            Choice::Way(slot, way) => return Some(self.with(*slot, *way)),
            Choice::Parameter((name, _)) if taken(&self.parameters, name) => return None,
            Choice::Argument((name, _)) if taken(&self.arguments, name) => return None,
            Choice::Parameter(argument) => self.parameters.push(argument.clone()),
            Choice::Argument(argument) => self.arguments.push(argument.clone()),
        }
        Some(self)
    }

    /// The choices that make it other than the plain use.
    pub(super) fn choices(&self) -> Vec<Choice> {
        let ways = SLOTS.into_iter().map(|slot| (slot, self.ways[slot as usize]));
        let ways = ways.filter(|(_, way)| *way != 0).map(|(slot, way)| Choice::Way(slot, way));
        let parameters = self.parameters.iter().cloned().map(Choice::Parameter);
        ways.chain(parameters).chain(self.arguments.iter().cloned().map(Choice::Argument)).collect()
    }

    /// Whether it starts a process.
    pub(super) fn spawns(&self) -> bool {
        self.choices().iter().any(Choice::spawns)
    }

    /// The same use without one of its choices.
    pub(super) fn without(&self, choice: &Choice) -> Self {
        let mut plainer = self.clone();
        match choice {
            Choice::Way(slot, _) => plainer.ways[*slot as usize] = 0,
            Choice::Parameter(argument) => plainer.parameters.retain(|known| known != argument),
            Choice::Argument(argument) => plainer.arguments.retain(|known| known != argument),
        }
        plainer
    }
}

impl Choice {
    /// What kind of choice it is: arguments of one name are of one kind whatever their values.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Way(slot, way) => slot.ways()[*way].name.to_owned(),
            Self::Parameter((name, _)) => format!("parameter {name}"),
            Self::Argument((name, _)) => format!("argument {name}"),
        }
    }

    /// Whether it starts a process.
    pub(super) fn spawns(&self) -> bool {
        matches!(self, Self::Way(slot, way) if slot.ways()[*way].name == SPAWNED)
    }

    /// How a message names it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Way(slot, way) => slot.ways()[*way].name.to_owned(),
            Self::Parameter((name, value)) => format!("{name}={value} at construction"),
            Self::Argument((name, value)) => format!("{name}={value}"),
        }
    }

    /// The check that guards it; none if that depends on what the result shows.
    pub(super) fn guard(&self) -> Option<&'static str> {
        match self {
            Self::Way(slot, way) => Some(slot.ways()[*way].guard).filter(|guard| !guard.is_empty()),
            Self::Parameter(_) => Some("construction"),
            Self::Argument((name, _)) => Some(match name.as_str() {
                "max_num_patches" => "max-num-patches",
                "patch_size" => "patch-size",
                "device" => "device-argument",
                _ => "call-arguments",
            }),
        }
    }
}
