//! The worker's end: reads requests until the coordinator hangs up.

use std::os::{
    fd::{FromRawFd, RawFd},
    unix::net::UnixStream,
};

use anyhow::{Context, Result, anyhow, ensure};
use tch::Tensor;

use super::{
    limits,
    native::Native,
    protocol::{self, Class, Reply, Request},
    subject,
};

/// A subject as the loop sees it: requests in, a reply and its tensors out.
pub(super) trait Serves {
    /// Answers anything but `Load`.
    fn answer(&mut self, request: &Request) -> Result<(Reply, Vec<(String, Tensor)>)>;
}

/// Serves requests on an inherited socket until the coordinator closes it.
///
/// # Errors
/// If the socket is not one, or patchmark itself fails; what a subject does is a reply.
pub fn serve(socket: RawFd) -> Result<()> {
    ensure!(socket > 2, "a worker is started by patchmark itself");
    limits::close_on_exec(socket);
    // SAFETY: the coordinator handed this descriptor over for this purpose, and nothing else owns it.
    let mut stream = unsafe { UnixStream::from_raw_fd(socket) };
    protocol::write(&mut stream, &Reply::Hello { version: protocol::VERSION })
        .context("a worker is started by patchmark itself")?;
    let mut serving: Option<Box<dyn Serves>> = None;
    let mut capped = false;
    while let Some(request) = protocol::read::<Request>(&mut stream)? {
        let (reply, tensors) = match &request {
            Request::Load(load) => {
                if matches!(load.class, Class::Own { .. }) {
                    let (reply, native) = Native::load(load)?;
                    serving = Some(Box::new(native));
                    (reply, Vec::new())
                } else {
                    subject::start()?;
                    if !capped {
                        limits::cap_memory(load.memory).context("failed to limit a worker's memory")?;
                        capped = true;
                    }
                    let (reply, python) = subject::Python::load(&request)?;
                    serving = Some(Box::new(python));
                    (reply, Vec::new())
                }
            }
            other => serving.as_mut().ok_or_else(|| anyhow!("no subject is loaded"))?.answer(other)?,
        };
        if let (Request::Call(protocol::Call { outputs, .. }) | Request::Dump { outputs, .. }, false) =
            (&request, tensors.is_empty())
        {
            Tensor::write_safetensors(&tensors, outputs)
                .with_context(|| format!("failed to write {}", outputs.display()))?;
        }
        protocol::write(&mut stream, &reply)?;
    }
    Ok(())
}
