// The tile of a block, and the copies of its source rows to shared memory.

DEVICE int least(int a, int b) { return a < b ? a : b; }
DEVICE int most(int a, int b) { return a > b ? a : b; }
DEVICE u32 round_up(u32 value, u32 unit) { return (value + unit - 1) / unit * unit; }

// Shifts right and clamps to a byte, like torch. The sum has started from the rounding.
DEVICE u32 finish(i32 sum, int shift) { return (u32)most(least(sum >> shift, 255), 0); }
DEVICE i32 half_of(int shift) { return 1 << shift >> 1; }

// The tile of a block, and the layout of shared memory.
struct Tile {
    int y, x, height, width; // in the resized image
    int word;                // the first source column, in words of 4 pixels
    u32 bytes;               // bytes of a source row that are copied
    int group, group_end;    // source rows, in groups of 4
    u32 raw, stage;          // two stages of source rows: offset of the first, bytes of each
    u32 kept, kept_pitch;    // groups of resized rows: offset of the first, bytes of each
    u32 partial;             // offset of partial sums, for outputs that span more groups than shared memory holds
};

template <class Sample> DEVICE Tile find_tile(const Image& image, int number)
{
    Tile tile;
    const int down = number / image.tiles_across;
    tile.y = down * image.tile_height;
    tile.x = (number - down * image.tiles_across) * image.tile_width;
    tile.height = least(image.tile_height, image.out_height - tile.y);
    tile.width = least(image.tile_width, image.out_width - tile.x);
    // The first word never decreases, so the window of the last output pixel ends last.
    tile.word = load<u32>(image.columns, tile.x);
    const i64 end = (i64)(load<u32>(image.columns, tile.x + tile.width - 1) + image.column_steps) * 12;
    const i64 whole = (i64)image.width * 3;
    tile.bytes = (u32)((end < whole ? end : whole) - (i64)tile.word * 12);
    tile.group = load<u32>(image.rows, tile.y);
    tile.group_end = load<u32>(image.rows, tile.y + tile.height - 1) + image.row_steps;
    tile.raw = CHANNELS * 256 * sizeof(Sample);
    tile.stage = STAGE * 4 * image.row_bytes;
    tile.kept = tile.raw + (image.mode == DIRECT ? 0 : 2 * tile.stage);
    tile.kept_pitch = round_up(3 * image.tile_width, 4) * 4;
    tile.partial = tile.kept + image.chunk * tile.kept_pitch;
    return tile;
}

// The part of each stage that a thread copies: in one row, 16 bytes and every SHARE-th unit of 16 bytes after them.
struct Share {
    u64 from;  // address of the first unit in the next stage
    u32 to;    // its address in shared memory, in the first of the two stages
    int bytes; // bytes from the first unit to the end of the tile's row
    int row;   // the source row in the next stage
};

constexpr int SHARE = THREADS / (STAGE * 4);
static_assert(SHARE * STAGE * 4 == THREADS, "every thread has an equal share of the rows");

DEVICE Share find_share(const Image& image, const Tile& tile, int thread)
{
    const int line = thread / SHARE, skip = thread % SHARE * 16, row = tile.group * 4 + line;
    return {image.pixels + row * image.pitch + (u64)tile.word * 12 + skip,
        shared_address(tile.raw + line * image.row_bytes + skip), (int)tile.bytes - skip, row};
}

// Starts the copy of a thread's share of a stage, 16 bytes at a time, and advances the share to the next stage. Up to
// 15 bytes before and after the bytes of the tile are copied too, because shorter copies need many more instructions.
DEVICE void copy_stage(const Image& image, Share& share, u32 buffer, int thread)
{
    // Rows beyond the image have zero weights.
    if (share.row < image.height) {
        const u64 from = share.from & ~(u64)15;
        const int bytes = share.bytes + ((u32)share.from & 15);
        const u32 to = share.to + buffer;
#pragma unroll
        for (int i = 0; i < 3; ++i) {
            if (i * SHARE * 16 < bytes) {
                copy_async(thread, to + i * SHARE * 16, from + i * SHARE * 16);
            }
        }
#pragma unroll 1
        for (int at = 3 * SHARE * 16; at < bytes; at += SHARE * 16) {
            copy_async(thread, to + at, from + at);
        }
    }
    share.row += STAGE * 4;
    share.from += STAGE * 4 * image.pitch;
}
