"""Correct candidates: every check must pass."""

import torch
from transformers.image_processing_utils import BatchFeature
from transformers.image_utils import SizeDict
from transformers.models.siglip2.image_processing_siglip2 import (
    Siglip2ImageProcessor,
    convert_image_to_patches,
    get_image_size_for_max_num_patches,
    pad_along_first_dim,
)


class Unchanged(Siglip2ImageProcessor):
    pass


class ChannelsLast(Siglip2ImageProcessor):
    """Resizes in channels-last memory, which is faster in torch; the bits are the same."""

    def resize(self, image, size, resample=None, **keywords):
        image = image[None].contiguous(memory_format=torch.channels_last)
        return super().resize(image, size, resample, **keywords)[0].contiguous()


class Grouped(Siglip2ImageProcessor):
    """Processes images of one size together, and puts them back in order."""

    def _preprocess(
        self,
        images,
        do_resize,
        patch_size,
        max_num_patches,
        resample,
        do_rescale,
        rescale_factor,
        do_normalize,
        image_mean,
        image_std,
        return_tensors,
        **keywords,
    ):
        groups = {}
        for place, image in enumerate(images):
            groups.setdefault(image.shape, []).append(place)
        values, masks, shapes = ([None] * len(images) for _ in range(3))
        for (_, height, width), places in groups.items():
            stacked = torch.stack([images[place] for place in places])
            if do_resize:
                height, width = get_image_size_for_max_num_patches(height, width, patch_size, max_num_patches)
                stacked = self.resize(stacked, SizeDict(height=height, width=width), resample)
            stacked = self.rescale_and_normalize(
                stacked, do_rescale, rescale_factor, do_normalize, image_mean, image_std
            )
            for image, place in zip(stacked, places):
                patches = convert_image_to_patches(image, patch_size)
                values[place], masks[place] = pad_along_first_dim(patches, max_num_patches)
                shapes[place] = (image.shape[-2] // patch_size, image.shape[-1] // patch_size)
        return BatchFeature(
            data={"pixel_values": values, "pixel_attention_mask": masks, "spatial_shapes": shapes},
            tensor_type=return_tensors,
        )
