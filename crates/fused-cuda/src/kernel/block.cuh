// One block makes one tile of an image's output, or a part of its padding. For a tile, the horizontal pass writes
// groups of four rows to shared memory, where each word holds the same sample of four rows. The vertical pass then sums
// groups, looks the bytes up in the table and writes samples to the patches.

template <class Sample> DEVICE void resize(const Launch& launch, const Image& image, int index, int number)
{
    const Tile tile = find_tile<Sample>(image, number);
    const bool staged = image.mode != DIRECT;
    OWN(Share, share);
    OWN(Column, column);
    EACH_THREAD(t)
    {
        MINE(share, t) = find_share(image, tile, t);
        if (staged) {
            copy_stage(image, MINE(share, t), 0, t);
        }
        for (u32 at = t * 16; at < CHANNELS * 256 * sizeof(Sample); at += THREADS * 16) {
            copy_async(t, shared_address(at), launch.table + at);
        }
        MINE(column, t) = find_column(image, tile, t);
    }
    u32 buffer = 0; // offset of the stage that is being resized; the other stage is being filled
    for (int kept = tile.group, end; kept < tile.group_end; kept = end) {
        end = least(kept + image.chunk, tile.group_end);
        for (int group = kept; group < end; group += STAGE) {
            EACH_THREAD(t) { wait_for_copies(t); }
            BARRIER(); // this stage has arrived, and no thread reads the previous stage or the kept groups any more
            EACH_THREAD(t)
            {
                if (staged && group + STAGE < tile.group_end) {
                    copy_stage(image, MINE(share, t), tile.stage - buffer, t);
                }
                if (image.mode == ALIGNED) {
                    horizontal<ALIGNED>(image, tile, MINE(column, t), buffer, group, kept, end);
                } else if (image.mode == SHIFTED) {
                    horizontal<SHIFTED>(image, tile, MINE(column, t), buffer, group, kept, end);
                } else {
                    horizontal<DIRECT>(image, tile, MINE(column, t), buffer, group, kept, end);
                }
            }
            buffer = tile.stage - buffer;
        }
        BARRIER(); // all groups of the chunk are in shared memory
        EACH_THREAD(t)
        {
            // Samples that are stored together must belong to the same row of a patch.
            if (PATCH_OF(launch) % 4 == 0) {
                const bool whole = kept == tile.group && end == tile.group_end;
                if (whole && image.row_steps == 3) {
                    vertical<Sample, 4, 3>(launch, image, tile, index, kept, end, t);
                } else if (whole && image.row_steps == 2) {
                    vertical<Sample, 4, 2>(launch, image, tile, index, kept, end, t);
                } else {
                    vertical<Sample, 4>(launch, image, tile, index, kept, end, t);
                }
            } else if (PATCH_OF(launch) % 2 == 0) {
                vertical<Sample, 2>(launch, image, tile, index, kept, end, t);
            } else {
                vertical<Sample, 1>(launch, image, tile, index, kept, end, t);
            }
        }
    }
}

// Writes zeros from sample `from` to sample `to`, N at a time.
template <class Sample, int N> DEVICE void zero(u64 values, u64 from, u64 to, int thread)
{
    for (u64 at = from / N + thread; at < to / N; at += THREADS) {
        store(values, at, Run<Sample, N>{});
    }
}

// Writes part `part` of an image's padding. The first part also writes the mask and the shape.
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

// The work of one block.
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
