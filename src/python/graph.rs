//! torch's CUDA graphs, for which tch has no bindings.

use anyhow::{Context, Result};
use pyo3::{prelude::*, types::PyDict};

use super::cuda;
use crate::model::{ModelOutputs, Recorder, Work};

/// Passes before a recording: in their first calls, libraries choose kernels and allocate memory, which cannot be
/// recorded.
const WARM_UP: usize = 3;

/// Records on one GPU, in a separate stream and in memory that all its recordings share.
pub struct CudaGraphs {
    index: usize,
    stream: Py<PyAny>,
    pool: Py<PyAny>,
}

impl CudaGraphs {
    /// A recorder on GPU `index`.
    ///
    /// # Errors
    /// If there is no such GPU.
    pub fn new(index: usize) -> Result<Self> {
        cuda::with(|_, cuda| {
            let stream = cuda.call_method1("Stream", (index,))?.unbind();
            Ok(Self { index, stream, pool: cuda.call_method0("graph_pool_handle")?.unbind() })
        })
    }

    /// Records what `work` submits to the current stream; if the work fails, its error is returned.
    fn capture(&self, work: &Work) -> Result<(Py<PyAny>, ModelOutputs)> {
        let graph = cuda::with(|py, cuda| {
            let graph = cuda.getattr("CUDAGraph")?.call0()?;
            let options = PyDict::new(py);
            options.set_item("pool", self.pool.bind(py))?;
            // Other threads, which prepare batches, may allocate memory during the recording.
            options.set_item("capture_error_mode", "thread_local")?;
            graph.call_method("capture_begin", (), Some(&options))?;
            Ok(graph.unbind())
        })?;
        let outputs = work();
        let ended = Python::attach(|py| graph.call_method0(py, "capture_end").map(drop));
        let outputs = outputs?;
        ended?;
        Ok((graph, outputs))
    }

    /// Runs `work` while this thread submits to the recorder's stream.
    fn in_stream<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let enter = |stream: &Py<PyAny>| {
            cuda::with(|_, cuda| {
                let before = cuda.call_method1("current_stream", (self.index,))?.unbind();
                cuda.call_method1("set_stream", (stream,))?;
                Ok(before)
            })
        };
        let before = enter(&self.stream)?;
        let done = work();
        enter(&before)?;
        done
    }
}

impl Recorder for CudaGraphs {
    type Recording = Py<PyAny>;

    fn record(&self, work: Work) -> Result<(Self::Recording, ModelOutputs)> {
        // The work's inputs were filled on another stream.
        cuda::synchronize(self.index)?;
        self.in_stream(|| {
            for _ in 0..WARM_UP {
                drop(work()?);
            }
            cuda::synchronize(self.index)?;
            self.capture(&work).context("failed to record the forward as a CUDA graph")
        })
    }

    fn replay(&self, recording: &Self::Recording) -> Result<()> {
        Python::attach(|py| recording.call_method0(py, "replay").map(drop).map_err(Into::into))
    }
}
