// The vertical pass, and what follows it.

// Samples that lie side by side in shared memory and in the output.
template <class T, int N> struct alignas(sizeof(T) * N) Run {
    T at[N];
};

// Resizes the rows of a tile as far as groups `kept` to `end` reach, N samples of a row a thread.
template <class Sample, int N>
DEVICE void vertical(const Launch& launch, const Image& image, const Tile& tile, int index, int kept, int end, int thread)
{
    const int patch = PATCH_OF(launch);
    const int runs = tile.width * 3 / N, columns = image.out_width / patch;
    const u64 start = (u64)index * launch.length;
    int line = thread / runs, run = thread % runs;
    while (line < tile.height) {
        const int y = tile.y + line;
        const int first = load<u32>(image.rows, y);
        const u32 partial = tile.partial + (line * tile.kept_pitch + run * N) * 4;
        Run<i32, N> sums;
        if (kept == tile.group) {
#pragma unroll
            for (int i = 0; i < N; ++i) {
                sums.at[i] = half_of(image.row_shift);
            }
        } else {
            sums = load_shared<Run<i32, N>>(partial);
        }
        const int to = least(first + image.row_steps, end);
        for (int group = most(first, kept); group < to; ++group) {
            const Weights w = load<Weights>(image.row_weights, (i64)y * image.row_steps + group - first);
            const u32 from = tile.kept + ((u32)(group - kept) * tile.kept_pitch + run * N) * 4;
            const auto words = load_shared<Run<u32, N>>(from);
#pragma unroll
            for (int i = 0; i < N; ++i) {
                sums.at[i] = dot_high(w.high, words.at[i], dot_low(w.low, words.at[i], sums.at[i]));
            }
        }
        if (end < tile.group_end) {
            store_shared(partial, sums);
        } else {
            const int sample = tile.x * 3 + run * N, column = sample / (3 * patch);
            const u64 number = start + (u64)(y / patch * columns + column);
            const u64 inside = y % patch * patch * 3 + sample % (3 * patch);
            int channel = sample % 3;
            Run<Sample, N> values;
#pragma unroll
            for (int i = 0; i < N; ++i) {
                const u32 entry = channel * 256 + finish(sums.at[i], image.row_shift);
                values.at[i] = load_shared<Sample>(entry * sizeof(Sample));
                channel = channel == 2 ? 0 : channel + 1;
            }
            store(launch.values + (number * (patch * patch * 3) + inside) * sizeof(Sample), 0, values);
        }
        line += THREADS / runs;
        run += THREADS % runs;
        if (run >= runs) {
            run -= runs;
            ++line;
        }
    }
}
