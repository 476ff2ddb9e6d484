"""The processors that a parity result lists under its failures, one per line."""

import json
import sys

with open(sys.argv[1]) as file:
    for name in sorted({row["processor"] for row in json.load(file)["failures"]}):
        print(name)
