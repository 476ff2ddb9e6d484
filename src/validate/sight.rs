//! What was asked of both sides, and what came of it.

use crate::worker::{Observation, protocol::Call};

/// What was asked of both sides.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    /// A call.
    Call(Call),
    /// A use, as the lines of Python by which anyone can run it.
    Use(String),
}

/// What was asked, and what came of it when it was first seen: a fault that comes and goes may not be seen again.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    /// What was asked.
    pub asked: Asked,
    /// The reference's answer, if it was asked.
    pub reference: Option<Observation>,
    /// The candidate's answer, if there is one.
    pub candidate: Option<Observation>,
}

impl Sight {
    /// Of something that has not been answered.
    pub(super) fn of(asked: Asked) -> Self {
        Self { asked, reference: None, candidate: None }
    }

    /// The call, unless it is a use.
    pub(super) fn call(&self) -> Option<&Call> {
        match &self.asked {
            Asked::Call(call) => Some(call),
            Asked::Use(_) => None,
        }
    }
}
