// A block resizes a tile of one image's output: columns first, into groups of four rows that shared memory
// keeps (a word holds the four bytes of a column), then rows, through the table, into the patches.

DEVICE int least(int a, int b) { return a < b ? a : b; }
DEVICE int most(int a, int b) { return a > b ? a : b; }
DEVICE u32 round_up(u32 value, u32 unit) { return (value + unit - 1) / unit * unit; }

// As torch: shifted down and clamped to a byte. The rounding is in the sum from its start.
DEVICE u32 finish(i32 sum, int shift) { return (u32)most(least(sum >> shift, 255), 0); }
DEVICE i32 half_of(int shift) { return 1 << shift >> 1; }

// The tile of a block, and where shared memory holds what.
struct Tile {
    int y, x, height, width; // in the resized image
    int word, words;         // source columns, in words of 4 pixels
    int group, group_end;    // source rows, in groups of 4
    u32 raw;                 // two stages of source rows
    u32 kept, kept_pitch;    // resized groups: bytes to the first, words of each
    u32 partial;             // sums of an output that spans more groups than are kept
};

template <class Sample> DEVICE Tile find_tile(const Image& image, int number)
{
    Tile tile;
    tile.y = number / image.tiles_across * image.tile_height;
    tile.x = number % image.tiles_across * image.tile_width;
    tile.height = least(image.tile_height, image.out_height - tile.y);
    tile.width = least(image.tile_width, image.out_width - tile.x);
    // Windows never go back, so the last output pixel's ends last.
    tile.word = load<u32>(image.columns, tile.x);
    tile.words = load<u32>(image.columns, tile.x + tile.width - 1) + image.column_steps - tile.word;
    tile.group = load<u32>(image.rows, tile.y);
    const int end = load<u32>(image.rows, tile.y + tile.height - 1) + image.row_steps;
    tile.group_end = least(end, (image.height + 3) / 4);
    tile.raw = round_up(768 * sizeof(Sample), 16);
    tile.kept = tile.raw + (image.mode == DIRECT ? 0 : 2 * STAGE * 4 * image.row_bytes);
    tile.kept_pitch = round_up(3 * image.tile_width, 4);
    tile.partial = tile.kept + image.chunk * tile.kept_pitch * 4;
    return tile;
}

// Where the first byte of a tile's row lies beyond a multiple of 16. Rows keep that in shared memory.
DEVICE u32 beyond(const Image& image, const Tile& tile, int row)
{
    return ((u32)image.pixels + (u32)tile.word * 12 + (u32)row * (u32)image.pitch) & 15;
}

// Starts the copy of the rows of a stage: each row by an equal share of the threads, 16 bytes at a time.
DEVICE void copy_stage(const Image& image, const Tile& tile, int group, int thread)
{
    constexpr int SHARE = THREADS / (STAGE * 4);
    const int line = thread / SHARE, row = group * 4 + line;
    if (row >= image.height || line >= STAGE * 4) {
        return; // those rows have no weight
    }
    const u64 start = image.pixels + row * image.pitch;
    const u64 from = (start + tile.word * 12) & ~(u64)15;
    const u64 whole = start + 3 * (u64)image.width, needed = start + (u64)(tile.word + tile.words) * 12;
    const u64 end = needed < whole ? needed : whole;
    const int stage = (group - tile.group) / STAGE % 2;
    const u32 to = tile.raw + (stage * STAGE * 4 + line) * image.row_bytes;
    for (u32 at = thread % SHARE * 16; from + at < end; at += SHARE * 16) {
        const u64 left = end - (from + at);
        copy_async(thread, to + at, from + at, left < 16 ? (u32)left : 16);
    }
}

// Four pixels, a channel each: bytes in order.
struct Pixels {
    u32 red_green[2]; // two of red and two of green, twice
    u32 blue;
};

DEVICE Pixels separate(u32 a, u32 b, u32 c)
{
    // a = R0 G0 B0 R1, b = G1 B1 R2 G2, c = B2 R3 G3 B3
    return {{permute(a, b, 0x4130), permute(b, c, 0x6352)}, permute(permute(a, b, 0x0052), c, 0x7410)};
}

// The 4 pixels `word` words into a tile's row, which in shared memory begins at `begin`.
template <int MODE> DEVICE Pixels load_pixels(const Image& image, const Tile& tile, u32 begin, int row, int word)
{
    if constexpr (MODE == ALIGNED) {
        const u32 at = begin + word * 12;
        return separate(load_shared<u32>(at), load_shared<u32>(at + 4), load_shared<u32>(at + 8));
    } else if constexpr (MODE == SHIFTED) {
        const u32 at = (begin & ~3u) + word * 12, bits = begin % 4 * 8;
        const u32 a = load_shared<u32>(at), b = load_shared<u32>(at + 4);
        const u32 c = load_shared<u32>(at + 8), d = load_shared<u32>(at + 12);
        return separate(funnel(a, b, bits), funnel(b, c, bits), funnel(c, d, bits));
    } else {
        const u64 start = image.pixels + least(row, image.height - 1) * image.pitch;
        const i64 first = (i64)(tile.word + word) * 12;
        u32 words[3] = {0, 0, 0};
        for (int i = 0; i < 12; ++i) {
            if (first + i < 3 * (i64)image.width) {
                words[i / 4] |= (u32)load<u8>(start, first + i) << i % 4 * 8;
            }
        }
        return separate(words[0], words[1], words[2]);
    }
}

