"""timm's NaFlex transform as a subject of patchmark: `create_transform(naflex=True, patchify=True)` and `NaFlexCollator`.

The names of the tensors are mapped to Hugging Face's within the time that is taken, since a model needs them.
"""

import functools
import pathlib
import sys

import PIL.Image
import timm
import torch
from timm.data import create_transform
from timm.data.naflex_dataset import NaFlexCollator

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from subject import serve

PARAMETERS = ["image_mean", "image_std", "max_num_patches", "patch_size", "resample"]
FILTERS = {2: "bilinear", 3: "bicubic"}


@functools.lru_cache
def steps(limit, patch, resample, mean, std):
    transform = create_transform(
        naflex=True, patchify=True, patch_size=patch, max_seq_len=limit, interpolation=FILTERS[resample], mean=mean, std=std
    )
    return transform, NaFlexCollator(max_seq_len=limit)


def process(images, parameters):
    if not images:
        raise ValueError("the batch is empty")
    for name in ["do_resize", "do_rescale", "do_normalize"]:
        if not parameters[name]:
            raise ValueError(f"timm's transform does not serve {name}=false")
    transform, collate = steps(
        parameters["max_num_patches"],
        parameters["patch_size"],
        parameters["resample"],
        tuple(parameters["image_mean"]),
        tuple(parameters["image_std"]),
    )
    batch, _ = collate([(transform(image), 0) for image in images])
    # Coordinates begin at 0 and are 0 where padded, so the largest ones are those of the last row and column.
    shapes = batch["patch_coord"].amax(dim=1) + 1
    return {
        "pixel_values": batch["patches"].numpy(),
        "pixel_attention_mask": batch["patch_valid"].to(torch.int32).numpy(),
        "spatial_shapes": shapes.numpy(),
    }


if __name__ == "__main__":
    serve("timm", timm.__version__, PARAMETERS, process, form=PIL.Image.fromarray, use_threads=torch.set_num_threads)
