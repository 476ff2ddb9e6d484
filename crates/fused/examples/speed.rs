//! Times one thread at every level and layout, and two threads at the fastest level. For comparison, it times
//! the limit of the machine: reading the input once and writing the output once, in plain loops.
//!
//! `speed [SECONDS PER ROW] [PART OF A ROW'S NAME]`

use std::{hint::black_box, time::Instant};

use patchmark_fused::{
    Filter, Job, Layout, Level, Normalization, PixelView, Plan, PlanCache, Scratch, Size, Sizing, Workspace,
    horizontal_only, process_batch,
};
use rayon::{ThreadPool, ThreadPoolBuilder};

const PATCH: usize = 16;
const MOST: usize = 256;
const SAMPLES: usize = MOST * PATCH * PATCH * 3;

/// The least and the median time of many runs, in milliseconds.
fn time(seconds: f64, mut run: impl FnMut()) -> (f64, f64) {
    run();
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < 5 || start.elapsed().as_secs_f64() < seconds {
        let one = Instant::now();
        run();
        times.push(one.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    (times[0], times[times.len() / 2])
}

/// Reads every byte, with vectors as wide as possible.
fn read(bytes: &[u8]) -> u64 {
    fn sum(bytes: &[u8]) -> u64 {
        let (words, _) = bytes.as_chunks::<64>();
        let mut sums = [0u64; 8];
        for line in words {
            for (sum, word) in sums.iter_mut().zip(line.as_chunks::<8>().0) {
                *sum = sum.wrapping_add(u64::from_le_bytes(*word));
            }
        }
        sums.iter().fold(0, |a, b| a.wrapping_add(*b))
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn wide(bytes: &[u8]) -> u64 {
            let (words, _) = bytes.as_chunks::<256>();
            let mut sums = [0u64; 32];
            for line in words {
                for (sum, word) in sums.iter_mut().zip(line.as_chunks::<8>().0) {
                    *sum = sum.wrapping_add(u64::from_le_bytes(*word));
                }
            }
            sums.iter().fold(0, |a, b| a.wrapping_add(*b))
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: AVX2 was just detected.
            return unsafe { wide(bytes) };
        }
    }
    sum(bytes)
}

/// Fills `floats` with stores that bypass the caches.
fn stream(floats: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 CPU has SSE; the stores are aligned to 16 bytes and lie inside the slice.
    unsafe {
        use std::arch::x86_64::{_mm_set1_ps, _mm_sfence, _mm_stream_ps};
        let (_, lines, _) = floats.align_to_mut::<[f32; 4]>();
        for line in lines.chunks_exact_mut(1) {
            let to = line.as_mut_ptr().cast::<f32>();
            if to.addr() % 16 == 0 {
                _mm_stream_ps(to, _mm_set1_ps(0.5));
            }
        }
        _mm_sfence();
    }
    #[cfg(not(target_arch = "x86_64"))]
    floats.fill(0.5);
}

/// The part of `buffer` that starts at a cache line, like memory that torch allocates.
fn aligned(buffer: &mut [f32], length: usize) -> &mut [f32] {
    let skip = buffer.as_ptr().align_offset(64);
    &mut buffer[skip..skip + length]
}

fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed * 2 + 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        })
        .collect()
}

/// The levels that this machine supports.
fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.available())
}

/// The sizes of the images of a workload; those of `mixed` are random but always the same.
fn sizes(name: &str, batch: usize) -> Vec<Size> {
    let mut state = 12345u64;
    let mut side = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        200 + (state >> 33) as usize % 1801
    };
    (0..batch)
        .map(|_| match name {
            "1024x768" => Size { height: 768, width: 1024 },
            "640x480" => Size { height: 480, width: 640 },
            _ => Size { height: side(), width: side() },
        })
        .collect()
}

/// Images of one layout.
struct Workload {
    label: String,
    layout: Layout,
    sizes: Vec<Size>,
    images: Vec<Vec<u8>>,
}

