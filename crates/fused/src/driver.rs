//! A batch, on one thread or many.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rayon::ThreadPool;

use crate::{
    Error, Normalization, PixelView, Plan, Scratch, Stores,
    band::grid,
    engine::band,
    sink::{Bytes, Floats, Sink},
};

/// Outputs above this many bytes bypass the caches.
const STREAMING: usize = 256 << 10;

/// How long the calling thread, when it has no more work, yields to the other threads before it sleeps.
const PATIENCE: Duration = Duration::from_micros(100);

/// An image and its plan.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The pixels.
    pub view: PixelView<'a>,
    /// The plan that resizes them, from a [`crate::PlanCache`].
    pub plan: Arc<Plan>,
}

/// Buffers for each thread. A caller keeps them between batches, and later batches then allocate nothing.
#[derive(Debug, Default)]
pub struct Workspace {
    scratches: Vec<Scratch>,
}

/// Processes every job as [`crate::process_image`] does. `output` is
/// `[jobs, patches, patch_size * patch_size * 3]` f32: it is divided into parts of equal size, one per image.
///
/// With a pool of more than one thread, the images are distributed over that many threads, including the
/// calling one; a few images are also cut into bands. Otherwise everything runs on the calling thread. The
/// resulting bits are the same.
///
/// # Errors
/// The same as for [`crate::process_image`], and [`Error::OutputTooShort`] if an image has more patches than
/// its part of the output can hold. If several images fail, the error is that of one of them. After an error,
/// the contents of `output` are unspecified.
pub fn process_batch(
    jobs: &[Job],
    normalization: &Normalization,
    patch_size: usize,
    output: &mut [f32],
    workspace: &mut Workspace,
    pool: Option<&ThreadPool>,
) -> Result<(), Error> {
    batch(jobs, &Floats(normalization), patch_size, output, workspace, pool)
}

/// Like [`process_batch`], but writes the resized bytes themselves, without normalisation.
///
/// # Errors
/// The same as for [`process_batch`].
pub fn process_batch_bytes(
    jobs: &[Job],
    patch_size: usize,
    output: &mut [u8],
    workspace: &mut Workspace,
    pool: Option<&ThreadPool>,
) -> Result<(), Error> {
    batch(jobs, &Bytes, patch_size, output, workspace, pool)
}

fn batch<S: Sink>(
    jobs: &[Job],
    sink: &S,
    patch_size: usize,
    output: &mut [S::Sample],
    workspace: &mut Workspace,
    pool: Option<&ThreadPool>,
) -> Result<(), Error> {
    if jobs.is_empty() {
        return Ok(());
    }
    let part = output.len() / jobs.len();
    for job in jobs {
        let (rows, columns) = grid(&job.plan, patch_size)?;
        let needed = rows * columns * 3 * patch_size * patch_size;
        if needed > part {
            return Err(Error::OutputTooShort { length: part, needed });
        }
    }
    let stores = if size_of_val(output) > STREAMING { Stores::Streaming } else { Stores::Cached };
    let run = |task: Task<S::Sample>, scratch: &mut Scratch| {
        let Task { job, rows, output } = task;
        band(&job.view, &job.plan, sink, patch_size, rows, output, stores, scratch)
    };
    let threads = pool.map_or(1, ThreadPool::current_num_threads);
    let Workspace { scratches } = workspace;
    scratches.resize_with(scratches.len().max(threads), Scratch::new);
    let mut tasks = Tasks { jobs, output, part, patch_size, bands: bands(jobs.len(), threads), band: 0 };
    let Some(pool) = pool.filter(|_| threads > 1) else {
        return tasks.try_for_each(|task| run(task, &mut scratches[0]));
    };
    let tasks = Mutex::new(tasks);
    let outcome = Mutex::new(Ok(()));
    let work = |scratch: &mut Scratch| {
        let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
        while let Some(task) = next() {
            if let Err(error) = run(task, scratch) {
                *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
                return;
            }
        }
    };
    on_every_thread(pool, &mut scratches[..threads], work);
    outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `work` once per element of `scratches`, at the same time: with the first one on the calling thread,
/// which thus works while the others wake up, and with the others on the pool.
fn on_every_thread(pool: &ThreadPool, scratches: &mut [Scratch], work: impl Fn(&mut Scratch) + Sync) {
    let Some((own, others)) = scratches.split_first_mut() else { return };
    let working = AtomicUsize::new(others.len());
    pool.in_place_scope(|scope| {
        for scratch in others {
            let (work, working) = (&work, &working);
            scope.spawn(move |_| {
                work(scratch);
                working.fetch_sub(1, Ordering::Release);
            });
        }
        work(own);
        // The other threads have at most one band left, which takes less time than falling asleep and being
        // woken. Yielding lets a thread run that is waiting for this core.
        let patience = Instant::now() + PATIENCE;
        while working.load(Ordering::Acquire) > 0 && Instant::now() < patience {
            std::thread::yield_now();
        }
    });
}

/// The number of bands that each image is cut into: one if there are enough images, otherwise enough that a
/// thread which starts late still finds work. Each band repeats a small part of its neighbour's horizontal
/// pass.
fn bands(images: usize, threads: usize) -> usize {
    if threads == 1 { 1 } else { (4 * threads).div_ceil(images).min(2 * threads) }
}

/// A band of an image and its part of the output.
struct Task<'a, T> {
    job: &'a Job<'a>,
    rows: Range<usize>,
    output: &'a mut [T],
}

/// All bands of all images, in the order of the output.
struct Tasks<'a, T> {
    jobs: &'a [Job<'a>],
    output: &'a mut [T],
    part: usize,
    patch_size: usize,
    bands: usize,
    band: usize,
}

impl<'a, T> Iterator for Tasks<'a, T> {
    type Item = Task<'a, T>;

    fn next(&mut self) -> Option<Self::Item> {
        let job = self.jobs.first()?;
        let size = job.plan.output;
        let total = size.height / self.patch_size;
        let bound = |band: usize| total * band / self.bands;
        let rows = bound(self.band)..bound(self.band + 1);
        let sample_rows = 3 * size.width * self.patch_size;
        self.band += 1;
        // The last band includes the padding.
        let length = if self.band < self.bands {
            sample_rows * rows.len()
        } else {
            self.jobs = &self.jobs[1..];
            self.band = 0;
            self.part - sample_rows * rows.start
        };
        let (output, rest) = std::mem::take(&mut self.output).split_at_mut(length);
        self.output = rest;
        Some(Task { job, rows, output })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_images_are_cut_into_bands() {
        assert_eq!(bands(1, 1), 1);
        assert_eq!(bands(1, 2), 4);
        assert_eq!(bands(3, 2), 3);
        assert_eq!(bands(7, 2), 2);
        assert_eq!(bands(8, 2), 1);
        assert_eq!(bands(6, 4), 3);
    }
}
