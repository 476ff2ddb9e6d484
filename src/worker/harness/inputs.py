"""Makes the images of a call, in the form and mode requested."""

import io

import numpy
import PIL.Image
import torch
from patchmark_harness_state import digest


def decode(reference):
    with open(reference["file"], "rb") as file:
        file.seek(reference["offset"])
        pixels = file.read(reference["width"] * reference["height"] * 3)
    return PIL.Image.frombytes("RGB", (reference["width"], reference["height"]), pixels)


def in_mode(image, mode):
    """The image as a user would get it from a file of that mode."""
    if mode == "RGB":
        return image
    if mode == "RGBA":
        image = image.convert("RGBA")
        image.putalpha(PIL.Image.linear_gradient("L").resize(image.size))
        return image
    if mode == "LA":
        image = image.convert("LA")
        image.putalpha(PIL.Image.linear_gradient("L").resize(image.size))
        return image
    if mode == "P-transparent":
        image = image.convert("P", palette=PIL.Image.Palette.ADAPTIVE)
        image.info["transparency"] = 0
        return image
    if mode == "I;16":
        grey = numpy.asarray(image.convert("L")).astype(numpy.uint16) * 257
        return PIL.Image.fromarray(grey)
    if mode == "EXIF":
        exif = PIL.Image.Exif()
        exif[0x0112] = 6  # rotate by 90 degrees to see it upright
        stored = io.BytesIO()
        image.save(stored, "PNG", exif=exif)
        stored.seek(0)
        return PIL.Image.open(stored)
    return image.convert(mode)


def make(references, form):
    """The argument of a call, and the images in it."""
    images = [in_mode(decode(each), each["mode"]) for each in references]
    if form in ("pil", "pil_single"):
        items = images
    else:
        items = [numpy.array(each.convert("RGB")) for each in images]
        if form.startswith("chw") or form == "stacked":
            items = [torch.from_numpy(each).permute(2, 0, 1) for each in items]
            if form != "chw_view":
                items = [each.contiguous() for each in items]
    if form.endswith("_single"):
        return items[0], items
    if form == "stacked":
        stacked = torch.stack(items)
        return stacked, [stacked]
    return list(items), items


def content(item):
    if isinstance(item, PIL.Image.Image):
        return (item.mode, item.size, digest(item.tobytes()), sorted(map(str, item.info)))
    if isinstance(item, torch.Tensor):
        return (str(item.dtype), tuple(item.shape), digest(item.contiguous().numpy().tobytes()))
    return (str(item.dtype), item.shape, digest(item.tobytes()))
