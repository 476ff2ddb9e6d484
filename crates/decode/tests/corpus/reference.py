"""What transformers reads from files: reference.py FOLDER [damaged] writes one line for each file in it, in name order.

A line is NAME <tab> PILLOW <tab> TORCHVISION <tab> REFERENCE: the width, height and SHA-256 of the RGB pixels (`48x32:…`), `refused`,
`deep` for 16 bits a channel, `animated` for several images. The reference is what the processor's own class reads, and Pillow where it refuses;
of an animation, the first frame as Pillow gives it. With `damaged`, torchvision is not asked about GIF files, because its
decoder writes outside its memory for some: that is `unasked`."""

import hashlib
import pathlib
import sys
import warnings

import numpy
import torch
from transformers import image_utils


def digest(pixels):
    height, width, _ = pixels.shape
    return f"{width}x{height}:{hashlib.sha256(numpy.ascontiguousarray(pixels).tobytes()).hexdigest()}"


def pillow(path):
    try:
        return digest(numpy.asarray(image_utils.load_image(path)))
    except Exception:
        return "refused"


def torchvision(path):
    if "damaged" in sys.argv[2:] and pathlib.Path(path).read_bytes()[:3] == b"GIF":
        return "unasked"
    try:
        tensor = image_utils.load_image_as_tensor(path)
    except Exception:
        return "refused"
    if tensor.ndim == 4:
        return "animated"
    return digest(tensor.permute(1, 2, 0).numpy()) if tensor.dtype == torch.uint8 else "deep"


def main():
    warnings.simplefilter("ignore")
    for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        ways = pillow(str(path)), torchvision(str(path))
        reference = ways[0] if ways[1] in ("refused", "animated") else ways[1]
        print(path.name, *ways, reference, sep="\t")


if __name__ == "__main__":
    main()
