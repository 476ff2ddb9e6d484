"""hf-processors-rs as a subject of patchmark, as far as it goes: version 0.1.0 has SigLIP's processor, but not SigLIP 2's.

Its `SiglipImageProcessor`, which resizes and normalises in Rust, is asked for each image's NaFlex size. The search for that
size, the cut into patches and the padding, which it does not have, are added here, within the time that is taken.
"""

import functools
import math
import pathlib
import sys

import hf_processors_rs
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from subject import serve

PARAMETERS = [
    "do_normalize", "do_rescale", "image_mean", "image_std", "max_num_patches", "patch_size", "resample", "rescale_factor",
]


def grid(height, width, patch, limit):
    """The (rows, columns) of patches of an image, by bisection as in transformers."""

    def patches(scale):
        return [max(1, math.ceil(side * scale / patch)) for side in (height, width)]

    low, high = 1e-6, 100.0
    while high - low >= 1e-5:
        scale = (low + high) / 2
        low, high = (scale, high) if math.prod(patches(scale)) <= limit else (low, scale)
    return patches(low)


@functools.lru_cache(maxsize=1024)
def processor(height, width, settings):
    size = {"height": height, "width": width}
    return hf_processors_rs.AutoImageProcessor.from_dict(
        {"image_processor_type": "SiglipImageProcessor", "size": size, "do_resize": True, **dict(settings)}
    )


def process(images, parameters):
    if not parameters["do_resize"]:
        raise ValueError("do_resize=false is not served")
    if not images:
        raise ValueError("the batch is empty")
    patch, limit = parameters["patch_size"], parameters["max_num_patches"]
    names = ["do_normalize", "do_rescale", "image_mean", "image_std", "resample", "rescale_factor"]
    settings = tuple((name, tuple(value) if isinstance(value := parameters[name], list) else value) for name in names)
    values = np.zeros((len(images), limit, patch * patch * 3), np.float32)
    mask = np.zeros((len(images), limit), np.int32)
    shapes = np.zeros((len(images), 2), np.int64)
    for index, image in enumerate(images):
        rows, columns = grid(*image.shape[:2], patch, limit)
        resized = processor(rows * patch, columns * patch, settings)(image, num_threads=1, input_data_format="channels_last")
        patches = resized.reshape(3, rows, patch, columns, patch).transpose(1, 3, 2, 4, 0)
        values[index, : rows * columns] = patches.reshape(rows * columns, -1)
        mask[index, : rows * columns] = 1
        shapes[index] = rows, columns
    return {"pixel_values": values, "pixel_attention_mask": mask, "spatial_shapes": shapes}


if __name__ == "__main__":
    serve("hf-processors-rs", hf_processors_rs.__version__, PARAMETERS, process)
