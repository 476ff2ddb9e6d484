"""The protocol of docs/subject-protocol.md for programs in Python: `serve` is all that a program needs."""

import json
import os
import struct
import sys
import time

import numpy as np

DTYPES = {"bool": "BOOL", "uint8": "U8", "int32": "I32", "int64": "I64", "float16": "F16", "float32": "F32", "float64": "F64"}


def pixels(image):
    """The uint8 array [height, width, 3] of an image of a request, read into memory."""
    height, width = image["height"], image["width"]
    values = np.fromfile(image["file"], np.uint8, height * width * 3, offset=image["offset"])
    return values.reshape(height, width, 3)


def save(tensors, path):
    """Writes arrays by name as safetensors: the length of a JSON header, the header, the values."""
    header, parts, end = {}, [], 0
    for name, tensor in tensors.items():
        parts.append(np.ascontiguousarray(tensor).tobytes())
        start, end = end, end + len(parts[-1])
        header[name] = {"dtype": DTYPES[tensor.dtype.name], "shape": tensor.shape, "data_offsets": [start, end]}
    header = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + b"".join(parts))


def serve(name, version, parameters, processor, form=lambda array: array, use_threads=lambda count: None):
    """Answers requests until patchmark closes stdin.

    `parameters` are the names of those that `processor(images, parameters)`, which returns arrays by name, takes into
    account. `form` makes what it is given of each image's array, before time is taken. `use_threads` is called first.
    """
    # What libraries print to stdout must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(message):
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "start":
            use_threads(request["threads"])
            answer({"protocol": 1, "name": name, "version": version, "parameters": sorted(parameters)})
            continue
        try:
            images, ms = [form(pixels(image)) for image in request["images"]], []
            for _ in range(request["repeat"]):
                tensors = None  # freed before the next are made
                started = time.perf_counter()
                tensors = processor(images, request["parameters"])
                ms.append((time.perf_counter() - started) * 1e3)
            if request["outputs"] is not None:
                save(tensors, request["outputs"])
            answer({"id": request["id"], "ms": ms})
        except Exception as error:
            answer({"id": request["id"], "error": f"{type(error).__name__}: {error}"})
