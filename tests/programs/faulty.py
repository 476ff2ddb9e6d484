"""A subject with one planted fault: `faulty.py FAULT PROGRAM...` passes requests on to a program without faults, and spoils
what it answers or writes."""

import json
import os
import signal
import struct
import subprocess
import sys
import time

fault, *program = sys.argv[1:]
inner = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def inner_answer(line):
    inner.stdin.write(line)
    inner.stdin.flush()
    return json.loads(inner.stdout.readline())


def say(message):
    print(json.dumps(message), flush=True)


def spoil_file(path):
    with open(path, "rb") as file:
        content = file.read()
    length = struct.unpack("<Q", content[:8])[0]
    header, values = json.loads(content[8 : 8 + length]), content[8 + length :]
    if fault == "truncates":
        values = values[:-10]
    elif fault == "forgets-a-key":
        # The mask is the last in the file.
        values = values[: header.pop("pixel_attention_mask")["data_offsets"][0]]
    elif fault == "wrong-dtype":
        # The bytes of the shapes as twice as many smaller numbers, of which every other is 0.
        header["spatial_shapes"] |= {"dtype": "I32", "shape": [header["spatial_shapes"]["shape"][0], 4]}
    elif fault == "unknown-dtype":
        header["pixel_values"]["dtype"] = "F99"
    elif fault == "one-bit":
        values = values[:40] + bytes([values[40] ^ 1]) + values[41:]
    header = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + values)


for line in sys.stdin.buffer:
    request = json.loads(line)
    starts = request["op"] == "start"
    if starts and fault == "exits":
        sys.exit("faulty.py: no weights in /nowhere")
    answer = inner_answer(line)
    if starts and fault == "wrong-version":
        answer["protocol"] = 2
    if starts and fault == "nameless":
        del answer["name"]
    if starts and fault == "takes-no-parameters":
        answer["parameters"] = []
    if starts and fault == "banner":
        print("Loading weights …", flush=True)
    if starts and fault == "long-banner":
        print("x" * (1 << 20), flush=True)
    if starts:
        say(answer | {"unknown": {"fields": ["are", "ignored"]}})
        continue
    if fault == "dies":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif fault == "leaves":
        sys.exit(0)
    elif fault == "hangs":
        subprocess.Popen(["sleep", "123.25"])
        time.sleep(600)
    elif fault == "closes-stdout":
        os.close(1)
        time.sleep(600)
    elif fault == "refuses":
        answer = {"id": answer["id"], "error": "the licence has expired"}
    elif fault == "wrong-id":
        answer["id"] += 1
    elif fault == "chatters":
        print("processed a batch", flush=True)
    elif fault == "long-line":
        answer["note"] = "x" * (1 << 20)
    elif fault == "negative-time":
        answer["ms"] = [-1.0]
    elif fault == "impossible-time":
        answer["ms"] = [1e9]
    elif fault == "writes-nothing":
        os.remove(request["outputs"])
    elif fault == "floods":
        sys.stderr.write("x" * (20 << 20))
    elif request["outputs"] is not None:
        spoil_file(request["outputs"])
    say(answer)
