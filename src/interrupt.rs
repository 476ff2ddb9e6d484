//! Ctrl-C and termination signals: what was measured is saved before patchmark exits.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};

/// Set by the first Ctrl-C. Code that measures polls it, and stops with what it has.
pub type Interrupt = AtomicBool;

/// What a second Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// It exits at once, and nothing is saved.
    Leaves,
    /// Nothing: the first ends every wait soon, and worker processes and temporary folders must be cleaned up.
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
                eprintln!("\nfinishing this round and saving what was measured; Ctrl-C again exits at once");
            }
            (Second::Waits, _) => {}
        }
    })
    .context("failed to listen for Ctrl-C")?;
    Ok(flag)
}
