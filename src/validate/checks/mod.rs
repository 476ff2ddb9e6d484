//! Every check by name: what it guards and how it works.
//!
//! To add one, add a line here and a function in the file of its kind. A faulty candidate in `tests/candidates/` must
//! fail it and no other check, or the check is redundant.

mod arguments;
mod batches;
mod forms;
mod modes;
mod process;
mod repetition;

use anyhow::Result;

use super::exam::Exam;

/// A check that makes its own calls. Findings go to the ledger; a returned reason says why the check does not apply to
/// the subject.
type Run = fn(&mut Exam<'_>) -> Result<Option<String>>;

/// How a check finds faults.
#[derive(Clone, Copy)]
pub(super) enum Guard {
    /// It inspects every result of the corpus.
    Results,
    /// It watches the worker during all calls.
    Worker,
    /// It is one of the guards of drawn uses.
    Uses,
    /// It makes its own calls.
    Calls {
        /// Whether it needs a subject that is called in Python.
        python: bool,
        /// The check itself.
        run: Run,
    },
}

/// A check.
pub struct Check {
    /// Its stable name, for `--only` and `--skip`.
    pub name: &'static str,
    /// What it guards, in one sentence.
    pub guards: &'static str,
    pub(super) guard: Guard,
}

const fn results(name: &'static str, guards: &'static str) -> Check {
    Check { name, guards, guard: Guard::Results }
}

const fn worker(name: &'static str, guards: &'static str) -> Check {
    Check { name, guards, guard: Guard::Worker }
}

const fn uses(name: &'static str, guards: &'static str) -> Check {
    Check { name, guards, guard: Guard::Uses }
}

const fn calls(name: &'static str, guards: &'static str, run: Run) -> Check {
    Check { name, guards, guard: Guard::Calls { python: false, run } }
}

const fn python(name: &'static str, guards: &'static str, run: Run) -> Check {
    Check { name, guards, guard: Guard::Calls { python: true, run } }
}

/// Every check, in the order in which they are run and listed.
#[rustfmt::skip]
pub const CHECKS: [Check; 46] = [
    worker("loads", "the file can be imported and the class made without arguments"),
    worker("survives", "no call crashes, hangs, exits, floods its output or exhausts memory"),
    worker("accepts", "every image that the reference accepts is accepted"),
    results("keys", "the result has the reference's keys, none missing and none extra"),
    results("tensor-types", "every value is a torch tensor on the CPU without a gradient"),
    results("dtypes", "pixel_values are float32, the mask int32, spatial_shapes int64"),
    results("shapes", "shapes are [B, N, P·P·3], [B, N] and [B, 2] for every image"),
    results("mask", "the mask is 1 for rows × columns patches and 0 after them"),
    results("padding", "values after the last patch are exactly zero"),
    results("patch-limit", "rows × columns never exceed max_num_patches"),
    results("spatial-shapes", "each image gets the reference's (rows, columns), in that order"),
    results("finite", "no value is NaN or infinite"),
    results("batch-of-one", "a batch of one image keeps its batch dimension"),
    python("single-image", "an image that is not in a list is treated as a batch of one", forms::single_image),
    calls("large-batch", "batches of 16 to 128 images are as correct as one of 8", batches::large),
    calls("empty-batch", "an empty batch is refused, or answered as the reference does", batches::empty),
    calls("mixed-order", "images of mixed sizes come back in the order given", batches::mixed_order),
    calls("batch-invariance", "an image's result does not depend on its neighbours", batches::invariance),
    calls("permutation", "an image's result does not depend on its place in the batch", batches::permutation),
    calls("determinism", "the same call gives the same result each time", repetition::determinism),
    calls("no-memory", "new pixels of the same size never get an earlier image's result", repetition::no_memory),
    calls("outputs-kept", "a result is not overwritten by a later call", repetition::outputs_kept),
    python("inputs-untouched", "images and the list that holds them are unchanged by the call", process::inputs),
    python("global-state", "threads, default dtype, grad mode, random states and environment are unchanged", process::state),
    python("threads", "two threads may call one instance", process::threads),
    python("chw-tensors", "uint8 tensors [3, H, W] give what PIL images give", forms::chw),
    python("hwc-arrays", "uint8 arrays [H, W, 3] give what PIL images give", forms::hwc),
    python("stacked-tensor", "one tensor [B, 3, H, W] is a batch", forms::stacked),
    calls("max-num-patches", "max_num_patches passed at the call takes effect", arguments::max_num_patches),
    calls("patch-size", "patch_size passed at the call takes effect", arguments::patch_size),
    calls("arguments-pass", "arguments of one call do not affect the next", arguments::pass),
    python("device-argument", "device=\"cpu\" is accepted if the class names it", arguments::device),
    python("grey", "grey and two-colour PIL images do what the reference does", modes::grey),
    python("palette", "palette PIL images do what the reference does", modes::palette),
    python("alpha", "PIL images with alpha do what the reference does", modes::alpha),
    python("cmyk", "CMYK PIL images do what the reference does", modes::cmyk),
    python("sixteen-bit", "16-bit grey PIL images do what the reference does", modes::sixteen_bit),
    python("exif", "a PIL image with an EXIF rotation does what the reference does", modes::exif),
    uses("construction", "parameters given at construction, by a file or later take effect"),
    uses("call-arguments", "every argument of the call takes effect, alone and with others"),
    uses("input-forms", "files, arrays, tensors, tuples and nested lists do what the reference does"),
    uses("input-modes", "PIL images of the other modes do what the reference does"),
    uses("return-types", "return_tensors takes effect, and the result can be used as the reference's"),
    uses("serialization", "a pickled, copied or saved instance gives what the reference's gives"),
    uses("instances", "other instances, spawned workers and inference mode change nothing"),
    results("parity", "every value of every real patch equals the reference's"),
];

/// The names of all checks.
pub fn names() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_each_check_says_what_it_guards() {
        assert_eq!(names().into_iter().collect::<HashSet<_>>().len(), CHECKS.len());
        assert!(CHECKS.iter().all(|check| check.guards.len() > 20 && check.guards.len() < 90));
    }
}
