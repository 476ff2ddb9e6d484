// The horizontal pass.

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
        return separate(load_shared<u32>(at, 0), load_shared<u32>(at, 1), load_shared<u32>(at, 2));
    } else if constexpr (MODE == SHIFTED) {
        const u32 at = (begin & ~3u) + word * 12, bits = begin % 4 * 8;
        const u32 a = load_shared<u32>(at, 0), b = load_shared<u32>(at, 1);
        const u32 c = load_shared<u32>(at, 2), d = load_shared<u32>(at, 3);
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
        static_assert(STAGE == 2, "a comparison for a division");
        const int part = task < tile.width ? 0 : 1, x = task - part * tile.width;
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
        u64 weights = image.column_weights + (tile.x + x) * sizeof(Weights);
        for (int step = 0; step < image.column_steps; ++step) {
            const Weights w = load<Weights>(weights, 0);
            weights += image.out_width * sizeof(Weights);
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
            store_shared(to, permute(low, high, 0x5410), c);
        }
    }
}
