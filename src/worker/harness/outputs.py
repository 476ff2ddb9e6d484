"""The outcome of a call: the values by name, or the exception."""

import contextlib
import traceback

import numpy
import torch
from patchmark_harness_state import digest

MESSAGE_CHARACTERS = 600
TRACEBACK_CHARACTERS = 4000
# A message is shown as one line of text, so what would move a terminal's cursor arrives as Python would write it.
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(10), *range(11, 32), *range(127, 160))}


def text_of(value, otherwise):
    """`str(value)` of an object that may not have one."""
    try:
        return str(value)
    except BaseException as error:
        return f"{otherwise} (its text cannot be read: {type(error).__name__})"


def shortened(text):
    """The text, or its beginning and a digest of all of it."""
    if len(text) <= MESSAGE_CHARACTERS:
        return text
    return f"{text[:MESSAGE_CHARACTERS]}… ({len(text)} characters, {digest(text.encode(errors='surrogatepass'))})"


def raised(error):
    kind = type(error).__name__
    try:
        text = "".join(traceback.format_exception_only(error)).strip()
        frames = "".join(traceback.format_exception(error))
    except BaseException:  # the exception's own code failed
        text = text_of(error, kind)
        frames = "".join(traceback.format_tb(error.__traceback__))
    return {
        "outcome": "raised",
        "kind": kind[:MESSAGE_CHARACTERS],
        "message": text.translate(CONTROLS)[:MESSAGE_CHARACTERS],
        "traceback": frames[-TRACEBACK_CHARACTERS:],
    }


def kind_of(value):
    """The type's name; of a list or tuple also its first member's."""
    name = type(value).__name__
    if isinstance(value, (list, tuple)) and len(value):
        return f"{name} of {type(value[0]).__name__}"
    return name


def describe(outputs):
    """Describes each value of the outputs, and brings the tensors among them to the CPU."""
    entries, names, tensors = [], [], []
    for name in outputs.keys() if hasattr(outputs, "keys") else ():
        value = outputs[name]
        entry = {"name": str(name), "kind": "tensor", "dtype": "", "shape": [], "device": "cpu", "grad": False, "text": ""}
        if isinstance(value, torch.Tensor):
            entry |= {"device": value.device.type, "grad": value.requires_grad}
        else:
            entry["kind"] = kind_of(value)
            original = value
            with contextlib.suppress(Exception):
                value = torch.as_tensor(numpy.asarray(value))
            if not isinstance(value, torch.Tensor):
                entry["text"] = shortened(text_of(original, entry["kind"]))
        if isinstance(value, torch.Tensor):
            entry |= {"dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape)}
            value = value.detach().to("cpu")
            if value.dtype in (torch.float16, torch.bfloat16):
                value = value.to(torch.float32)
            elif value.dtype == torch.bool or not (value.is_floating_point() or value.is_complex()):
                value = value.to(torch.int64)
            elif value.is_complex():
                value = value.real
            names.append(str(name))
            tensors.append(value.contiguous())
        entries.append(entry)
    return entries, names, tensors
