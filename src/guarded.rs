//! Calls of libraries that panic on some broken inputs, where a user must get an error.

use std::{
    any::Any,
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    /// Whether this thread is within [`guarded`].
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// Returns what `call` returns or, if it panics on this thread, the panic's message, which is then not printed.
///
/// # Errors
/// If `call` panics.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let otherwise = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !WITHIN.get() {
                otherwise(panic);
            }
        }));
    });
    let outer = WITHIN.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    WITHIN.set(outer);
    result.map_err(|payload| message(payload).unwrap_or_else(|| "the library failed".to_owned()))
}

/// The message of a panic; none if it has no text.
pub(crate) fn message(payload: Box<dyn Any + Send>) -> Option<String> {
    match payload.downcast::<String>() {
        Ok(message) => Some(*message),
        Err(payload) => payload.downcast_ref::<&str>().map(|&message| message.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        assert_eq!(guarded(|| 3), Ok(3));
        assert_eq!(guarded(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert_eq!(guarded(|| panic!("{} formatted", 1)), Err::<(), _>("1 formatted".to_owned()));
        assert_eq!(guarded(|| panic::panic_any(7)), Err::<(), _>("the library failed".to_owned()));
        assert_eq!(guarded(|| guarded(|| panic!("inner")).is_err() && WITHIN.get()), Ok(true));
        assert!(!WITHIN.get());
    }
}
