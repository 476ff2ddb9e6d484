"""The rewrite that is published most often to speed up SigLIP 2's processor, and a form of it that may replace the class.

`Stacked` stacks the images of a batch and processes them at once, as such rewrites do: written against transformers 4.57,
for images of one size, with int32 shapes. `Corrected` keeps the idea and the contract.

    patchmark validate python:examples/subjects/stacked.py:Stacked@transformers==4.57.6 --reference transformers==4.57.6
    patchmark validate python:examples/subjects/stacked.py:Stacked
    patchmark validate python:examples/subjects/stacked.py:Corrected
"""

import importlib

import torch
from transformers.image_processing_utils import BatchFeature
from transformers.image_utils import SizeDict
from transformers.models.siglip2.image_processing_siglip2 import get_image_size_for_max_num_patches


def torchvision_class():
    """transformers' class on torchvision; until 5.4 it was in a module of its own."""
    package = "transformers.models.siglip2.image_processing_siglip2"
    for module, name in ((f"{package}_fast", "Siglip2ImageProcessorFast"), (package, "Siglip2ImageProcessor")):
        try:
            return getattr(importlib.import_module(module), name)
        except ModuleNotFoundError:
            continue
    raise ImportError("this release of transformers has no SigLIP 2 processor on torchvision")


Base = torchvision_class()


class Stacked(Base):
    """All images of a batch at once, as `[B, 3, H, W]`."""

    def _preprocess(
        self,
        images,
        do_resize,
        patch_size,
        max_num_patches,
        interpolation,
        do_rescale,
        rescale_factor,
        do_normalize,
        image_mean,
        image_std,
        return_tensors,
        **kwargs,
    ):
        batch = torch.stack(images)
        height, width = get_image_size_for_max_num_patches(
            batch.shape[-2], batch.shape[-1], patch_size, max_num_patches
        )
        batch = self.resize(batch, SizeDict(height=height, width=width), interpolation=interpolation)
        batch = self.rescale_and_normalize(batch, do_rescale, rescale_factor, do_normalize, image_mean, image_std)
        rows, columns = height // patch_size, width // patch_size
        mask = torch.zeros(len(batch), max_num_patches, dtype=torch.int32)
        mask[:, : rows * columns] = 1
        data = {
            "pixel_values": padded_patches(batch, patch_size, max_num_patches),
            "pixel_attention_mask": mask,
            "spatial_shapes": torch.tensor([[rows, columns]] * len(batch), dtype=torch.int32),
        }
        return BatchFeature(data=data, tensor_type=return_tensors)


class Corrected(Base):
    """The images of each size at once; everything that a caller can see is as in transformers' class since 5.0."""

    def _preprocess(self, images, **arguments):
        if not arguments["do_resize"]:
            # Only resizing gains from stacking.
            return super()._preprocess(images, **arguments)
        size, limit = arguments["patch_size"], arguments["max_num_patches"]
        normalization = [
            arguments[name] for name in ("do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std")
        ]
        places = {}
        for place, image in enumerate(images):
            places.setdefault((image.shape, image.dtype, image.device), []).append(place)
        values, masks, shapes = ([None] * len(images) for _ in range(3))
        for (shape, _, _), group in places.items():
            height, width = get_image_size_for_max_num_patches(shape[-2], shape[-1], size, limit)
            batch = torch.stack([images[place] for place in group])
            batch = self.resize(batch, SizeDict(height=height, width=width), arguments["resample"])
            batch = self.rescale_and_normalize(batch, *normalization)
            rows, columns = height // size, width // size
            for place, patches in zip(group, padded_patches(batch, size, limit)):
                values[place], shapes[place] = patches, (rows, columns)
                masks[place] = (torch.arange(limit) < rows * columns).int()
        data = {"pixel_values": values, "pixel_attention_mask": masks, "spatial_shapes": shapes}
        return BatchFeature(data=data, tensor_type=arguments["return_tensors"])


def padded_patches(batch, size, limit):
    """`[B, C, rows · size, columns · size]` as `[B, limit, size · size · C]`, with zeros after the last patch."""
    count, channels, height, width = batch.shape
    batch = batch.reshape(count, channels, height // size, size, width // size, size)
    patches = batch.permute(0, 2, 4, 3, 5, 1).reshape(count, -1, size * size * channels)
    values = patches.new_zeros(count, limit, patches.shape[-1])
    values[:, : patches.shape[1]] = patches
    return values