// Resizes the columns of a stage: a thread makes one pixel of each of four rows, so that weights are loaded
// once for twelve sums.
template <int MODE>
DEVICE void horizontal(const Image& image, const Tile& tile, int group, int kept, int end, int thread)
{
    for (int task = thread; task < STAGE * tile.width; task += THREADS) {
        const int part = task / tile.width, x = task % tile.width;
        const int row = (group + part) * 4;
        if (group + part >= end) {
            return;
        }
        const int first = load<u32>(image.columns, tile.x + x) - tile.word;
        const u32 stage = (group - tile.group) / STAGE % 2 * STAGE + part;
        u32 begin[4];
        i32 sums[4][3];
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            begin[r] = tile.raw + (stage * 4 + r) * image.row_bytes + beyond(image, tile, row + r);
            sums[r][0] = sums[r][1] = sums[r][2] = half_of(image.column_shift);
        }
        for (int step = 0; step < image.column_steps; ++step) {
            const Weights w =
                load<Weights>(image.column_weights, (i64)step * image.out_width + tile.x + x);
#pragma unroll
            for (int r = 0; r < 4; ++r) {
                const Pixels p = load_pixels<MODE>(image, tile, begin[r], row + r, first + step);
                sums[r][0] = dot_low(w.high, p.red_green[1], dot_low(w.low, p.red_green[0], sums[r][0]));
                sums[r][1] = dot_high(w.high, p.red_green[1], dot_high(w.low, p.red_green[0], sums[r][1]));
                sums[r][2] = dot_high(w.high, p.blue, dot_low(w.low, p.blue, sums[r][2]));
            }
        }
        const u32 to = tile.kept + ((u32)(group + part - kept) * tile.kept_pitch + x * 3) * 4;
#pragma unroll
        for (int c = 0; c < 3; ++c) {
            u32 bytes[4];
#pragma unroll
            for (int r = 0; r < 4; ++r) {
                bytes[r] = finish(sums[r][c], image.column_shift);
            }
            const u32 low = permute(bytes[0], bytes[1], 0x0040), high = permute(bytes[2], bytes[3], 0x0040);
            store_shared(to + c * 4, permute(low, high, 0x5410));
        }
    }
}

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

template <class Sample> DEVICE void resize(const Launch& launch, const Image& image, int index, int number)
{
    const Tile tile = find_tile<Sample>(image, number);
    const bool staged = image.mode != DIRECT;
    EACH_THREAD(t)
    {
        for (u32 at = t * 16; at < 768 * sizeof(Sample); at += THREADS * 16) {
            copy_async(t, at, launch.table + at, 16);
        }
        if (staged) {
            copy_stage(image, tile, tile.group, t);
        }
    }
    for (int kept = tile.group, end; kept < tile.group_end; kept = end) {
        end = least(kept + image.chunk, tile.group_end);
        for (int group = kept; group < end; group += STAGE) {
            EACH_THREAD(t) { wait_for_copies(t); }
            BARRIER(); // this stage has landed, and nobody reads the one before it, nor what is kept
            EACH_THREAD(t)
            {
                if (staged && group + STAGE < tile.group_end) {
                    copy_stage(image, tile, group + STAGE, t);
                }
                if (image.mode == ALIGNED) {
                    horizontal<ALIGNED>(image, tile, group, kept, end, t);
                } else if (image.mode == SHIFTED) {
                    horizontal<SHIFTED>(image, tile, group, kept, end, t);
                } else {
                    horizontal<DIRECT>(image, tile, group, kept, end, t);
                }
            }
        }
        BARRIER(); // all groups of the chunk are kept
        EACH_THREAD(t)
        {
            // Samples that share a store must share a row of a patch.
            if (PATCH_OF(launch) % 4 == 0) {
                vertical<Sample, 4>(launch, image, tile, index, kept, end, t);
            } else if (PATCH_OF(launch) % 2 == 0) {
                vertical<Sample, 2>(launch, image, tile, index, kept, end, t);
            } else {
                vertical<Sample, 1>(launch, image, tile, index, kept, end, t);
            }
        }
    }
}

// Writes zeros from one sample to another, N at a time.
template <class Sample, int N> DEVICE void zero(u64 values, u64 from, u64 to, int thread)
{
    for (u64 at = from / N + thread; at < to / N; at += THREADS) {
        store(values, at, Run<Sample, N>{});
    }
}

// Part `part` of an image's padding; the first writes the mask and the shape too.
template <class Sample> DEVICE void pad(const Launch& launch, const Image& image, int index, int part)
{
    const int patch = PATCH_OF(launch), samples = patch * patch * 3;
    const int rows = image.out_height / patch, columns = image.out_width / patch, patches = rows * columns;
    const u64 start = (u64)index * launch.length;
    const u64 from = (start + patches) * samples + (u64)part * launch.fill;
    const u64 last = (start + launch.length) * samples;
    const u64 to = from + launch.fill < last ? from + launch.fill : last;
    EACH_THREAD(t)
    {
        constexpr int WIDE = 16 / sizeof(Sample);
        if (samples % WIDE == 0) {
            zero<Sample, WIDE>(launch.values, from, to, t);
        } else {
            zero<Sample, 1>(launch.values, from, to, t);
        }
        if (part == 0) {
            for (int i = t; i < launch.limit; i += THREADS) {
                store(launch.mask, (i64)index * launch.limit + i, (i32)(i < patches));
            }
            if (t < 2) {
                store(launch.shapes, (i64)index * 2 + t, (i64)(t == 0 ? rows : columns));
            }
        }
    }
}

// One block.
template <class Sample> DEVICE void block(const Launch& launch, u32 number)
{
    const int index = load<u32>(launch.blocks, number);
    const Image image = load_structure<Image>(launch.images, index);
    const int inside = number - image.first_block;
    if (inside < image.tiles) {
        resize<Sample>(launch, image, index, inside);
    } else {
        pad<Sample>(launch, image, index, inside - image.tiles);
    }
}
