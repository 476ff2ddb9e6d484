// SAMPLE is the type of a sample in the table: the bits of an f32 or of a 16-bit number, or a byte.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) preprocess(const __grid_constant__ Launch launch)
{
    block<SAMPLE>(launch, blockIdx.x);
}
