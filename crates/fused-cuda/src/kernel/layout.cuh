// What the host writes and the kernel reads. `batch.rs` holds the same structures.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;

// The 16-bit weights of four neighbours: pixels of a row, or rows. First in the low half.
struct alignas(8) Weights {
    u32 low, high;
};

// How a row of source pixels is read.
enum Mode {
    ALIGNED, // from shared memory, every row at a multiple of 4 bytes
    SHIFTED, // from shared memory, rows anywhere
    DIRECT,  // from global memory byte by byte: a tile spans more than shared memory holds
};

// An image of the batch. Addresses are of device memory.
struct Image {
    u64 pixels, pitch;           // first byte; bytes from a row to the next
    u64 columns, column_weights; // u32[out_width]: first word of 4 pixels; Weights[column_steps][out_width]
    u64 rows, row_weights;       // u32[out_height]: first group of 4 rows; Weights[out_height][row_steps]
    i32 height, width, out_height, out_width;
    i32 column_steps, column_shift; // words that an output pixel takes; fraction bits of its weights
    i32 row_steps, row_shift;
    i32 tile_height, tile_width, tiles_across, tiles;
    i32 row_bytes; // of a source row in shared memory
    i32 chunk;     // groups of resized rows that shared memory keeps, an even number
    i32 mode;
    u32 first_block;
};

// A launch. The last three are outputs.
struct Launch {
    u64 table, images, blocks; // sample[CHANNELS][256], red, green, blue and again; Image[]; u32[]: the image of each block
    u64 values, mask, shapes;  // sample[images][length][PATCH * PATCH * 3]; i32[images][limit]; i64[images][2]
    i32 length, limit, patch, fill; // fill: samples of padding that a block writes
};

static_assert(sizeof(Image) == 112 && sizeof(Launch) == 64, "batch.rs has the same sizes");
