//! Ctrl-C and signals to terminate: what was measured is saved before patchmark exits.
//!
//! The first signal ends measuring after the current call, and the command saves what it has. CI sends a second one some
//! seconds later, then kills: the second signal saves from the thread that hears it, without waiting for the call.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use patchmark_results::Outcome;

use crate::console::tell;

/// Set by the first signal. Code that measures polls it, and stops with what it has.
pub type Interrupt = AtomicBool;

/// How long a second signal waits for a result that is being saved.
const PATIENCE: Duration = Duration::from_secs(10);

/// What signals do while a command has nothing to save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// The first one ends the process at once.
    Leaves,
    /// They only set the flag, which ends every wait soon: worker processes and temporary folders must be cleaned up.
    Waits,
    /// The first one sets the flag and prints this sentence, and the second one ends the process.
    Stops(&'static str),
}

/// What there is to save.
enum Unsaved {
    /// Nothing was measured yet.
    Nothing,
    /// Saved by this, if the command itself cannot.
    Samples(Box<dyn FnMut() + Send>),
    /// Everything is saved.
    Saved,
}

static UNSAVED: Mutex<Unsaved> = Mutex::new(Unsaved::Nothing);
static HEARD: OnceLock<Arc<Interrupt>> = OnceLock::new();

/// A flag that the first signal sets.
///
/// # Errors
/// If signals cannot be listened for.
pub fn listen(idle: Idle) -> Result<Arc<Interrupt>> {
    let flag = Arc::clone(HEARD.get_or_init(Arc::default));
    let heard = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        let again = heard.swap(true, Ordering::SeqCst);
        match (again, idle) {
            (false, Idle::Leaves) if is_idle() => {
                tell!("\ninterrupted before anything was measured; nothing is saved");
                leave(Outcome::Interrupted.code());
            }
            (false, Idle::Stops(sentence)) => tell!("\n{sentence}; press Ctrl-C again to exit now"),
            (false, _) => {
                tell!(
                    "\nstopping after the current call, then saving what was measured; press Ctrl-C again to save and exit now"
                );
            }
            (true, Idle::Waits) if is_idle() => {}
            (true, _) => {
                rescue();
                leave(Outcome::Interrupted.code());
            }
        }
    })
    .context("failed to listen for Ctrl-C")?;
    Ok(flag)
}

/// Whether a signal was heard.
pub fn heard() -> bool {
    HEARD.get().is_some_and(|flag| flag.load(Ordering::SeqCst))
}

/// From now on a second signal calls `save` before it ends the process.
pub fn measuring(save: impl FnMut() + Send + 'static) {
    *unsaved() = Unsaved::Samples(Box::new(save));
}

/// Held while the command itself saves: a second signal waits until it is dropped.
#[must_use]
pub struct Saving {
    _unsaved: MutexGuard<'static, Unsaved>,
}

/// The command saves now what was measured.
pub fn saving() -> Saving {
    let mut unsaved = unsaved();
    *unsaved = Unsaved::Saved;
    Saving { _unsaved: unsaved }
}

fn unsaved() -> MutexGuard<'static, Unsaved> {
    UNSAVED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn is_idle() -> bool {
    UNSAVED.try_lock().is_ok_and(|unsaved| matches!(*unsaved, Unsaved::Nothing))
}

/// Saves what was measured, or waits until the command has done so.
fn rescue() {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match UNSAVED.try_lock() {
            Ok(mut unsaved) => {
                if let Unsaved::Samples(save) = &mut *unsaved {
                    save();
                }
                return;
            }
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(_) => return,
        }
    }
}

/// Ends the process without the exit handlers of C++ libraries, which crash while other threads still compute.
pub fn leave(code: u8) -> ! {
    #[cfg(unix)]
    // SAFETY: takes a plain number and does not return.
    unsafe {
        libc::_exit(i32::from(code))
    }
    #[cfg(not(unix))]
    std::process::exit(i32::from(code))
}
