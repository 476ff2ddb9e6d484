//! The worker's end: answers requests until the coordinator closes the socket.

use std::os::{
    fd::{FromRawFd, RawFd},
    unix::net::UnixStream,
};

use anyhow::{Context, Result, anyhow, ensure};
use tch::Tensor;

use super::{
    exec::Exec,
    frames, limits,
    native::Native,
    protocol::{Call, Class, Reply, Request, VERSION},
    python,
    serves::Serves,
};

/// Serves requests on an inherited socket until the coordinator closes it.
///
/// # Errors
/// If `socket` is not a socket, or patchmark itself fails; what a subject does is reported in replies.
pub fn serve(socket: RawFd) -> Result<()> {
    ensure!(socket > 2, "a worker is started by patchmark itself");
    limits::close_on_exec(socket);
    // SAFETY: the coordinator handed this descriptor over for this purpose, and nothing else owns it.
    let mut stream = unsafe { UnixStream::from_raw_fd(socket) };
    frames::write(
        &mut stream,
        &Reply::Hello { version: VERSION, commit: env!("PATCHMARK_BUILD_COMMIT").into() },
    )
    .context("a worker is started by patchmark itself")?;
    let mut serving: Option<Box<dyn Serves>> = None;
    let mut capped = false;
    while let Some(request) = frames::read::<Request>(&mut stream)? {
        let (reply, tensors) = match &request {
            Request::Load(load) => {
                // A program ends before the next one is started.
                drop(serving.take());
                let reply = match load.class {
                    Class::Own { .. } => {
                        let (reply, native) = Native::load(load)?;
                        serving = Some(Box::new(native));
                        reply
                    }
                    Class::Exec { .. } => {
                        let (reply, exec) = Exec::load(load)?;
                        serving = exec.map(|exec| Box::new(exec) as Box<dyn Serves>);
                        reply
                    }
                    Class::Transformers { .. } | Class::File { .. } => {
                        python::start()?;
                        if !capped {
                            limits::cap_memory(load.memory).context("failed to limit a worker's memory")?;
                            capped = true;
                        }
                        let (reply, python) = python::Python::load(&request)?;
                        serving = Some(Box::new(python));
                        reply
                    }
                };
                (reply, Vec::new())
            }
            other => serving.as_mut().ok_or_else(|| anyhow!("no subject is loaded"))?.answer(other)?,
        };
        if let (
            Request::Call(Call { outputs, .. })
            | Request::Dump { outputs, .. }
            | Request::Use { outputs, .. },
            false,
        ) = (&request, tensors.is_empty())
        {
            Tensor::write_safetensors(&tensors, outputs)
                .with_context(|| format!("failed to write {}", outputs.display()))?;
        }
        frames::write(&mut stream, &reply)?;
    }
    Ok(())
}
