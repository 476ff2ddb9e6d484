//! What a worker prints: all of it is read and counted, and only the end is kept.

use std::{
    collections::VecDeque,
    io::Read,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Bytes that are kept of the end of the output.
const TAIL: usize = 8 << 10;

/// Bytes of output after which a worker is ended; a processor has no reason to print anything.
pub(super) const FLOOD: u64 = 16 << 20;

/// The end of what a process wrote to stdout and stderr, and how many bytes it wrote in all.
#[derive(Debug, Clone, Default)]
pub(super) struct Output {
    tail: Arc<Mutex<VecDeque<u8>>>,
    total: Arc<AtomicU64>,
}

impl Output {
    /// Reads `pipe` to its end on a separate thread, so that the writer never blocks on it.
    pub(super) fn drain(&self, mut pipe: impl Read + Send + 'static) {
        let output = self.clone();
        thread::spawn(move || {
            let mut chunk = [0; 1 << 16];
            while let Ok(read) = pipe.read(&mut chunk) {
                if read == 0 {
                    break;
                }
                output.total.fetch_add(read as u64, Ordering::Relaxed);
                let Ok(mut tail) = output.tail.lock() else { break };
                tail.extend(&chunk[..read]);
                let surplus = tail.len().saturating_sub(TAIL);
                tail.drain(..surplus);
            }
        });
    }

    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// The kept end as text.
    pub(super) fn tail(&self) -> String {
        let Ok(tail) = self.tail.lock() else { return String::new() };
        let bytes: Vec<u8> = tail.iter().copied().collect();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io, time::Duration};

    #[test]
    fn a_long_output_is_counted_and_only_its_end_is_kept() {
        let output = Output::default();
        output.drain(io::repeat(b'x').take(1 << 20).chain("the end".as_bytes()));
        while output.total() < (1 << 20) + 7 {
            thread::sleep(Duration::from_millis(1));
        }
        while !output.tail().ends_with("the end") {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(output.tail().len() <= TAIL);
    }
}
