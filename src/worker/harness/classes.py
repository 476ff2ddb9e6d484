"""Finds a subject's class and the keyword arguments that it accepts."""

import importlib
import importlib.util
import inspect
import json
import os
import platform
import sys
import tempfile

import numpy
import PIL
import torch
import torchvision
import transformers


class Unusable(Exception):
    """There is no such subject; the user has to name another."""


def versions():
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "transformers": transformers.__version__,
        "pillow": PIL.__version__,
        "numpy": numpy.__version__,
    }


def backend_of(kind):
    """The library that computes. Class names changed their meaning in transformers 5.4; base classes did not."""
    names = {base.__name__ for base in kind.__mro__}
    return "torchvision" if names & {"TorchvisionBackend", "BaseImageProcessorFast"} else "pil"


def transformers_class(backend):
    """transformers' SigLIP 2 class of that backend, wherever this release has it."""
    package = "transformers.models.siglip2"
    for stem in ("image_processing_siglip2", "image_processing_siglip2_fast", "image_processing_pil_siglip2"):
        try:
            module = importlib.import_module(f"{package}.{stem}")
        except ModuleNotFoundError as error:
            if error.name == f"{package}.{stem}":
                continue  # not in this release
            raise
        for name, value in vars(module).items():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and name.startswith("Siglip2ImageProcessor") and hasattr(value, "preprocess"):
                if backend_of(value) == backend:
                    return value
    raise Unusable(f"transformers {transformers.__version__} has no SigLIP 2 processor on {backend}")


def users_class(path, name):
    folder, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
    if folder not in sys.path:
        sys.path.insert(0, folder)
    # A distinct name, so that the file does not shadow another module; the file is read again each time.
    spec = importlib.util.spec_from_file_location(f"patchmark_subject_{stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    importable(spec.name, path)
    if not hasattr(module, name):
        raise Unusable(f"{path} has no class {name}")
    return getattr(module, name)


def importable(name, path):
    """Makes the module importable under its name in processes that this one spawns: they get `sys.path`, not modules."""
    folder = os.path.join(tempfile.gettempdir(), "modules")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"{name}.py"), "w", encoding="utf-8") as file:
        file.write(f"exec(compile(open({path!r}, 'rb').read(), {path!r}, 'exec'))\n")
    if folder not in sys.path:
        sys.path.append(folder)


def signature(kind, instance):
    """The keyword arguments that a class names, each with the instance's value as JSON (None if it has none)."""
    values = {}
    for name in sorted((accepted_keywords(kind) or set()) - {"self", "images", "args", "kwargs", "return_tensors"}):
        value = getattr(instance, name, None)
        try:
            values[name] = json.loads(json.dumps(value))
        except (TypeError, ValueError):
            values[name] = str(value)
    return values


def accepted_keywords(kind):
    """The keyword arguments that a class names, or None if it accepts any."""
    call = kind.__call__ if "__call__" in vars(kind) or not hasattr(kind, "preprocess") else kind.preprocess
    named, anything = set(), False
    for owner in (call, getattr(kind, "preprocess", call)):
        try:
            parameters = inspect.signature(owner).parameters.values()
        except (TypeError, ValueError):
            return None
        named |= {each.name for each in parameters}
        anything = anything or any(each.kind is each.VAR_KEYWORD for each in parameters)
    typed = getattr(kind, "valid_kwargs", None)
    if typed is not None:
        for base in (typed, *getattr(typed, "__orig_bases__", ())):
            named |= set(getattr(base, "__annotations__", {}))
        # Classes that accepted `**kwargs` before 5.0 list only their own keywords; these come from the base class.
        named |= {"do_convert_rgb", "device", "input_data_format"} if anything else set()
        return named
    return None if anything else named