impl Workload {
    fn new(label: String, name: &str, layout: Layout, batch: usize) -> Self {
        let pitch = if layout == Layout::Rgbx { 4 } else { 3 };
        let sizes = sizes(name, batch);
        let images =
            (1u64..).zip(&sizes).map(|(seed, size)| noise(size.height * size.width * pitch, seed)).collect();
        Self { label, layout, sizes, images }
    }

    /// Milliseconds per image at the bandwidth of the machine.
    fn limit(&self, output: &mut [f32], seconds: f64) -> f64 {
        let reading = time(seconds, || {
            self.images.iter().for_each(|image| {
                black_box(read(image));
            });
        });
        let filling = time(seconds, || black_box(&mut *output).fill(0.5));
        let streaming = time(seconds, || stream(black_box(output)));
        (reading.1 + filling.1.min(streaming.1)) / self.images.len() as f64
    }

    /// Times the workload at one level and prints a row of the table.
    fn report(&self, level: Level, output: &mut [f32], limit: f64, pool: &ThreadPool, seconds: f64) {
        let sizing =
            Sizing { patch_size: PATCH, max_num_patches: MOST, resize: true, filter: Filter::Bilinear };
        let cache = PlanCache::new(sizing, level, 64);
        let jobs: Vec<Job> = self
            .images
            .iter()
            .zip(&self.sizes)
            .map(|(image, &size)| Job {
                view: PixelView::new(image, self.layout, size.height, size.width).unwrap(),
                plan: cache.get(size, self.layout).unwrap(),
            })
            .collect();
        let normalization = Normalization::affine([127.5; 3], [127.5; 3]);
        let mut workspace = Workspace::default();
        let mut run = |pool: Option<&ThreadPool>| {
            time(seconds, || {
                process_batch(&jobs, &normalization, PATCH, output, &mut workspace, pool).unwrap();
            })
        };
        let one = run(None);
        let two = (level == Level::Avx512Vnni).then(|| run(Some(pool)));
        let mut scratch = Scratch::new();
        let horizontal = time(seconds / 4.0, || {
            jobs.iter().for_each(|job| horizontal_only(&job.view, &job.plan, &mut scratch).unwrap());
        });
        let each = 1.0 / self.images.len() as f64;
        print!(
            "{:22} {:11} {:8.4} {:8.4} {:8.4} {:8.4} {:6.0}%",
            self.label,
            level.to_string(),
            one.0 * each,
            one.1 * each,
            horizontal.1 * each,
            limit,
            limit / (one.1 * each) * 100.0
        );
        match two {
            Some(two) => println!("  two threads {:.4}, {:.2}x", two.1 * each, one.1 / two.1),
            None => println!(),
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(0.5);
    let only = arguments.next().unwrap_or_default();
    for level in levels() {
        let [input, output] = [(768, 1024), (224, 288)].map(|(height, width)| Size { height, width });
        let plan = time(seconds / 4.0, || {
            black_box(Plan::new(input, output, Layout::Rgb, Filter::Bilinear, level).unwrap());
        });
        println!("a plan for 1024x768 at {level}: {:.1} us", plan.1 * 1e3);
    }
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    println!(
        "{:34} {:>8} {:>8} {:>8} {:>8} {:>7}",
        "ms per image", "least", "median", "horiz.", "limit", "share"
    );
    for name in ["1024x768", "640x480", "mixed"] {
        for batch in [1, 8, 32] {
            let mut buffer = vec![0.0f32; batch * SAMPLES + 16];
            let output = aligned(&mut buffer, batch * SAMPLES);
            for layout in [Layout::Rgb, Layout::Planar, Layout::Rgbx] {
                let label = format!("{name} {layout:?} batch {batch}");
                if !label.contains(&only) {
                    continue;
                }
                let workload = Workload::new(label, name, layout, batch);
                let limit = workload.limit(output, seconds / 4.0);
                // The portable level is so slow that one row is enough.
                let shown = |level| level != Level::Portable || (batch == 8 && layout == Layout::Rgb);
                for level in levels().filter(|&level| shown(level)) {
                    workload.report(level, output, limit, &pool, seconds);
                }
            }
        }
    }
}
