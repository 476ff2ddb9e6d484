// The primitives that the kernel is written in, for CUDA. `emulator.hpp` has the same primitives for the host.

#define DEVICE static __device__ __forceinline__
// Code between barriers, for each thread `t`. Only shared memory and variables declared with OWN survive a barrier.
#define EACH_THREAD(t) for (int t = threadIdx.x, once = 1; once; once = 0)
#define BARRIER() __syncthreads()
// Declares a variable that every thread keeps across barriers; the variable of thread `t`.
#define OWN(T, name) T name
#define MINE(name, t) name
// A constant here: divisions by it become multiplications.
#define PATCH_OF(launch) PATCH

extern __shared__ __align__(16) u8 shared_memory[];

template <class T> DEVICE T load(u64 address, i64 index)
{
    const u64 at = address + index * sizeof(T);
    T value;
    if constexpr (sizeof(T) == 1) {
        u32 wide;
        asm("ld.global.nc.u8 %0, [%1];" : "=r"(wide) : "l"(at));
        value = (T)wide;
    } else if constexpr (sizeof(T) == 4) {
        asm("ld.global.nc.u32 %0, [%1];" : "=r"(value) : "l"(at));
    } else {
        static_assert(sizeof(T) == 8);
        asm("ld.global.nc.v2.u32 {%0, %1}, [%2];" : "=r"(value.low), "=r"(value.high) : "l"(at));
    }
    return value;
}

// Loads a structure, once per block.
template <class T> DEVICE T load_structure(u64 address, i64 index)
{
    return reinterpret_cast<const T*>(address)[index];
}

// Stores a value that nothing on this multiprocessor reads again.
template <class T> DEVICE void store(u64 address, i64 index, T value)
{
    const u64 at = address + index * sizeof(T);
    if constexpr (sizeof(T) == 16) {
        const uint4 v = __builtin_bit_cast(uint4, value);
        asm volatile("st.global.cs.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(at), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w)
                     : "memory");
    } else if constexpr (sizeof(T) == 8) {
        asm volatile("st.global.cs.u64 [%0], %1;" ::"l"(at), "l"(__builtin_bit_cast(u64, value)) : "memory");
    } else if constexpr (sizeof(T) == 4) {
        asm volatile("st.global.cs.u32 [%0], %1;" ::"l"(at), "r"(__builtin_bit_cast(u32, value)) : "memory");
    } else if constexpr (sizeof(T) == 2) {
        asm volatile("st.global.cs.u16 [%0], %1;" ::"l"(at), "h"(__builtin_bit_cast(u16, value)) : "memory");
    } else {
        static_assert(sizeof(T) == 1);
        asm volatile("st.global.cs.u8 [%0], %1;" ::"l"(at), "r"((u32)__builtin_bit_cast(u8, value)) : "memory");
    }
}

// The index is separate from the offset because a constant index becomes part of the instruction.
template <class T> DEVICE T load_shared(u32 offset, int index = 0)
{
    return reinterpret_cast<const T*>(shared_memory + offset)[index];
}

template <class T> DEVICE void store_shared(u32 offset, T value, int index = 0)
{
    reinterpret_cast<T*>(shared_memory + offset)[index] = value;
}

// The address of an offset in shared memory, for asynchronous copies. The assembly hides its computation from the
// compiler, which would otherwise repeat it for each copy.
DEVICE u32 shared_address(u32 offset)
{
    u32 address;
    asm volatile("mov.u32 %0, %1;" : "=r"(address) : "r"((u32)__cvta_generic_to_shared(shared_memory + offset)));
    return address;
}

// Starts a copy of 16 bytes to shared memory. Both addresses are multiples of 16.
DEVICE void copy_async(int, u32 to, u64 from)
{
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
}

// Waits for the copies that this thread has started.
DEVICE void wait_for_copies(int)
{
    asm volatile("cp.async.wait_all;" ::: "memory");
}

// The bytes of `a` (0 to 3) and `b` (4 to 7) that the four hexadecimal digits of the selector name.
DEVICE u32 permute(u32 a, u32 b, u32 selector)
{
    return __byte_perm(a, b, selector);
}

// The 32 bits of `high` and `low` that begin at bit `bits`, which is less than 32.
DEVICE u32 funnel(u32 low, u32 high, u32 bits)
{
    return __funnelshift_r(low, high, bits);
}

// `sum` plus the products of two signed 16-bit weights with the two low, or the two high, bytes.
DEVICE i32 dot_low(u32 weights, u32 bytes, i32 sum)
{
    i32 result;
    asm("dp2a.lo.s32.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(weights), "r"(bytes), "r"(sum));
    return result;
}

DEVICE i32 dot_high(u32 weights, u32 bytes, i32 sum)
{
    i32 result;
    asm("dp2a.hi.s32.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(weights), "r"(bytes), "r"(sum));
    return result;
}

// Four sums, shifted right and clamped to bytes, in one word. The first is in the lowest byte.
DEVICE u32 pack(i32 a, i32 b, i32 c, i32 d, int shift)
{
    u32 high, all;
    asm("cvt.pack.sat.u8.s32.b32 %0, %1, %2, 0;" : "=r"(high) : "r"(d >> shift), "r"(c >> shift));
    asm("cvt.pack.sat.u8.s32.b32 %0, %1, %2, %3;" : "=r"(all) : "r"(b >> shift), "r"(a >> shift), "r"(high));
    return all;
}
