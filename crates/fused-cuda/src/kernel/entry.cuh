// A sample is what the table holds: f32, the bits of a 16-bit number, or a byte.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) preprocess(const __grid_constant__ Launch launch)
{
    block<SAMPLE>(launch, blockIdx.x);
}
