//! Ctrl-C, and a signal to end: what was measured is saved first.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};

/// Set by the first Ctrl-C. Whoever measures looks at it and ends with what there is.
pub type Interrupt = AtomicBool;

/// What a second Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// It leaves at once, and nothing is saved.
    Leaves,
    /// Nothing: the first ends every wait soon, and worker processes and temporary folders are removed on the way.
    Waits,
}

/// A flag that the first Ctrl-C sets.
///
/// # Errors
/// If signals cannot be listened for.
pub fn listen(second: Second) -> Result<Arc<Interrupt>> {
    let flag = Arc::new(Interrupt::new(false));
    let handle = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        let again = handle.swap(true, Ordering::SeqCst);
        match (second, again) {
            (Second::Leaves, true) => std::process::exit(130),
            (Second::Leaves, false) => {
                eprintln!("\nfinishing this round and saving what was measured; Ctrl-C again leaves at once");
            }
            (Second::Waits, _) => {}
        }
    })
    .context("failed to listen for Ctrl-C")?;
    Ok(flag)
}
