//! Looks for the smallest use that still shows a difference.

use anyhow::Result;

use super::{
    drawn::{Choice, Use},
    ways::Slot,
};

/// Uses that may be tried for each fault.
const TRIES: usize = 40;

/// Leaves out one choice after the other while `differs`.
pub(super) fn smallest(drawn: &Use, differs: &mut dyn FnMut(&Use) -> Result<bool>) -> Result<Use> {
    let mut best = drawn.clone();
    let mut tries = 0;
    'smaller: loop {
        for next in simpler(&best) {
            if tries == TRIES {
                break 'smaller;
            }
            tries += 1;
            if differs(&next)? {
                best = next;
                continue 'smaller;
            }
        }
        break;
    }
    Ok(best)
}

/// The uses with one choice less, then those with a plainer choice.
fn simpler(drawn: &Use) -> Vec<Use> {
    let mut next: Vec<Use> = drawn.choices().iter().map(|choice| drawn.without(choice)).collect();
    // A fault of one form is best shown by the first form that has it: PIL images before arrays, arrays before tensors.
    for choice in drawn.choices() {
        let Choice::Way(slot @ (Slot::Form | Slot::Sizes | Slot::Construction), way) = choice else {
            continue;
        };
        next.extend((1..way.min(4)).map(|plainer| drawn.clone().with(slot, plainer)));
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_fault_needs_is_left() {
        let (black, pickle) = (Choice::Way(Slot::Pixels, 1), Choice::Way(Slot::Object, 1));
        let flag = Choice::Argument(("do_normalize".into(), "False".into()));
        let other = Choice::Argument(("patch_size".into(), "14".into()));
        let drawn = [&black, &pickle, &flag, &other]
            .into_iter()
            .fold(Use::default(), |drawn, choice| drawn.and(choice).unwrap());
        let mut needs = |each: &Use| Ok(each.choices().contains(&black) && each.choices().contains(&flag));
        assert_eq!(smallest(&drawn, &mut needs).unwrap().choices(), [black.clone(), flag.clone()]);
        let mut always = |_: &Use| Ok(true);
        assert_eq!(smallest(&drawn, &mut always).unwrap(), Use::default());
    }
}
