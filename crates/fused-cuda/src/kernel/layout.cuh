// The structures that the host writes and the kernel reads. `layout.rs` declares the same ones.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;

// The 16-bit weights of four neighbouring pixels of a row, or of four neighbouring rows. The first of each pair is in
// the low half.
struct alignas(8) Weights {
    u32 low, high;
};

// How a row of source pixels is read.
enum Mode {
    ALIGNED, // from shared memory; every row begins at a multiple of 4 bytes
    SHIFTED, // from shared memory; rows begin at any address
    DIRECT,  // from global memory, byte by byte: the source rows of a tile do not fit into shared memory
};

// An image of the batch. Addresses are those of device memory.
struct Image {
    u64 pixels, pitch;           // the first byte; bytes from one row to the next
    u64 columns, column_weights; // u32[out_width]: first word of 4 pixels; Weights[column_steps][out_width]
    u64 rows, row_weights;       // u32[out_height]: first group of 4 rows; Weights[out_height][row_steps]
    i32 height, width, out_height, out_width;
    i32 column_steps, column_shift; // words per output pixel; fraction bits of the weights
    i32 row_steps, row_shift;       // the same for rows
    i32 tile_height, tile_width, tiles_across, tiles;
    i32 row_bytes; // bytes of a source row in shared memory
    i32 chunk;     // groups of resized rows that shared memory holds, an even number
    i32 mode;
    u32 first_block;
};

// The argument of a launch. `values`, `mask` and `shapes` are the outputs.
struct Launch {
    u64 table;  // sample[CHANNELS][256]: red, green, blue, and the same again
    u64 images; // Image[images]
    u64 blocks; // u32[]: the image of each block
    u64 values; // sample[images][length][PATCH * PATCH * 3]
    u64 mask;   // i32[images][limit]
    u64 shapes; // i64[images][2]
    i32 length, limit, patch;
    i32 fill; // samples of padding that one block writes
};

static_assert(sizeof(Image) == 112 && sizeof(Launch) == 64, "layout.rs expects these sizes");
