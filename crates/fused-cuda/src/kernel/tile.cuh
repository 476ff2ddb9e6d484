// The tile of a block, and how its source rows come into shared memory.

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
