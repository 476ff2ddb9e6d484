// Reads a launch and its memory from standard input, runs it, and writes the outputs to standard output.

template <class T> static T read()
{
    T value;
    if (std::fread(&value, sizeof(T), 1, stdin) != 1) {
        fail("an incomplete request, bytes of the missing value", sizeof(T));
    }
    return value;
}

template <class Sample> static void run(const Launch& launch, u64 blocks, u64 shared)
{
    for (u64 number = 0; number < blocks; ++number) {
        // The contents that an earlier block has left must not matter.
        shared_memory.assign(shared, (unsigned char)(0xc3 ^ number));
        reads.assign(shared / 4 + 1, Touch{0, -1});
        writes.assign(shared / 4 + 1, Touch{0, -1});
        epoch = 1;
        descending = number % 2 == 1;
        block<Sample>(launch, (u32)number);
        for (const auto& copies : pending) {
            if (!copies.empty()) {
                fail("a copy that nobody waited for, block", number);
            }
        }
    }
}

int main()
{
    const u64 sample = read<u64>(), blocks = read<u64>(), shared = read<u64>(), count = read<u64>();
    for (u64 i = 0; i < count; ++i) {
        Region region{read<u64>(), read<u64>() != 0, {}, {}};
        region.bytes.resize(read<u64>());
        if (std::fread(region.bytes.data(), 1, region.bytes.size(), stdin) != region.bytes.size()) {
            fail("an incomplete region, index", i);
        }
        region.written.resize(region.writable ? region.bytes.size() : 0);
        regions.push_back(std::move(region));
    }
    const Launch launch = read<Launch>();
    if (sample == 4) {
        run<u32>(launch, blocks, shared);
    } else if (sample == 2) {
        run<u16>(launch, blocks, shared);
    } else if (sample == 1) {
        run<u8>(launch, blocks, shared);
    } else {
        fail("an unsupported sample size", sample);
    }
    for (const Region& region : regions) {
        if (region.writable && std::fwrite(region.bytes.data(), 1, region.bytes.size(), stdout) != region.bytes.size()) {
            fail("failed to write an output, bytes", region.bytes.size());
        }
    }
    return 0;
}
