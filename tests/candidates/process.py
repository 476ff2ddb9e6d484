"""Candidates that change their inputs or the state of the process: one fault each."""

import gc
import os
import random

import numpy
import PIL.Image
import torch
from base import Base


class EmptiesTheList(Base):  # caught by: inputs-untouched
    def after(self, outputs, images):
        if isinstance(images, list) and len(images) > 2:
            images.reverse()
        return outputs


class DrawsOnTheImage(Base):  # caught by: inputs-untouched
    def after(self, outputs, images):
        for image in images if isinstance(images, list) else []:
            if isinstance(image, PIL.Image.Image) and image.size == (256, 256):
                image.putpixel((0, 0), (1, 2, 3))
        return outputs


class ScalesInPlace(Base):  # caught by: inputs-untouched
    def after(self, outputs, images):
        for image in images if isinstance(images, list) else []:
            if isinstance(image, numpy.ndarray) and image.shape[0] == 256:
                image //= 2
        return outputs


class SetsThreads(Base):  # caught by: global-state
    def before(self, images, keywords):
        torch.set_num_threads(torch.get_num_threads() + 1)
        return images


class LeavesDoubles(Base):  # caught by: global-state
    def after(self, outputs, images):
        torch.set_default_dtype(torch.float64)
        return outputs


class TurnsGradientsOff(Base):  # caught by: global-state
    def __init__(self, **keywords):
        super().__init__(**keywords)
        torch.set_grad_enabled(False)


class Seeds(Base):  # caught by: global-state
    def before(self, images, keywords):
        torch.manual_seed(42)
        return images


class DrawsNumbers(Base):  # caught by: global-state
    def before(self, images, keywords):
        random.random()
        return images


class StopsCollecting(Base):  # caught by: global-state
    def before(self, images, keywords):
        gc.disable()
        return images


class SetsVariables(Base):  # caught by: global-state
    def before(self, images, keywords):
        os.environ["OMP_NUM_THREADS"] = "1"
        return images


class LiftsPillowsLimit(Base):  # caught by: global-state
    def before(self, images, keywords):
        PIL.Image.MAX_IMAGE_PIXELS = None
        return images
