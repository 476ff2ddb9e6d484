"""The outcome of a call: the values by name, or the exception."""

import contextlib
import traceback

import numpy
import torch

TRACEBACK_CHARACTERS = 4000


def raised(error):
    frames = "".join(traceback.format_exception(error))
    text = "".join(traceback.format_exception_only(error)).strip()
    return {
        "outcome": "raised",
        "kind": type(error).__name__,
        "message": text[:600],
        "traceback": frames[-TRACEBACK_CHARACTERS:],
    }


def describe(outputs):
    """Describes each value of the outputs, and copies the tensors among them to the CPU."""
    entries, names, tensors = [], [], []
    for name in outputs.keys() if hasattr(outputs, "keys") else ():
        value = outputs[name]
        entry = {"name": str(name), "kind": "tensor", "dtype": "", "shape": [], "device": "cpu", "grad": False}
        if isinstance(value, torch.Tensor):
            entry |= {"device": value.device.type, "grad": value.requires_grad}
        else:
            entry["kind"] = type(value).__name__
            with contextlib.suppress(Exception):
                value = torch.as_tensor(numpy.asarray(value))
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
            tensors.append(value.contiguous().clone())
        entries.append(entry)
    return entries, names, tensors
