"""Candidates that ignore or misread arguments of the call or parameters of the instance: one fault each."""

from base import Base
from transformers.models.siglip2.image_processing_siglip2 import Siglip2ImageProcessor


class Ignores(Base):
    """Never hands on one argument of the call."""

    argument = ""

    def before(self, images, keywords):
        keywords.pop(self.argument, None)
        return images


class IgnoresDoResize(Ignores):  # caught by: call-arguments
    argument = "do_resize"


class IgnoresDoRescale(Ignores):  # caught by: call-arguments
    argument = "do_rescale"


class IgnoresDoNormalize(Ignores):  # caught by: call-arguments
    argument = "do_normalize"


class IgnoresDoConvertRgb(Ignores):  # caught by: alpha
    argument = "do_convert_rgb"


class IgnoresResample(Ignores):  # caught by: call-arguments
    argument = "resample"


class IgnoresRescaleFactor(Ignores):  # caught by: call-arguments
    argument = "rescale_factor"


class IgnoresImageMean(Ignores):  # caught by: call-arguments
    argument = "image_mean"


class IgnoresImageStd(Ignores):  # caught by: call-arguments
    argument = "image_std"


class IgnoresInputDataFormat(Ignores):  # caught by: call-arguments
    argument = "input_data_format"


class NoneIsTheInstances(Base):  # caught by: call-arguments
    """transformers 5 takes `None` as it is, which turns a step off; here it leaves the step to the instance."""

    def before(self, images, keywords):
        if keywords.get("do_normalize", False) is None:
            del keywords["do_normalize"]
        return images


class OneMeanOnly(Base):  # caught by: call-arguments
    """Takes a mean for each channel, and not one for all."""

    def before(self, images, keywords):
        if isinstance(keywords.get("image_mean"), float):
            raise TypeError("three means, please")
        return images


class NeitherMeansBoth(Base):  # caught by: call-arguments
    """Wrong only where two arguments come together."""

    def before(self, images, keywords):
        if keywords.get("do_rescale") is False and keywords.get("do_normalize") is False:
            keywords["do_rescale"] = True
        return images


class MaskFromValues(Base):  # caught by: call-arguments
    """Takes black patches for padding where nothing is normalised."""

    def after(self, outputs, images):
        if hasattr(outputs.get("pixel_values"), "ndim") and outputs["pixel_values"].ndim == 3:
            mask = outputs["pixel_attention_mask"]
            seen = outputs["pixel_values"].abs().sum(-1) != 0 if hasattr(mask, "new_tensor") else mask != 0
            outputs["pixel_attention_mask"] = seen.to(mask.dtype) if hasattr(mask, "new_tensor") else mask
        return outputs


class OtherNameOfImages(Siglip2ImageProcessor):  # caught by: call-arguments
    def __call__(self, batch, **keywords):
        return super().__call__(batch, **keywords)


class NoPreprocess(Base):  # caught by: call-arguments
    """Some code calls the method by its name."""

    def __call__(self, images, **keywords):
        return super().preprocess(images, **keywords)

    def preprocess(self, images, **keywords):
        raise NotImplementedError


class IgnoresParameters(Base):  # caught by: construction
    def __init__(self, **keywords):
        super().__init__()


class IgnoresOneParameter(Base):  # caught by: construction
    def __init__(self, image_std=None, **keywords):
        super().__init__(**keywords)


class IgnoresTheFile(Base):  # caught by: construction
    @classmethod
    def from_pretrained(cls, *_, **keywords):
        return cls(**keywords)


class IgnoresKeywordsBesideTheFile(Base):  # caught by: construction
    @classmethod
    def from_pretrained(cls, path, **keywords):
        return super().from_pretrained(path)


class IgnoresFromDict(Base):  # caught by: construction
    @classmethod
    def from_dict(cls, values, **keywords):
        return super().from_dict({}, **keywords)


class FrozenParameters(Base):  # caught by: construction
    """Remembers what it was made with, and so never sees an attribute that is set later."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        self.made_with = {name: getattr(self, name) for name in ("patch_size", "max_num_patches", "do_normalize")}

    def before(self, images, keywords):
        for name, value in self.made_with.items():
            if keywords.get(name) is None:
                keywords[name] = value
        return images


class TheInstanceWins(Base):  # caught by: construction
    """An argument of the call comes before the instance's parameter, not after it."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        self.given = tuple(keywords)

    def before(self, images, keywords):
        for name in self.given:
            keywords.pop(name, None)
        return images
