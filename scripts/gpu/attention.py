"""Checks on GPU 0 whether torch's kernel for attention with a mask is correct and no slower than the alternatives.

In half precision torch 2.11 prefers cuDNN on recent GPUs, and what cuDNN does with an additive mask depends on its
version. Prints one line per shape, and as the last line the environment variable that puts cuDNN last, or "none" if no
change is needed.
"""

import statistics
import time

import torch
import torch.nn.functional as functional
from torch.nn.attention import SDPBackend, sdpa_kernel

HEADS, PATCHES, WIDTH = 12, 256, 64
# The largest differences of bf16 and f16 from float64 that rounding explains.
TOLERANCE = {torch.bfloat16: 2e-2, torch.float16: 4e-3}
# cuDNN is put last if it takes this many times as long as the other kernels.
SLOW = 1.1
SAMPLES, CALLS = 5, 10


def milliseconds(call):
    call()
    samples = []
    for _ in range(SAMPLES):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        torch.cuda.synchronize()
        samples.append((time.perf_counter() - start) / CALLS * 1e3)
    return statistics.median(samples)


def probe(dtype, batch):
    """Whether cuDNN should be put last for this shape, with a line that says why."""
    torch.manual_seed(0)
    query, key, value = (torch.randn(batch, HEADS, PATCHES, WIDTH, device="cuda", dtype=dtype) for _ in range(3))
    mask = torch.zeros(batch, 1, PATCHES, PATCHES, device="cuda", dtype=dtype)
    mask[..., PATCHES - 6 :] = -65504.0

    def attend():
        return functional.scaled_dot_product_attention(query, key, value, mask)

    right = functional.scaled_dot_product_attention(*(tensor[:4].double() for tensor in (query, key, value, mask)))
    name = f"{str(dtype).removeprefix('torch.')} batch {batch}"
    try:
        error = (attend()[:4].double() - right).abs().max().item()
        chosen = milliseconds(attend)
    except RuntimeError as failure:
        return True, f"{name}: torch's choice fails: {str(failure).splitlines()[0]}"
    with sdpa_kernel([SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]):
        other = milliseconds(attend)
    line = f"{name}: error {error:.1e}, {chosen:.3f} ms; without cuDNN {other:.3f} ms"
    # `not <=` instead of `>`, because comparisons with NaN are false.
    return not error <= TOLERANCE[dtype] or chosen > SLOW * other, line


def main():
    demote = False
    for dtype in TOLERANCE:
        for batch in (1, 32):
            unfit, line = probe(dtype, batch)
            demote = demote or unfit
            print(line)
    print("TORCH_CUDNN_SDPA_DEPRIORITIZED=1" if demote else "none")


main()
