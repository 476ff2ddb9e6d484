//! Everything that is made from a saved result.

use patchmark_report::{View, views};
use patchmark_results::{Kind, Saved};

use crate::scratch;

/// Reads a file as a result of `kind` and, unless it is refused, draws it and reads it back.
///
/// # Panics
/// If what was accepted cannot be drawn or read back.
pub fn read_and_draw(kind: Kind, data: &[u8]) {
    let Ok(saved) = Saved::read(&scratch::file(kind.file(), data)) else { return };
    let view = views::of(&saved);
    draw(view);
    let again = view.json().expect("a result that was read can be saved");
    let again = Saved::read(&scratch::file(view.kind().file(), &again)).expect("a saved result can be read");
    assert_eq!(views::of(&again).outcome(), view.outcome(), "saving does not change the exit code");
}

/// Makes the words, tables and page of a result.
///
/// # Panics
/// If that fails.
pub fn draw(view: &dyn View) {
    view.headline();
    view.origin();
    view.summary();
    // From the narrowest terminal that is laid out for.
    for columns in [40, 60, 100] {
        view.text(columns);
    }
    view.summary_within(500);
    view.outcome();
    view.junit().expect("JUnit of any result");
    let charts = view.charts().expect("charts of any result");
    view.page(&charts, &[]).expect("a page of any result");
}
