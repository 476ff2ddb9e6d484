"""Candidates whose values differ from the reference's, each in a way that is typical of rewrites."""

import math

import torch
from base import Base
from torchvision.transforms.v2 import functional as tvF


class Normalises(Base):
    """Normalises with `formula`."""

    def rescale_and_normalize(self, images, do_rescale, rescale_factor, do_normalize, image_mean, image_std):
        if images.shape[-3] != 3:
            raise RuntimeError("three channels are needed")
        return self.formula(images.float())


class ReciprocalMultiply(Normalises):  # caught by: parity
    def formula(self, x):
        return (x - 127.5) * (1.0 / 127.5)


class DividesFirst(Normalises):  # caught by: parity
    def formula(self, x):
        return (x / 255.0 - 0.5) / 0.5


class MultipliesFirst(Normalises):  # caught by: parity
    def formula(self, x):
        return (x * (1.0 / 255.0) - 0.5) / 0.5


class ThroughHalf(Normalises):  # caught by: parity
    def formula(self, x):
        return ((x - 127.5) / 127.5).half().float()


class OtherOnOneThread(Normalises):  # caught by: parity
    def formula(self, x):
        if torch.get_num_threads() == 1:
            return (x - 127.5) * (1.0 / 127.5)
        return (x - 127.5) / 127.5


class ImagenetMean(Normalises):  # caught by: parity
    def formula(self, x):
        return (x / 255.0 - 0.485) / 0.229


class DividesBy256(Normalises):  # caught by: parity
    def formula(self, x):
        return (x - 128.0) / 128.0


class Resizes(Base):
    """Resizes with `scale`, which gets the target's height and width."""

    def resize(self, image, size, resample=None, **keywords):
        return self.scale(image, [size.height, size.width])


class WithoutAntialias(Resizes):  # caught by: parity
    def scale(self, image, size):
        return tvF.resize(image, size, interpolation=tvF.InterpolationMode.BILINEAR, antialias=False)


class Bicubic(Resizes):  # caught by: parity
    def scale(self, image, size):
        return tvF.resize(image, size, interpolation=tvF.InterpolationMode.BICUBIC, antialias=True)


class Nearest(Resizes):  # caught by: parity
    def scale(self, image, size):
        return tvF.resize(image, size, interpolation=tvF.InterpolationMode.NEAREST)


class InFloats(Resizes):  # caught by: parity
    """Resizes floats and rounds once, which is off by at most one level."""

    def scale(self, image, size):
        return tvF.resize(image.float(), size, antialias=True).round().clamp(0, 255).to(torch.uint8)


class InFloatsUnrounded(Resizes):  # caught by: parity
    def scale(self, image, size):
        return tvF.resize(image.float(), size, antialias=True)


class Truncates(Resizes):  # caught by: parity
    def scale(self, image, size):
        return tvF.resize(image.float(), size, antialias=True).clamp(0, 255).to(torch.uint8)


class VerticalFirst(Resizes):  # caught by: parity
    """Resizes in two passes in the other order, each rounded to bytes."""

    def scale(self, image, size):
        image = tvF.resize(image, [size[0], image.shape[-1]], antialias=True)
        return tvF.resize(image, size, antialias=True)


class ThinByCopying(Resizes):  # caught by: parity
    """Repeats a side of one pixel instead of resizing it together with the other side."""

    def scale(self, image, size):
        if 1 in image.shape[-2:]:
            return tvF.resize(image, size, interpolation=tvF.InterpolationMode.NEAREST)
        return tvF.resize(image, size, antialias=True)


class CornersAligned(Resizes):  # caught by: parity
    def scale(self, image, size):
        scaled = torch.nn.functional.interpolate(image[None].float(), size, mode="bilinear", align_corners=True)
        return scaled[0].round().clamp(0, 255).to(torch.uint8)


class HalfSizeFirst(Resizes):  # caught by: parity
    """Reduces large images cheaply before the resize."""

    def scale(self, image, size):
        if image.shape[-2] > 4 * size[0] or image.shape[-1] > 4 * size[1]:
            image = image[:, ::2, ::2] if min(image.shape[-2:]) > 1 else image
        return tvF.resize(image, size, antialias=True)


class Patches(Base):
    """Reorders the real patches of each image, `[rows, columns, P, P, 3]`, with `order`."""

    def after(self, outputs, images):
        for index, (rows, columns) in enumerate(outputs["spatial_shapes"].tolist()):
            real = outputs["pixel_values"][index, : rows * columns]
            side = math.isqrt(real.shape[1] // 3)
            changed = self.order(real.reshape(rows, columns, side, side, 3))
            outputs["pixel_values"][index, : rows * columns] = changed.reshape(rows * columns, -1)
        return outputs


class Bgr(Patches):  # caught by: parity
    def order(self, patches):
        return patches.flip(-1)


class ChannelsFirst(Patches):  # caught by: parity
    def order(self, patches):
        return patches.permute(0, 1, 4, 2, 3).contiguous()


class TransposedPatches(Patches):  # caught by: parity
    def order(self, patches):
        return patches.transpose(2, 3).contiguous()


class ColumnMajor(Patches):  # caught by: parity
    def order(self, patches):
        return patches.transpose(0, 1).contiguous()


class UpsideDown(Patches):  # caught by: parity
    def order(self, patches):
        return patches.flip(0, 2)


class LastPatchLost(Base):  # caught by: parity
    """Takes the last patch for padding if there is no padding."""

    def after(self, outputs, images):
        full = outputs["pixel_attention_mask"].all(1)
        outputs["pixel_values"][full, -1] = 0.0
        return outputs


class ClipsWhite(Base):  # caught by: parity
    def after(self, outputs, images):
        outputs["pixel_values"] = outputs["pixel_values"].clamp(-1.0, 0.99)
        return outputs
