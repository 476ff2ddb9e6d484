"""Candidates that handle only some of the inputs that transformers accepts: one fault each."""

import numpy
import PIL.Image
import PIL.ImageOps
import torch
from base import Base


def listed(images, kind):
    return isinstance(images, list) and images and isinstance(images[0], kind)


class FlipsTensors(Base):  # caught by: chw-tensors
    def before(self, images, keywords):
        return [image.flip(1) for image in images] if listed(images, torch.Tensor) else images


class RefusesTensors(Base):  # caught by: chw-tensors
    def before(self, images, keywords):
        if listed(images, torch.Tensor):
            raise TypeError("PIL images only")
        return images


class ReadsStorage(Base):  # caught by: chw-tensors
    """Reads a tensor's memory as if it were contiguous, whatever its strides."""

    def before(self, images, keywords):
        if listed(images, torch.Tensor):
            return [image.as_strided(image.shape, torch.empty(image.shape).stride()) for image in images]
        return images


class ArraysAreBgr(Base):  # caught by: hwc-arrays
    def before(self, images, keywords):
        return [image[..., ::-1].copy() for image in images] if listed(images, numpy.ndarray) else images


class RefusesStacked(Base):  # caught by: stacked-tensor
    def before(self, images, keywords):
        if getattr(images, "ndim", 0) == 4:
            raise TypeError("a list of images is needed")
        return images


class TakesFirstOfStacked(Base):  # caught by: stacked-tensor
    def before(self, images, keywords):
        return images[:1] if getattr(images, "ndim", 0) == 4 else images


class IgnoresLimit(Base):  # caught by: max-num-patches
    def before(self, images, keywords):
        keywords.pop("max_num_patches", None)
        return images


class FixedLimit(Base):  # caught by: max-num-patches
    """Its padding only supports multiples of 16."""

    def before(self, images, keywords):
        if keywords.get("max_num_patches", 16) % 16:
            keywords["max_num_patches"] = keywords["max_num_patches"] // 16 * 16
        return images


class IgnoresPatchSize(Base):  # caught by: patch-size
    def before(self, images, keywords):
        keywords.pop("patch_size", None)
        return images


class Sticky(Base):  # caught by: arguments-pass
    def before(self, images, keywords):
        self.patch_size = keywords.get("patch_size", self.patch_size)
        return images


class RefusesDevice(Base):  # caught by: device-argument
    def before(self, images, keywords):
        if keywords.get("device") is not None:
            raise ValueError("device is not supported")
        return images


class InMode(Base):
    """Changes PIL images of some modes."""

    modes = ()

    def change(self, image, keywords):
        return image.convert("RGB")

    def before(self, images, keywords):
        if not listed(images, PIL.Image.Image):
            return images
        return [self.change(image, keywords) if image.mode in self.modes else image for image in images]


class ConvertsGrey(InMode):  # caught by: grey
    modes = ("L",)


class ThresholdIsGrey(InMode):  # caught by: grey
    """Turns two colours into 0 and 1 instead of 0 and 255."""

    modes = ("1",)

    def change(self, image, keywords):
        return PIL.Image.fromarray(numpy.asarray(image).astype(numpy.uint8))


class ConvertsPalettes(InMode):  # caught by: palette
    modes = ("P",)


class DropsAlpha(InMode):  # caught by: alpha
    modes = ("RGBA",)

    def change(self, image, keywords):
        return image.convert("RGB") if keywords.get("do_convert_rgb") else image


class ConvertsCmyk(InMode):  # caught by: cmyk
    modes = ("CMYK",)


class ScalesSixteenBits(InMode):  # caught by: sixteen-bit
    modes = ("I;16",)

    def change(self, image, keywords):
        return PIL.Image.fromarray((numpy.asarray(image) >> 8).astype(numpy.uint8)).convert("RGB")


class RotatesUpright(Base):  # caught by: exif
    def before(self, images, keywords):
        if listed(images, PIL.Image.Image):
            return [PIL.ImageOps.exif_transpose(image) for image in images]
        return images
