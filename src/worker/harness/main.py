"""The Python half of a worker: makes inputs, calls a subject's class, and reports what it observed.

Everything here runs in the candidate's own process, so the coordinator does not trust what it reports about values: it
gets the tensors and compares them itself.
"""

import faulthandler
import json
import re

import torch
import transformers
from patchmark_harness_classes import Unusable, signature, transformers_class, versions
from patchmark_harness_outputs import raised
from patchmark_harness_state import remember, restore
from patchmark_harness_subject import Subject
from patchmark_harness_uses import run

# A crash or an abort prints the Python lines that led to it.
faulthandler.enable()
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

SUBJECT = None
HALVES = re.compile("[\ud800-\udfff]")


def load(request):
    global SUBJECT
    torch.set_num_threads(request["threads"])
    if remember(request["threads"]):
        transformers_class("torchvision")  # so that what its imports change is not blamed on the subject
    restore()
    try:
        SUBJECT = Subject(request)
    except Unusable as error:
        return {"outcome": "unusable", "message": str(error)}
    except BaseException as error:
        return raised(error)
    return {
        "outcome": "loaded",
        "class": f"{SUBJECT.kind.__module__.removeprefix('patchmark_subject_')}.{SUBJECT.kind.__name__}",
        "versions": versions(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "state_changes": SUBJECT.load_changes,
        "signature": signature(SUBJECT.kind, SUBJECT.instance),
        "accepted": None if SUBJECT.accepted is None else sorted(SUBJECT.accepted),
    }


def handle(text):
    """Answers one JSON request: the reply as JSON, and the names and values of its tensors."""
    request = json.loads(text)
    names, tensors = [], []
    if request["op"] == "load":
        reply = load(request)
    elif request["op"] == "call":
        reply, names, tensors = SUBJECT.call(request)
    elif request["op"] == "use":
        reply, names, tensors = run(SUBJECT.kind, request["code"])
    elif request["op"] == "dump":
        reply, names, tensors = SUBJECT.dump(request)
    else:
        try:
            if request["op"] == "prepare":
                SUBJECT.prepare(request)
                reply = {"outcome": "done"}
            elif request["op"] == "time":
                reply = {"outcome": "timed", "ms": SUBJECT.timed(request)}
            else:
                reply = {"outcome": "concurrent", "problems": SUBJECT.concurrent(request)}
        except BaseException as error:
            reply = raised(error)
    # Python's text may hold halves of surrogate pairs (file names that are not UTF-8), which neither JSON nor UTF-8 can
    # carry; they arrive as they would be written in Python's source.
    reply = HALVES.sub(lambda half: f"\\\\u{ord(half[0]):04x}", json.dumps(reply, ensure_ascii=False))
    names = [HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", name) for name in names]
    return reply, names, tensors
