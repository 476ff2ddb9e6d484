"""torch's DataLoader with transformers' processor as its collate function, which is what people run today.

It is a separate file because the loader's worker processes import it by name.
"""

import os
import pickle
import warnings
from multiprocessing import util

from torch.utils.data import DataLoader, Dataset

# More batches than are ever requested; the loader's order is a lazy range.
BATCHES = 1 << 24


class Images(Dataset):
    """Decoded images, repeated.

    Workers get the name of a file instead of the images: pickled images would fill the pipe to a worker that is still
    importing, so that the workers would start one after another.
    """

    def __init__(self, images, file):
        self.images, self.count, self.file = images, len(images), file
        with open(file, "wb") as stream:
            pickle.dump(images, stream)

    def __getstate__(self):
        return {"images": None, "count": self.count, "file": self.file}

    def __len__(self):
        return self.count * BATCHES

    def __getitem__(self, index):
        if self.images is None:
            with open(self.file, "rb") as stream:
                self.images = pickle.load(stream)
        return self.images[index % self.count]


class Collate:
    """Runs a batch through transformers' processor, which is made once per worker."""

    def __init__(self, parameters):
        self.parameters = parameters
        self.processor = None

    def __call__(self, images):
        if self.processor is None:
            from transformers.models.siglip2.image_processing_siglip2 import Siglip2ImageProcessor

            self.processor = Siglip2ImageProcessor(**self.parameters)
        outputs = self.processor(images, return_tensors="pt")
        return [outputs[key] for key in ("pixel_values", "pixel_attention_mask", "spatial_shapes")]


def leave_at_once(_worker):
    """Ends a worker right after Python's own clean-up, because torch's clean-up after it may abort with messages."""
    util.Finalize(None, os._exit, args=(0,), exitpriority=-1000)


def batches(images, workers, parameters, pinned, file):
    """An endless iterator of batches, each of all images, from `workers` processes (0: from the calling process).

    `file` is written and must exist until the workers have read it.
    """
    with warnings.catch_warnings():
        # The number of workers is as requested, even if there are fewer CPUs.
        warnings.filterwarnings("ignore", message="This DataLoader will create")
        loader = DataLoader(
            Images(images, file),
            batch_size=len(images),
            num_workers=workers,
            collate_fn=Collate(parameters),
            pin_memory=pinned,
            # A fork would leave the threads of torch and patchmark in an undefined state.
            multiprocessing_context="spawn" if workers else None,
            worker_init_fn=leave_at_once,
        )
        return iter(loader)
