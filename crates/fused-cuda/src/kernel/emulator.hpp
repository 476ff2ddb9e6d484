// The primitives that the kernel is written in, for the host. Threads run one after another between barriers, and
// memory checks its bounds and detects races. `device.cuh` has the same primitives for CUDA.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

#define DEVICE static inline
#define EACH_THREAD(t) \
    for (int nth = 0, t = begin_thread(0); nth < THREADS; ++nth, t = begin_thread(nth))
#define BARRIER() ++epoch
#define OWN(T, name) static T name[THREADS]
#define MINE(name, t) name[t]
#define PATCH_OF(launch) (launch).patch

// Ends the program with a message and the number that it names.
[[noreturn]] static void fail(const char* what, unsigned long long number)
{
    std::fprintf(stderr, "%s: %llu\n", what, number);
    std::exit(3);
}

// Global memory: regions at ascending addresses, which the caller chooses.
struct Region {
    u64 address;
    bool writable;
    std::vector<unsigned char> bytes;
    std::vector<bool> written;
};
static std::vector<Region> regions;

static Region& region_of(u64 at, u64 length, u64 alignment)
{
    if (at % alignment != 0) {
        fail("a misaligned access to global memory, address", at);
    }
    const auto behind = [](u64 address, const Region& region) { return address < region.address; };
    const auto next = std::upper_bound(regions.begin(), regions.end(), at, behind);
    if (next == regions.begin() || at - next[-1].address + length > next[-1].bytes.size()) {
        fail("an access beyond global memory, address", at);
    }
    return next[-1];
}

// Shared memory, and the threads that have accessed each word since the last barrier.
struct Touch {
    u32 epoch;
    int thread; // -1 if there were several
};
static std::vector<unsigned char> shared_memory;
static std::vector<Touch> reads, writes;
static u32 epoch;
static int current_thread;
static bool descending;

static int begin_thread(int nth)
{
    return current_thread = descending ? THREADS - 1 - nth : nth;
}

static void check_shared(u32 offset, u32 length, u32 alignment)
{
    if (offset % alignment != 0) {
        fail("a misaligned access to shared memory, offset", offset);
    }
    if ((u64)offset + length > shared_memory.size()) {
        fail("an access beyond shared memory, offset", offset);
    }
}

static void note_read(u32 offset, u32 length)
{
    for (u32 word = offset / 4; word <= (offset + length - 1) / 4; ++word) {
        if (writes[word].epoch == epoch && writes[word].thread != current_thread) {
            fail("a race: shared memory is read and written between barriers, offset", word * 4);
        }
        if (reads[word].epoch != epoch) {
            reads[word] = {epoch, current_thread};
        } else if (reads[word].thread != current_thread) {
            reads[word].thread = -1;
        }
    }
}

static void note_write(u32 offset, u32 length)
{
    for (u32 word = offset / 4; word <= (offset + length - 1) / 4; ++word) {
        const Touch both[2] = {reads[word], writes[word]};
        for (const Touch& touch : both) {
            if (touch.epoch == epoch && touch.thread != current_thread) {
                fail("a race: shared memory is written and accessed between barriers, offset", word * 4);
            }
        }
        writes[word] = {epoch, current_thread};
    }
}

template <class T> DEVICE T load(u64 address, i64 index)
{
    const u64 at = address + index * sizeof(T);
    const Region& region = region_of(at, sizeof(T), alignof(T));
    T value;
    std::memcpy(&value, region.bytes.data() + (at - region.address), sizeof(T));
    return value;
}

template <class T> DEVICE T load_structure(u64 address, i64 index) { return load<T>(address, index); }

template <class T> DEVICE void store(u64 address, i64 index, T value)
{
    const u64 at = address + index * sizeof(T);
    Region& region = region_of(at, sizeof(T), alignof(T));
    for (u64 i = at - region.address; i < at - region.address + sizeof(T); ++i) {
        if (!region.writable || region.written[i]) {
            fail("a store to an input, or to an output that was stored before, address", at);
        }
        region.written[i] = true;
    }
    std::memcpy(region.bytes.data() + (at - region.address), &value, sizeof(T));
}

template <class T> DEVICE T load_shared(u32 offset, int index = 0)
{
    offset += index * sizeof(T);
    check_shared(offset, sizeof(T), alignof(T));
    note_read(offset, sizeof(T));
    T value;
    std::memcpy(&value, shared_memory.data() + offset, sizeof(T));
    return value;
}

template <class T> DEVICE void store_shared(u32 offset, T value, int index = 0)
{
    offset += index * sizeof(T);
    check_shared(offset, sizeof(T), alignof(T));
    note_write(offset, sizeof(T));
    std::memcpy(shared_memory.data() + offset, &value, sizeof(T));
}

// A copy takes effect only when its thread waits for it.
struct Copy {
    u32 to;
    u64 from;
};
static std::vector<Copy> pending[THREADS];

DEVICE u32 shared_address(u32 offset) { return offset; }

DEVICE void copy_async(int thread, u32 offset, u64 from)
{
    check_shared(offset, 16, 16);
    note_write(offset, 16);
    if (from % 16 != 0) {
        fail("a copy from an address that is not a multiple of 16", from);
    }
    pending[thread].push_back({offset, from});
}

DEVICE void wait_for_copies(int thread)
{
    for (const Copy& copy : pending[thread]) {
        const Region& region = region_of(copy.from, 16, 1);
        note_write(copy.to, 16);
        std::memcpy(shared_memory.data() + copy.to, region.bytes.data() + (copy.from - region.address), 16);
    }
    pending[thread].clear();
}

DEVICE u32 permute(u32 a, u32 b, u32 selector)
{
    const u64 both = (u64)b << 32 | a;
    u32 result = 0;
    for (int i = 0; i < 4; ++i) {
        result |= (u32)(both >> (selector >> 4 * i & 7) * 8 & 255) << 8 * i;
    }
    return result;
}

DEVICE u32 funnel(u32 low, u32 high, u32 bits) { return (u32)(((u64)high << 32 | low) >> bits); }

// Sums wrap around, as on the hardware. Unsigned arithmetic avoids the undefined overflow of signed integers.
static i32 dot(u32 weights, u32 bytes, i32 sum)
{
    const u32 first = (u32)((i32)(int16_t)weights * (i32)(bytes & 255));
    const u32 second = (u32)((i32)(int16_t)(weights >> 16) * (i32)(bytes >> 8 & 255));
    return (i32)((u32)sum + first + second);
}

DEVICE i32 dot_low(u32 weights, u32 bytes, i32 sum) { return dot(weights, bytes, sum); }
DEVICE i32 dot_high(u32 weights, u32 bytes, i32 sum) { return dot(weights, bytes >> 16, sum); }

static u32 saturate(i32 value) { return (u32)(value < 0 ? 0 : value > 255 ? 255 : value); }

DEVICE u32 pack(i32 a, i32 b, i32 c, i32 d, int shift)
{
    return saturate(a >> shift) | saturate(b >> shift) << 8 | saturate(c >> shift) << 16 | saturate(d >> shift) << 24;
}
