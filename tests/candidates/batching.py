"""Candidates in which a batch or an earlier call changes an image's result: one fault each."""

import hashlib
import threading
import time

import torch
from base import Base, sizes


def content(item):
    if isinstance(item, torch.Tensor):
        return item.stride(), hashlib.md5(item.numpy().tobytes()).digest()
    return hashlib.md5(item.tobytes()).digest()


class RefusesSingle(Base):  # caught by: single-image
    def before(self, images, keywords):
        if not isinstance(images, list) and getattr(images, "ndim", 3) == 3:
            raise TypeError("images must be a list")
        return images


class StopsAt64(Base):  # caught by: large-batch
    def before(self, images, keywords):
        return images[:64] if isinstance(images, list) else images


class WrapsAfter64(Base):  # caught by: large-batch
    """The last chunk of a large batch is written over the first."""

    def after(self, outputs, images):
        if len(outputs["pixel_values"]) > 64:
            outputs["pixel_values"][64:] = outputs["pixel_values"][1 : len(outputs["pixel_values"]) - 63]
        return outputs


class LosesFullChunks(Base):  # caught by: large-batch
    """Works in chunks of 32, and mishandles the last image if the last chunk is full."""

    def after(self, outputs, images):
        count = len(outputs["pixel_values"])
        if count and count % 32 == 0:
            outputs["pixel_values"][-1] = outputs["pixel_values"][-2]
        return outputs


class PhantomImage(Base):  # caught by: empty-batch
    def after(self, outputs, images):
        if isinstance(images, list) and not images:
            outputs["pixel_values"] = torch.zeros(1, 256, 768)
        return outputs


class GroupsWithoutOrder(Base):  # caught by: mixed-order
    """Groups by size and forgets to put the groups back in order."""

    def before(self, images, keywords):
        if isinstance(images, list) and len(sizes(images)) == len(images):
            first = {size: place for place, size in reversed(list(enumerate(sizes(images))))}
            return sorted(images, key=lambda image: first[image.size])
        return images


class SortsByArea(Base):  # caught by: mixed-order
    def before(self, images, keywords):
        if isinstance(images, list) and len(sizes(images)) == len(images) > 2:
            return sorted(images, key=lambda image: image.size[0] * image.size[1])
        return images


class SwapsTheTail(Base):  # caught by: mixed-order
    """Puts the groups back in order, except for the last two images if their sizes differ."""

    def before(self, images, keywords):
        given = sizes(images)
        if isinstance(images, list) and len(given) == len(images) > 2 and given[-1] != given[-2]:
            return [*images[:-2], images[-1], images[-2]]
        return images


class ManySizes(Base):  # caught by: batch-invariance
    """Takes another path, which rounds differently, for batches of many sizes."""

    def after(self, outputs, images):
        if len(set(sizes(images))) > 2:
            outputs["pixel_values"] = outputs["pixel_values"].half().float()
        return outputs


class CentresTheBatch(Base):  # caught by: batch-invariance
    def after(self, outputs, images):
        values = outputs["pixel_values"]
        if len(values) > 1:
            real = outputs["pixel_attention_mask"][..., None].bool()
            outputs["pixel_values"] = torch.where(real, values - values.mean() * 1e-3, values)
        return outputs


class StackedInHalf(Base):  # caught by: batch-invariance
    """Stacks groups of equal size in half precision."""

    def after(self, outputs, images):
        if len(sizes(images)) > 1 and len(set(sizes(images))) == 1:
            outputs["pixel_values"] = outputs["pixel_values"].half().float()
        return outputs


class EighthLane(Base):  # caught by: permutation
    """Rounds one image in eight differently."""

    def after(self, outputs, images):
        outputs["pixel_values"][3::8] = outputs["pixel_values"][3::8].half().float()
        return outputs


class TiredOfRepeats(Base):  # caught by: determinism
    """Takes a less precise path for a batch that it has just processed."""

    last = None

    def after(self, outputs, images):
        seen = hashlib.md5(outputs["pixel_values"].numpy().tobytes()).digest()
        if seen == self.last and len(outputs["pixel_values"]):
            outputs["pixel_values"] = outputs["pixel_values"].half().float()
        self.last = seen
        return outputs


class DriftsOnRepeats(Base):  # caught by: determinism
    """Takes another path if a call is exactly the same as the previous one, on the thread that made the instance."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        self.home, self.last = threading.get_ident(), None

    def __call__(self, images, **keywords):
        outputs = super().__call__(images, **keywords)
        items = images if isinstance(images, list) else [images]
        same = (type(images), [(type(item), content(item)) for item in items], str(sorted(keywords.items())))
        if same == self.last and items and threading.get_ident() == self.home:
            outputs["pixel_values"] = outputs["pixel_values"].half().float()
        self.last = same
        return outputs


class Dithers(Base):  # caught by: determinism
    """Adds noise of less than one level, from its own generator."""

    generator = torch.Generator().manual_seed(1)

    def after(self, outputs, images):
        values = outputs["pixel_values"]
        noise = torch.rand(values.shape, generator=self.generator) * 1e-3
        outputs["pixel_values"] = values + noise * outputs["pixel_attention_mask"][..., None]
        return outputs


class Remembers(Base):
    """A cache by `key`; images are kept alive, so that Python does not reuse their ids."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        self.cache, self.images = {}, []

    def key(self, image):
        raise NotImplementedError

    def __call__(self, images, **keywords):
        items = images if isinstance(images, list) else [images]
        if len(items) != 1 or not sizes(items):
            return super().__call__(images, **keywords)
        key = (self.key(items[0]), items[0].mode, str(sorted(keywords.items())))
        if key not in self.cache:
            self.images.append(items[0])
            self.cache[key] = super().__call__(images, **keywords)
        return type(self.cache[key])({name: value.clone() for name, value in self.cache[key].items()})


class RemembersSizes(Remembers):  # caught by: no-memory
    def key(self, image):
        return image.size


class RemembersCorners(Remembers):  # caught by: no-memory
    def key(self, image):
        width, height = image.size
        corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1), (width // 2, 0)]
        return image.size, tuple(image.getpixel(corner) for corner in corners)


class RemembersBatches(Base):  # caught by: no-memory
    """A cache of the last batch only, by its sizes."""

    last, kept = None, None

    def __call__(self, images, **keywords):
        key = (sizes(images), str(sorted(keywords.items())))
        if len(key[0]) == 2 and key[0][0] == key[0][1] and key == self.last:
            return self.kept
        outputs = super().__call__(images, **keywords)
        self.last, self.kept = key, outputs
        return outputs


class RemembersObjects(Remembers):  # caught by: no-memory
    def key(self, image):
        return id(image)


class ReusesBuffer(Base):  # caught by: outputs-kept
    """Returns the same tensors each time, one set per thread."""

    own = threading.local()

    def after(self, outputs, images):
        buffers = vars(self.own)
        for key, value in list(outputs.items()):
            buffer = buffers.setdefault(f"{key} {value.shape} {value.dtype}", value)
            outputs[key] = buffer.copy_(value)
        return outputs


class SharedScratch(Base):  # caught by: threads
    """Keeps the state of a call on the instance."""

    def __call__(self, images, **keywords):
        self.current = images
        time.sleep(0.001)
        return super().__call__(self.current, **keywords)
