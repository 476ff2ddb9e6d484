"""Runs a use: Python code that makes an instance of `Processor`, calls it, and leaves the result in `outputs`."""

import gc
import os
import shutil
import tempfile

import torch
from patchmark_harness_outputs import describe, raised

FOLDER = None


def empty_folder():
    """An empty folder. Most uses leave it empty, and making one for each would take a tenth of their time."""
    global FOLDER
    if FOLDER is not None and (not os.path.isdir(FOLDER) or os.listdir(FOLDER)):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER = None
    if FOLDER is None:
        FOLDER = tempfile.mkdtemp()
    return FOLDER


def run(kind, code):
    """The reply to a use, and the names and values of its tensors. The code runs in an empty folder."""
    namespace, folder = {"__name__": "use", "Processor": kind}, empty_folder()
    before, threads = os.getcwd(), torch.get_num_threads()
    # Uses are many and small: threads that wait for each other and collections that walk every loaded module would take
    # most of their time.
    torch.set_num_threads(1)
    gc.freeze()
    os.chdir(folder)
    try:
        exec(compile(code, "<use>", "exec"), namespace)
        entries, names, tensors = describe(namespace["outputs"])
    except BaseException as error:  # including SystemExit, which must not end the worker
        return raised(error), [], []
    finally:
        os.chdir(before)
        torch.set_num_threads(threads)
        gc.unfreeze()
    reply = {"outcome": "returned", "ms": 0.0, "state_changes": [], "input_changes": []}
    return reply | {"entries": entries, "mapping": hasattr(namespace["outputs"], "keys")}, names, tensors
