// The horizontal pass.

// The bytes of four pixels, separated by channel. A permutation yields words of two red and two green bytes, which a
// dot product with the low half and one with the high half of the word take apart.
struct Pixels {
    u32 red_green[2]; // red and green of pixels 0 and 1, then of pixels 2 and 3
    u32 blue;         // blue of all four pixels
};

DEVICE Pixels separate(u32 a, u32 b, u32 c)
{
    // a = R0 G0 B0 R1, b = G1 B1 R2 G2, c = B2 R3 G3 B3
    return {{permute(a, b, 0x4130), permute(b, c, 0x6352)}, permute(permute(a, b, 0x0052), c, 0x7410)};
}

// Words of weights that a thread keeps for all rows. Further words are loaded for each row.
constexpr int KEPT = 3;

// The task of a thread in every stage: one pixel of each of four rows. Each weight is used for twelve sums.
struct Column {
    int x, part;          // column in the tile; which group of the stage
    int word;             // first word of the pixel's window, in the tile's row
    u32 low;              // low 32 bits of the address of the tile's first byte in the first of the four rows
    Weights weights[KEPT];
};

DEVICE Column find_column(const Image& image, const Tile& tile, int thread)
{
    static_assert(STAGE == 2, "with two groups, a comparison replaces a division");
    Column column;
    column.part = thread < tile.width ? 0 : 1;
    column.x = thread - column.part * tile.width;
    column.low = (u32)image.pixels + (u32)tile.word * 12 + (u32)(tile.group + column.part) * 4 * (u32)image.pitch;
    column.word = 0;
    if (column.x < tile.width) {
        column.word = load<u32>(image.columns, tile.x + column.x) - tile.word;
#pragma unroll
        for (int step = 0; step < KEPT; ++step) {
            column.weights[step] = step < image.column_steps
                ? load<Weights>(image.column_weights, (i64)step * image.out_width + tile.x + column.x)
                : Weights{0, 0};
        }
    }
    return column;
}

// The 4 pixels that begin `word + step` words into a row of the tile. In shared memory, the row begins at `begin`.
template <int MODE> DEVICE Pixels load_pixels(const Image& image, const Tile& tile, u32 begin, int row, int word, int step)
{
    if constexpr (MODE == ALIGNED) {
        const u32 at = begin + word * 12;
        return separate(load_shared<u32>(at, step * 3), load_shared<u32>(at, step * 3 + 1), load_shared<u32>(at, step * 3 + 2));
    } else if constexpr (MODE == SHIFTED) {
        const u32 at = (begin & ~3u) + word * 12, bits = begin % 4 * 8;
        const u32 a = load_shared<u32>(at, step * 3), b = load_shared<u32>(at, step * 3 + 1);
        const u32 c = load_shared<u32>(at, step * 3 + 2), d = load_shared<u32>(at, step * 3 + 3);
        return separate(funnel(a, b, bits), funnel(b, c, bits), funnel(c, d, bits));
    } else {
        const u64 start = image.pixels + least(row, image.height - 1) * image.pitch;
        const i64 first = (i64)(tile.word + word + step) * 12;
        u32 words[3] = {0, 0, 0};
        for (int i = 0; i < 12; ++i) {
            if (first + i < 3 * (i64)image.width) {
                words[i / 4] |= (u32)load<u8>(start, first + i) << i % 4 * 8;
            }
        }
        return separate(words[0], words[1], words[2]);
    }
}

DEVICE void add(i32 sums[3], const Weights& w, const Pixels& p)
{
    sums[0] = dot_low(w.high, p.red_green[1], dot_low(w.low, p.red_green[0], sums[0]));
    sums[1] = dot_high(w.high, p.red_green[1], dot_high(w.low, p.red_green[0], sums[1]));
    sums[2] = dot_high(w.high, p.blue, dot_low(w.low, p.blue, sums[2]));
}

// The horizontal pass over one stage, for one thread.
template <int MODE>
DEVICE void horizontal(const Image& image, const Tile& tile, Column& column, u32 buffer, int group, int kept, int end)
{
    const int own = group + column.part;
    const u32 low = column.low;
    column.low += STAGE * 4 * (u32)image.pitch;
    if (column.x >= tile.width || own >= end) {
        return;
    }
    u32 begin[4];
    i32 sums[4][3];
#pragma unroll
    for (int r = 0; r < 4; ++r) {
        begin[r] = tile.raw + buffer + (column.part * 4 + r) * image.row_bytes + ((low + r * (u32)image.pitch) & 15);
        sums[r][0] = sums[r][1] = sums[r][2] = half_of(image.column_shift);
    }
    constexpr int FIRST = MODE == DIRECT ? 0 : KEPT; // the rare mode is not unrolled, which keeps the code short
#pragma unroll
    for (int step = 0; step < FIRST; ++step) {
        if (step == 0 || step < image.column_steps) {
#pragma unroll
            for (int r = 0; r < 4; ++r) {
                add(sums[r], column.weights[step], load_pixels<MODE>(image, tile, begin[r], own * 4 + r, column.word, step));
            }
        }
    }
#pragma unroll 1
    for (int step = FIRST; step < image.column_steps; ++step) {
        const Weights w = load<Weights>(image.column_weights, (i64)step * image.out_width + tile.x + column.x);
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            add(sums[r], w, load_pixels<MODE>(image, tile, begin[r], own * 4 + r, column.word + step, 0));
        }
    }
    const u32 to = tile.kept + (u32)(own - kept) * tile.kept_pitch + column.x * 12;
#pragma unroll
    for (int c = 0; c < 3; ++c) {
        store_shared(to, pack(sums[0][c], sums[1][c], sums[2][c], sums[3][c], image.column_shift), c);
    }
}
