"""The base of every faulty candidate: transformers' own class, with two places to plant a fault."""

from transformers.models.siglip2.image_processing_siglip2 import Siglip2ImageProcessor


class Base(Siglip2ImageProcessor):
    """Correct as it is; a fault overrides `before`, `after`, or one of transformers' steps."""

    def __call__(self, images, **keywords):
        return self.after(super().__call__(self.before(images, keywords), **keywords), images)

    def before(self, images, keywords):
        return images

    def after(self, outputs, images):
        return outputs


def sizes(images):
    """The (width, height) of each PIL image of a call, whether it was passed alone or in a list."""
    images = images if isinstance(images, list) else [images]
    return [each.size for each in images if hasattr(each, "getbands")]
