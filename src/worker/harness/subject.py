"""A subject: one class, made once, called and timed."""

import sys
import threading
import time

import torch
from patchmark_harness_classes import accepted_keywords, transformers_class, users_class
from patchmark_harness_inputs import content, decode, make
from patchmark_harness_outputs import describe, raised
from patchmark_harness_state import changes, state


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
        # With a side of 1 or 3 pixels, transformers cannot infer which axis holds the channels.
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
        threads = torch.get_num_threads()
        if request["one_thread"]:
            torch.set_num_threads(1)
        try:
            started = time.perf_counter()
            outputs = self.instance(argument, return_tensors="pt", **keywords)
            elapsed = (time.perf_counter() - started) * 1e3
            # On the same threads: a copy of a large tensor would wake those that the call let rest.
            entries, names, tensors = describe(outputs)
        except BaseException as error:  # including SystemExit, which must not end the worker
            return raised(error), [], []
        finally:
            if request["one_thread"]:
                torch.set_num_threads(threads)
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
        """Milliseconds of each call."""
        argument, keywords = self.prepared[request["slot"]]
        times = []
        for _ in range(request["calls"]):
            started = time.perf_counter()
            outputs = self.instance(argument, return_tensors="pt", **keywords)
            times.append((time.perf_counter() - started) * 1e3)
            del outputs
        return times

    def concurrent(self, request):
        """Compares calls from one thread per batch with the same calls made one after the other."""
        batches = [make(each, self.form)[0] for each in request["batches"]]
        keywords = self.keywords(self.form, {})

        def call(batch):
            outputs = self.instance(batch, return_tensors="pt", **keywords)
            return [torch.as_tensor(outputs[key]).clone(memory_format=torch.contiguous_format) for key in outputs]

        def bits(tensor):
            # −0 is not 0, and NaN equals itself.
            return tensor.view({2: torch.int16, 4: torch.int32, 8: torch.int64}.get(tensor.element_size(), torch.uint8))

        def equal(one, other):
            return one.dtype == other.dtype and one.shape == other.shape and torch.equal(bits(one), bits(other))

        def alike(alone, together):
            return all(equal(one, other) for one, other in zip(alone, together, strict=True))

        alone = [call(batch) for batch in batches]
        if not all(alike(expected, call(batch)) for expected, batch in zip(alone, batches)):
            return []  # differs even without threads, which is a finding of `determinism`
        problems, gate = [], threading.Barrier(len(batches))

        def work(index):
            try:
                gate.wait(60)
                for turn in range(request["rounds"]):
                    if not alike(alone[index], call(batches[index])):
                        problems.append(f"thread {index}, call {turn}: another result than from the same call alone")
                        return
            except BaseException as error:
                problems.append(f"thread {index} raised {type(error).__name__}: {error}")

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)  # so that a possible race is likely to happen
        try:
            threads = [threading.Thread(target=work, args=(index,)) for index in range(len(batches))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        return problems
