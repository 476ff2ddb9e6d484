//! Waits until what was measured before has left the CPU.
//!
//! Threads outlast the call that used them: OpenMP's, which torch and numpy compute in, spin for milliseconds after their
//! work is done, and on a machine with few cores they take one from whatever is timed next. So before each sample the
//! other threads are looked at, until none of them has gained CPU time since the look before and none is running.

#[cfg(test)]
mod tests;
mod threads;

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    process, thread,
    time::{Duration, Instant},
};

use patchmark_results::text::plural;

use self::threads::Thread;

/// The longest wait for a thread. OpenMP's spin for some milliseconds (GNU's) or for 200 ms (LLVM's).
const LIMIT: Duration = Duration::from_millis(250);
/// The pause between two looks, in which a running thread gains CPU time.
const PAUSE: Duration = Duration::from_micros(50);

/// Watches the other threads of this process, and those of worker processes.
///
/// If nothing ran since the last wait, a wait takes microseconds; after work in other threads it takes one pause and as
/// long as they keep running. Where the system does not show threads (`/proc` is Linux's), it does not wait and says so.
#[derive(Debug, Default)]
pub struct Quiet(RefCell<Watch>);

#[derive(Debug, Default)]
struct Watch {
    /// CPU time by thread at the last look.
    clocks: HashMap<Thread, Option<u64>>,
    /// Threads that did not stop within the limit and are no longer waited for.
    restless: HashSet<Thread>,
    /// What was timed last.
    last: String,
    /// Names of threads that did not stop, by what was timed before them.
    remarks: BTreeMap<String, Vec<String>>,
    /// Whether the system does not show threads.
    blind: bool,
}

impl Quiet {
    /// Waits for the other threads of this process, before `next` is timed.
    pub fn before(&self, next: &str) {
        self.before_in(&[], next);
    }

    /// Waits for the other threads of this process and for all threads of `workers`, before one of them times `next`.
    pub(crate) fn before_in(&self, workers: &[u32], next: &str) {
        let mut watch = self.0.borrow_mut();
        watch.wait(workers, LIMIT);
        watch.last.clear();
        watch.last.push_str(next);
    }

    /// Sentences on what did not stop since the last call: samples may have been disturbed.
    pub fn notes(&self) -> Vec<String> {
        let mut watch = self.0.borrow_mut();
        let mut notes: Vec<String> = std::mem::take(&mut watch.remarks)
            .into_iter()
            .map(|(last, names)| {
                let after = if last.is_empty() { "before the first sample".to_owned() } else { format!("after {last}") };
                format!(
                    "{after}, {} still kept the CPU busy when {} ms had passed, so later samples may be too slow: {}",
                    plural(names.len() as u64, "other thread"),
                    LIMIT.as_millis(),
                    shortened(&names)
                )
            })
            .collect();
        if watch.blind {
            notes.push("this system does not show threads, so samples may have been disturbed by what ran before them".into());
        }
        notes
    }
}

impl Watch {
    fn wait(&mut self, workers: &[u32], limit: Duration) {
        let start = Instant::now();
        let mut worked = HashSet::new();
        loop {
            let Some(busy) = self.look(workers, &mut worked) else {
                self.blind = true;
                return;
            };
            if busy.is_empty() {
                return;
            }
            if start.elapsed() >= limit {
                let names = self.remarks.entry(self.last.clone()).or_default();
                names.extend(busy.iter().map(Thread::name));
                self.restless.extend(busy);
                return;
            }
            thread::sleep(PAUSE);
        }
    }

    /// The threads that have gained CPU time since the last look, and those of `worked`, which have in an earlier look of
    /// this wait, that are running; `None` if this process's threads cannot be seen.
    fn look(&mut self, workers: &[u32], worked: &mut HashSet<Thread>) -> Option<Vec<Thread>> {
        let mut threads = threads::of(process::id()).ok()?;
        // A worker that ended has no threads.
        threads.extend(workers.iter().filter_map(|&worker| threads::of(worker).ok()).flatten());
        self.restless.retain(|thread| threads.contains(thread));
        let before = std::mem::take(&mut self.clocks);
        let mut busy = Vec::new();
        for thread in threads {
            let clock = thread.cpu_ns();
            self.clocks.insert(thread, clock);
            if self.restless.contains(&thread) {
                continue;
            }
            let gained = clock.is_some() && before.get(&thread) != Some(&clock);
            if gained {
                worked.insert(thread);
            }
            // The clock of a thread that waits for a CPU, or that is another process's, may stand still.
            let suspect = clock.is_none() || worked.contains(&thread);
            if gained || suspect && thread.runs() {
                busy.push(thread);
            }
        }
        Some(busy)
    }
}

/// The names, each once, the first few of them.
fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}
