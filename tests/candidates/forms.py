"""Candidates that do not take every form of image that transformers takes: one fault each."""

import numpy
import PIL.Image
import torch
from base import Base


def listed(images):
    return list(images) if isinstance(images, (list, tuple)) else [images]


class Each(Base):
    """Looks at each image that is passed in a list, a tuple or alone."""

    def before(self, images, keywords):
        for image in listed(images):
            self.look(image)
        return images

    def look(self, image):
        pass


class CutsFloatArrays(Base):  # caught by: input-forms
    def before(self, images, keywords):
        def cut(image):
            return image.astype(numpy.uint8) if isinstance(image, numpy.ndarray) and image.dtype.kind == "f" else image

        return [cut(image) for image in images] if isinstance(images, list) else images


class CutsFloatTensors(Base):  # caught by: input-forms
    def before(self, images, keywords):
        def cut(image):
            return image.byte() if isinstance(image, torch.Tensor) and image.is_floating_point() else image

        return [cut(image) for image in images] if isinstance(images, list) else images


class HalvesDoubles(Base):  # caught by: input-forms
    """float64 becomes float16 on the way."""

    def before(self, images, keywords):
        def halved(image):
            return image.astype(numpy.float16) if getattr(image, "dtype", None) == numpy.float64 else image

        return [halved(image) for image in images] if isinstance(images, list) else images


class RefusesIntegers(Each):  # caught by: input-forms
    def look(self, image):
        if getattr(image, "dtype", None) in (numpy.int64, numpy.int32, torch.int32):
            raise TypeError("bytes, please")


class RefusesBooleans(Each):  # caught by: input-forms
    def look(self, image):
        if getattr(image, "dtype", None) == numpy.bool_:
            raise TypeError("bytes, please")


class FirstFrame(Base):  # caught by: input-forms
    """Of an array of frames, only the first."""

    def before(self, images, keywords):
        return images[:1] if isinstance(images, numpy.ndarray) and images.ndim == 4 else images


class NoVideoInAList(Each):  # caught by: input-forms
    def look(self, image):
        if getattr(image, "ndim", 3) > 3:
            raise ValueError("one frame, please")

    def before(self, images, keywords):
        return super().before(images, keywords) if isinstance(images, list) else images


class NoTuple(Base):  # caught by: input-forms
    def before(self, images, keywords):
        if isinstance(images, tuple):
            raise TypeError("a list, please")
        return images


class NoNestedLists(Base):  # caught by: input-forms
    def before(self, images, keywords):
        if isinstance(images, list) and images and isinstance(images[0], list):
            raise TypeError("a flat list, please")
        return images


class NoPaths(Each):  # caught by: input-forms
    def look(self, image):
        if isinstance(image, str):
            raise TypeError("pixels, please")


class NeedsLoadedImages(Each):  # caught by: input-forms
    """Images as `Image.open` leaves them have no pixels yet."""

    def look(self, image):
        if isinstance(image, PIL.Image.Image) and getattr(image, "tile", None) and image.format == "JPEG":
            raise RuntimeError("no pixels yet")


class WritesToArrays(Each):  # caught by: input-forms
    def look(self, image):
        if isinstance(image, numpy.ndarray):
            image.flags.writeable = True


class AssumesContiguousArrays(Base):  # caught by: input-forms
    """Reads the memory of an array as if it had no gaps."""

    def before(self, images, keywords):
        def packed(image):
            uint8 = isinstance(image, numpy.ndarray) and image.dtype == numpy.uint8 and image.ndim == 3
            if not uint8 or image.base is None or min(image.strides) < 0 or image.shape[0] < 4:
                return image
            return numpy.lib.stride_tricks.as_strided(image, strides=(image.shape[1] * image.shape[2], image.shape[2], 1))

        return [packed(image) for image in images] if isinstance(images, list) else images


class ChannelsLastArraysOnly(Each):  # caught by: input-forms
    def look(self, image):
        if isinstance(image, numpy.ndarray) and image.ndim == 3 and image.shape[0] in (1, 3) and image.shape[-1] > 4:
            raise ValueError("channels last, please")


class NoGreyArrays(Each):  # caught by: input-forms
    def look(self, image):
        if isinstance(image, numpy.ndarray) and image.ndim == 3 and image.shape[-1] == 1 and image.shape[0] > 3:
            raise ValueError("three channels, please")


class NoGreyTensors(Each):  # caught by: input-forms
    def look(self, image):
        if isinstance(image, torch.Tensor) and image.ndim == 3 and image.shape[0] == 1 and image.shape[1] > 3:
            raise ValueError("three channels, please")


class DropsTheFourthChannel(Base):  # caught by: input-forms
    def before(self, images, keywords):
        def three(image):
            return image[..., :3] if isinstance(image, numpy.ndarray) and image.shape[-1] == 4 else image

        return [three(image) for image in images] if isinstance(images, list) else images


class RefusesYCbCr(Each):  # caught by: input-modes
    def look(self, image):
        if getattr(image, "mode", "") == "YCbCr":
            raise ValueError(image.mode)


class ConvertsHsv(Base):  # caught by: input-modes
    """transformers takes the three channels of any mode as they are."""

    def before(self, images, keywords):
        def rgb(image):
            return image.convert("RGB") if getattr(image, "mode", "") == "HSV" else image

        return [rgb(image) for image in images] if isinstance(images, list) else images


class RefusesFloatImages(Each):  # caught by: input-modes
    def look(self, image):
        if getattr(image, "mode", "") == "F":
            raise ValueError(image.mode)


class RefusesIntegerImages(Each):  # caught by: input-modes
    def look(self, image):
        if getattr(image, "mode", "") == "I":
            raise ValueError(image.mode)
