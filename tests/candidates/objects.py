"""Candidates whose instance or result cannot be used as transformers' can: one fault each."""

import copy

import numpy
import torch
from base import Base
from transformers.models.siglip2.image_processing_siglip2 import Siglip2ImageProcessor


class AlwaysTorch(Base):  # caught by: return-types
    def before(self, images, keywords):
        keywords["return_tensors"] = "pt"
        return images


class NeverNumpy(Base):  # caught by: return-types
    def before(self, images, keywords):
        if keywords.get("return_tensors") == "np":
            keywords["return_tensors"] = "pt"
        return images


class ArraysForLists(Base):  # caught by: return-types
    def after(self, outputs, images):
        for name, value in outputs.items():
            if isinstance(value, list):
                outputs[name] = numpy.stack([numpy.asarray(each) for each in value])
        return outputs


class AnyReturnType(Base):  # caught by: return-types
    """A misspelt type gets tensors instead of an error."""

    def before(self, images, keywords):
        if keywords.get("return_tensors") not in ("pt", "np", None) and isinstance(keywords["return_tensors"], str):
            keywords["return_tensors"] = "pt"
        return images


class PlainDict(Base):  # caught by: return-types
    def after(self, outputs, images):
        return dict(outputs)


class NoDevice(Base):  # caught by: return-types
    """A result that cannot be moved."""

    def after(self, outputs, images):
        def to(*_, **__):
            raise NotImplementedError

        outputs.to = to
        return outputs


class OtherInputNames(Base):  # caught by: return-types
    model_input_names = ["pixel_values"]


class NotPicklable(Base):  # caught by: serialization
    def __reduce__(self):
        raise TypeError("cannot be pickled")


class PickleLosesParameters(Base):  # caught by: serialization
    def __reduce__(self):
        return (type(self), ())


class DeepCopyIsNew(Base):  # caught by: serialization
    def __deepcopy__(self, memo):
        return type(self)()


class NotCopied(Base):  # caught by: serialization
    def __copy__(self):
        raise copy.Error("not copied")


class NotSaved(Base):  # caught by: serialization
    def save_pretrained(self, *_, **__):
        raise NotImplementedError


class SavesDefaults(Base):  # caught by: serialization
    def save_pretrained(self, *arguments, **keywords):
        return Siglip2ImageProcessor().save_pretrained(*arguments, **keywords)


class EmptyDict(Base):  # caught by: serialization
    def to_dict(self):
        return {"image_processor_type": type(self).__name__}


class SharedParameters(Base):  # caught by: instances
    """The parameters of the instance made last are everyone's."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        type(self).last = {name: keywords.get(name) for name in ("max_num_patches", "do_normalize")}

    def before(self, images, keywords):
        for name, value in type(self).last.items():
            if value is not None and name not in keywords and getattr(self, name) != value:
                keywords[name] = value
        return images


class OtherInInferenceMode(Base):  # caught by: instances
    def after(self, outputs, images):
        if torch.is_inference_mode_enabled():
            outputs["pixel_values"] = outputs["pixel_values"] * 0.5
        return outputs
