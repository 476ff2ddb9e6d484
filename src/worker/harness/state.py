"""The state that belongs to the process and not to an image processor: read, compared and restored."""

import gc
import hashlib
import logging
import os
import random
import signal
import sys

import numpy
import PIL.Image
import PIL.ImageFile
import torch

CLEAN = {}


def digest(data):
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def state():
    """The state that belongs to the process and not to an image processor, by name."""
    return {
        "torch's thread count": torch.get_num_threads(),
        "torch's interop thread count": torch.get_num_interop_threads(),
        "torch's default dtype": str(torch.get_default_dtype()),
        "torch's default device": str(torch.get_default_device()),
        "torch's grad mode": torch.is_grad_enabled(),
        "torch's inference mode": torch.is_inference_mode_enabled(),
        "torch's autocast": torch.is_autocast_enabled("cpu"),
        "torch's deterministic mode": torch.are_deterministic_algorithms_enabled(),
        "torch's matmul precision": torch.get_float32_matmul_precision(),
        "torch's flush of denormal numbers": float(torch.tensor([1e-41]).mul(1.0)) == 0.0,
        "torch's random state": digest(torch.get_rng_state().numpy().tobytes()),
        "numpy's random state": digest(repr(numpy.random.get_state()[1:3]).encode() + numpy.random.get_state()[1].tobytes()),
        "Python's random state": digest(repr(random.getstate()).encode()),
        "numpy's error handling": str(numpy.geterr()),
        "Pillow's pixel limit": PIL.Image.MAX_IMAGE_PIXELS,
        "Pillow's tolerance of truncated files": PIL.ImageFile.LOAD_TRUNCATED_IMAGES,
        "the working directory": os.getcwd(),
        "the environment's variables": digest(repr(sorted(os.environ.items())).encode()),
        "the CPUs it may run on": sorted(os.sched_getaffinity(0)),
        "garbage collection": gc.isenabled(),
        "what Ctrl-C does": repr(signal.getsignal(signal.SIGINT)),
        "the level of logging": (logging.root.level, logging.root.manager.disable),
        "the recursion limit": sys.getrecursionlimit(),
        "the switch interval": sys.getswitchinterval(),
    }


def changes(before, after):
    return [name for name, value in before.items() if after[name] != value]


def remember(threads):
    """Saves the state before the first subject for `restore`; returns whether this call saved it."""
    if CLEAN:
        return False
    CLEAN.update(
        threads=threads,
        errors=numpy.geterr(),
        pixels=PIL.Image.MAX_IMAGE_PIXELS,
        folder=os.getcwd(),
        environ=dict(os.environ),
        cpus=os.sched_getaffinity(0),
        logging=(logging.root.level, logging.root.manager.disable),
    )
    return True


def restore():
    """Restores what an earlier subject of the same worker may have changed."""
    torch.set_num_threads(CLEAN["threads"])
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(False)
    torch.set_float32_matmul_precision("highest")
    torch.set_flush_denormal(False)
    torch.manual_seed(0)
    numpy.random.seed(0)
    numpy.seterr(**CLEAN["errors"])
    random.seed(0)
    PIL.Image.MAX_IMAGE_PIXELS = CLEAN["pixels"]
    os.sched_setaffinity(0, CLEAN["cpus"])
    gc.enable()
    logging.root.setLevel(CLEAN["logging"][0])
    logging.disable(CLEAN["logging"][1])
    os.chdir(CLEAN["folder"])
    os.environ.clear()
    os.environ.update(CLEAN["environ"])
