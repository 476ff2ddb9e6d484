"""Files with faults: mutate.py FROM OUTDIR COUNT SEED changes, cuts and repeats bytes of files drawn from a folder."""

import pathlib
import random
import sys

MARKERS = [b"\xff\xff", b"\0\0", b"\xff\xd9", b"\xff\xda", b"\xff\xe1", b"\x7f\xff"]
# Larger files take time and show nothing that small ones do not.
LARGEST = 60_000


def mutated(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        # Mostly in the headers.
        reach = min(len(data), rng.choice([len(data), 700, 200]))
        if not reach:
            break
        at = rng.randrange(reach)
        match rng.randrange(6):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                del data[at : at + rng.choice([1, 2, 16, 200])]
            case 3:
                data[at:at] = rng.randbytes(rng.choice([1, 2, 16]))
            case 4:
                data[at : at + 2] = rng.choice(MARKERS)
            case _:
                other = rng.randrange(len(data))
                data[at:at] = data[other : other + rng.choice([2, 20, 200])]
    return bytes(data)


def main():
    source, out, count, seed = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    files = [path for path in sorted(source.iterdir()) if path.stat().st_size <= LARGEST]
    for index in range(count):
        path = rng.choice(files)
        (out / f"{index:05}-{path.name}").write_bytes(mutated(path.read_bytes(), rng))


if __name__ == "__main__":
    main()
