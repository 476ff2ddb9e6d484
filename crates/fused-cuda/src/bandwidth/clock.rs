//! Times on the device.

use cudarc::driver::{result::event, sys};

use crate::{Error, Stream};

/// Two events, which measure the time of the work between them.
pub(super) struct Clock {
    start: sys::CUevent,
    end: sys::CUevent,
}

impl Clock {
    pub fn new() -> Result<Self, Error> {
        let event =
            || event::create(sys::CUevent_flags::CU_EVENT_DEFAULT).map_err(Error::driver("cuEventCreate"));
        Ok(Self { start: event()?, end: event()? })
    }

    /// Calls `work`, which must use `stream`, and returns its time on the device in milliseconds.
    pub fn time(&self, stream: Stream, work: impl Fn() -> Result<(), Error>) -> Result<f64, Error> {
        let failed = Error::driver("timing an event");
        // SAFETY: the events exist as long as `self`.
        unsafe {
            event::record(self.start, stream.raw()).map_err(&failed)?;
            work()?;
            event::record(self.end, stream.raw()).map_err(&failed)?;
            event::synchronize(self.end).map_err(&failed)?;
            event::elapsed(self.start, self.end).map(f64::from).map_err(&failed)
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        for event in [self.start, self.end] {
            // SAFETY: made once and destroyed once. On a lost device there is nothing left to destroy.
            let _ = unsafe { event::destroy(event) };
        }
    }
}
