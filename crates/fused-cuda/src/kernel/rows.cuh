// The vertical pass, and the final look-up and store.

// N samples that are adjacent in shared memory and in the output.
template <class T, int N> struct alignas(sizeof(T) * N) Run {
    T at[N];
};

template <int N> DEVICE void add_rows(Run<i32, N>& sums, const Weights& w, const Run<u32, N>& words)
{
#pragma unroll
    for (int i = 0; i < N; ++i) {
        sums.at[i] = dot_high(w.high, words.at[i], dot_low(w.low, words.at[i], sums.at[i]));
    }
}

// Looks up the samples for N sums and stores them at sample `sample` of row `y` of the resized image. `output` is the
// address of the image's values.
template <class Sample, int N>
DEVICE void finish_run(const Launch& launch, const Image& image, u64 output, u32 sample, u32 y, const Run<i32, N>& sums)
{
    const u32 patch = PATCH_OF(launch), column = sample / (3 * patch), above = y / patch;
    const u32 inside = (above * ((u32)image.out_width / patch) + column) * (patch * patch * 3)
        + (y - above * patch) * (patch * 3) + (sample - column * (3 * patch));
    const u32 table = sample % 3 * (256 * (u32)sizeof(Sample));
    Run<Sample, N> values;
#pragma unroll
    for (int i = 0; i < N; ++i) {
        values.at[i] = load_shared<Sample>(table + finish(sums.at[i], image.row_shift) * (u32)sizeof(Sample), i * 256);
    }
    store(output + (u64)inside * sizeof(Sample), 0, values);
}

// The vertical pass of a tile over the groups from `kept` to `end`, with N samples of a row per thread. If STEPS is not
// 0, shared memory holds all groups of the tile, and each row is summed from STEPS of them.
template <class Sample, int N, int STEPS = 0>
DEVICE void vertical(const Launch& launch, const Image& image, const Tile& tile, int index, int kept, int end, int thread)
{
    const u32 patch = PATCH_OF(launch), runs = (u32)tile.width * 3 / N;
    const u64 output = launch.values + (u64)index * launch.length * (patch * patch * 3) * sizeof(Sample);
    const u32 lines = THREADS / runs, rest = THREADS - lines * runs;
    u32 line = (u32)thread / runs, run = (u32)thread - line * runs;
    const i32 half = half_of(image.row_shift);
    while (line < (u32)tile.height) {
        const int y = tile.y + line;
        const int first = load<u32>(image.rows, y);
        Run<i32, N> sums;
        if constexpr (STEPS > 0) {
            const u64 weights = image.row_weights + (u64)(u32)y * (STEPS * sizeof(Weights));
            const u32 from = tile.kept + (u32)(first - kept) * tile.kept_pitch + run * (N * 4);
#pragma unroll
            for (int i = 0; i < N; ++i) {
                sums.at[i] = half;
            }
#pragma unroll
            for (int step = 0; step < STEPS; ++step) {
                add_rows(sums, load<Weights>(weights, step), load_shared<Run<u32, N>>(from + step * tile.kept_pitch));
            }
            finish_run<Sample>(launch, image, output, tile.x * 3 + run * N, y, sums);
        } else {
            const u32 partial = tile.partial + line * tile.kept_pitch + run * (N * 4);
            const u64 weights = image.row_weights + (u64)(u32)y * ((u32)image.row_steps * (u32)sizeof(Weights));
            if (kept == tile.group) {
#pragma unroll
                for (int i = 0; i < N; ++i) {
                    sums.at[i] = half;
                }
            } else {
                sums = load_shared<Run<i32, N>>(partial);
            }
            const int to = least(first + image.row_steps, end);
#pragma unroll 2
            for (int group = most(first, kept); group < to; ++group) {
                const u32 from = tile.kept + (u32)(group - kept) * tile.kept_pitch + run * (N * 4);
                add_rows(sums, load<Weights>(weights, group - first), load_shared<Run<u32, N>>(from));
            }
            if (end < tile.group_end) {
                store_shared(partial, sums);
            } else {
                finish_run<Sample>(launch, image, output, tile.x * 3 + run * N, y, sums);
            }
        }
        line += lines;
        run += rest;
        if (run >= runs) {
            run -= runs;
            ++line;
        }
    }
}
