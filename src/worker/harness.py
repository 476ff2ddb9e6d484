"""The Python half of a worker: makes inputs, calls a subject's class, and says what it saw.

Everything here runs in the candidate's own process, so nothing that it reports about values is
taken on trust: tensors go to the coordinator, which compares them.
"""

import contextlib
import faulthandler
import gc
import hashlib
import importlib
import importlib.util
import inspect
import io
import json
import logging
import os
import platform
import random
import signal
import sys
import threading
import time
import traceback

import numpy
import PIL
import PIL.Image
import PIL.ImageFile
import torch
import torchvision
import transformers

# A crash or an abort prints the Python lines that led to it.
faulthandler.enable()
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

KEYS = ("pixel_values", "pixel_attention_mask", "spatial_shapes")
TRACEBACK_CHARACTERS = 4000


class Unusable(Exception):
    """The subject as named cannot exist; the user has to name another."""


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
    """What computes: class names changed their meaning in transformers 5.4, base classes did not."""
    names = {base.__name__ for base in kind.__mro__}
    return "torchvision" if names & {"TorchvisionBackend", "BaseImageProcessorFast"} else "pil"


def transformers_class(backend):
    """transformers' SigLIP 2 class of that backend, wherever this release keeps it."""
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
    # A name of its own, so that the file shadows no module; the same file is read anew each time.
    spec = importlib.util.spec_from_file_location(f"patchmark_subject_{stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise Unusable(f"{path} has no class {name}")
    return getattr(module, name)


def accepted_keywords(kind):
    """The keyword arguments that a class names, or None where it takes any."""
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
        # Classes that took `**kwargs` before 5.0 list only what is theirs; the base's are common to all.
        named |= {"do_convert_rgb", "device", "input_data_format"} if anything else set()
        return named
    return None if anything else named


def digest(data):
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def state():
    """Everything that belongs to the process and not to an image processor."""
    return {
        "torch's thread count": torch.get_num_threads(),
        "torch's interop thread count": torch.get_num_interop_threads(),
        "torch's default dtype": str(torch.get_default_dtype()),
        "torch's default device": str(torch.get_default_device()),
        "torch's grad mode": torch.is_grad_enabled(),
        "torch's inference mode": torch.is_inference_mode_enabled(),
        "torch's autocast": torch.is_autocast_enabled("cpu"),
        "torch's deterministic mode": torch.are_deterministic_algorithms_enabled(),
        "torch's matmul precision": torch.get_float32_matmul_precision(),
        "torch's flush of denormal numbers": float(torch.tensor([1e-41]).mul(1.0)) == 0.0,
        "torch's random state": digest(torch.get_rng_state().numpy().tobytes()),
        "numpy's random state": digest(repr(numpy.random.get_state()[1:3]).encode() + numpy.random.get_state()[1].tobytes()),
        "Python's random state": digest(repr(random.getstate()).encode()),
        "numpy's error handling": str(numpy.geterr()),
        "Pillow's pixel limit": PIL.Image.MAX_IMAGE_PIXELS,
        "Pillow's tolerance of truncated files": PIL.ImageFile.LOAD_TRUNCATED_IMAGES,
        "the working directory": os.getcwd(),
        "the environment's variables": digest(repr(sorted(os.environ.items())).encode()),
        "the CPUs it may run on": sorted(os.sched_getaffinity(0)),
        "garbage collection": gc.isenabled(),
        "what Ctrl-C does": repr(signal.getsignal(signal.SIGINT)),
        "the level of logging": (logging.root.level, logging.root.manager.disable),
        "the recursion limit": sys.getrecursionlimit(),
        "the switch interval": sys.getswitchinterval(),
    }


def changes(before, after):
    return [name for name, value in before.items() if after[name] != value]


def decode(reference):
    with open(reference["file"], "rb") as file:
        file.seek(reference["offset"])
        pixels = file.read(reference["width"] * reference["height"] * 3)
    return PIL.Image.frombytes("RGB", (reference["width"], reference["height"]), pixels)


def in_mode(image, mode):
    """The image as a file of that kind would give it to a user."""
    if mode == "RGB":
        return image
    if mode == "RGBA":
        image = image.convert("RGBA")
        image.putalpha(PIL.Image.linear_gradient("L").resize(image.size))
        return image
    if mode == "LA":
        image = image.convert("LA")
        image.putalpha(PIL.Image.linear_gradient("L").resize(image.size))
        return image
    if mode == "P-transparent":
        image = image.convert("P", palette=PIL.Image.Palette.ADAPTIVE)
        image.info["transparency"] = 0
        return image
    if mode == "I;16":
        grey = numpy.asarray(image.convert("L")).astype(numpy.uint16) * 257
        return PIL.Image.fromarray(grey)
    if mode == "EXIF":
        exif = PIL.Image.Exif()
        exif[0x0112] = 6  # rotate by 90 degrees to see it upright
        stored = io.BytesIO()
        image.save(stored, "PNG", exif=exif)
        stored.seek(0)
        return PIL.Image.open(stored)
    return image.convert(mode)


def make(references, form):
    """The argument of a call, and the images in it."""
    images = [in_mode(decode(each), each["mode"]) for each in references]
    if form in ("pil", "pil_single"):
        items = images
    else:
        items = [numpy.array(each.convert("RGB")) for each in images]
        if form.startswith("chw") or form == "stacked":
            items = [torch.from_numpy(each).permute(2, 0, 1) for each in items]
            if form != "chw_view":
                items = [each.contiguous() for each in items]
    if form.endswith("_single"):
        return items[0], items
    if form == "stacked":
        stacked = torch.stack(items)
        return stacked, [stacked]
    return list(items), items


def content(item):
    if isinstance(item, PIL.Image.Image):
        return (item.mode, item.size, digest(item.tobytes()), sorted(map(str, item.info)))
    if isinstance(item, torch.Tensor):
        return (str(item.dtype), tuple(item.shape), digest(item.contiguous().numpy().tobytes()))
    return (str(item.dtype), item.shape, digest(item.tobytes()))


class Subject:
    """One class, made once and called as transformers calls it."""

    def __init__(self, load):
        before = state()
        if load["kind"] == "transformers":
            self.kind = transformers_class(load["backend"])
        else:
            self.kind = users_class(load["file"], load["class"])
        self.instance = self.kind(**load["parameters"])
        self.accepted = accepted_keywords(self.kind)
        self.form = load["form"]
        self.load_changes = changes(before, state())
        self.objects = []
        self.kept = {}
        self.prepared = {}

    def keywords(self, form, keywords):
        keywords = dict(keywords)
        # A tensor of 1 or 3 pixels a side cannot say which axis is the channels'.
        if form == "chw" and self.form == "chw":
            keywords["input_data_format"] = "channels_first"
        if self.accepted is not None:
            keywords = {name: value for name, value in keywords.items() if name in self.accepted}
        return keywords

    def call(self, request):
        form = self.form if request["form"] == "natural" else request["form"]
        if request["mutate"]:
            argument, items = self.objects
            for item, reference in zip(items, request["images"], strict=True):
                item.paste(decode(reference))
        else:
            argument, items = make(request["images"], form)
        self.objects = (argument, items)
        keywords = request["keywords"] if request["unfiltered"] else self.keywords(form, request["keywords"])
        probe = request["probe"]
        before = (state(), [content(each) for each in items], [id(each) for each in items]) if probe else None
        started = time.perf_counter()
        try:
            outputs = self.instance(argument, return_tensors="pt", **keywords)
        except BaseException as error:  # also SystemExit: the subject's, not the worker's
            return raised(error), [], []
        elapsed = (time.perf_counter() - started) * 1e3
        reply = {"outcome": "returned", "ms": elapsed, "state_changes": [], "input_changes": []}
        if probe:
            reply["state_changes"] = changes(before[0], state())
            for index, (item, old) in enumerate(zip(items, before[1], strict=True)):
                if content(item) != old:
                    reply["input_changes"].append(f"image {index} of {len(items)} has other pixels after the call")
            if isinstance(argument, list) and [id(each) for each in argument] != before[2]:
                reply["input_changes"].append("the list of images has other members after the call")
        if request["keep"]:
            self.kept[request["keep"]] = outputs
        entries, names, tensors = describe(outputs)
        reply["entries"] = entries
        reply["mapping"] = hasattr(outputs, "keys")
        return reply, names, tensors

    def dump(self, request):
        entries, names, tensors = describe(self.kept.pop(request["slot"]))
        reply = {"outcome": "returned", "ms": 0.0, "state_changes": [], "input_changes": []}
        return reply | {"entries": entries, "mapping": True}, names, tensors

    def prepare(self, request):
        form = self.form if request["form"] == "natural" else request["form"]
        self.prepared[request["slot"]] = (make(request["images"], form)[0], self.keywords(form, request["keywords"]))

    def timed(self, request):
        """The fastest of a few calls: what others do on the machine only ever makes one slower."""
        argument, keywords = self.prepared[request["slot"]]
        fastest = float("inf")
        for _ in range(request["calls"]):
            started = time.perf_counter()
            outputs = self.instance(argument, return_tensors="pt", **keywords)
            fastest = min(fastest, time.perf_counter() - started)
            del outputs
        return fastest * 1e3

    def concurrent(self, request):
        """Two threads with batches of their own against the same calls made one after the other."""
        batches = [make(each, self.form)[0] for each in request["batches"]]
        keywords = self.keywords(self.form, {})

        def call(batch):
            outputs = self.instance(batch, return_tensors="pt", **keywords)
            return [torch.as_tensor(outputs[key]).clone() for key in outputs]

        def alike(right, given):
            return all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(right, given, strict=True))

        alone = [call(batch) for batch in batches]
        if not all(alike(right, call(batch)) for right, batch in zip(alone, batches)):
            return []  # without any threads: that is determinism's finding
        problems, gate = [], threading.Barrier(len(batches))

        def work(index):
            try:
                gate.wait(60)
                for turn in range(request["rounds"]):
                    if not alike(alone[index], call(batches[index])):
                        problems.append(f"thread {index}, call {turn}: not what the same call returns alone")
                        return
            except BaseException as error:
                problems.append(f"thread {index} raised {type(error).__name__}: {error}")

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)  # a race that is possible should happen
        try:
            threads = [threading.Thread(target=work, args=(index,)) for index in range(len(batches))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        return problems


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
    """What each value of the outputs is, and the tensors among them, brought to the CPU."""
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


SUBJECT = None
CLEAN = None


def restore():
    """Puts back what a subject before this one may have changed, where a worker serves several."""
    torch.set_num_threads(CLEAN["threads"])
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(False)
    torch.set_float32_matmul_precision("highest")
    torch.set_flush_denormal(False)
    torch.manual_seed(0)
    numpy.random.seed(0)
    numpy.seterr(**CLEAN["errors"])
    random.seed(0)
    PIL.Image.MAX_IMAGE_PIXELS = CLEAN["pixels"]
    os.sched_setaffinity(0, CLEAN["cpus"])
    gc.enable()
    logging.root.setLevel(CLEAN["logging"][0])
    logging.disable(CLEAN["logging"][1])
    os.chdir(CLEAN["folder"])
    os.environ.clear()
    os.environ.update(CLEAN["environ"])


def load(request):
    global SUBJECT, CLEAN
    torch.set_num_threads(request["threads"])
    if CLEAN is None:
        CLEAN = {
            "threads": request["threads"],
            "errors": numpy.geterr(),
            "pixels": PIL.Image.MAX_IMAGE_PIXELS,
            "folder": os.getcwd(),
            "environ": dict(os.environ),
            "cpus": os.sched_getaffinity(0),
            "logging": (logging.root.level, logging.root.manager.disable),
        }
        transformers_class("torchvision")  # its own imports are not the subject's doing
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
        "accepted": None if SUBJECT.accepted is None else sorted(SUBJECT.accepted),
    }


def handle(text):
    """One request as JSON; the reply as JSON, with the names and values of its tensors."""
    request = json.loads(text)
    names, tensors = [], []
    if request["op"] == "load":
        reply = load(request)
    elif request["op"] == "call":
        reply, names, tensors = SUBJECT.call(request)
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
    return json.dumps(reply), names, tensors
