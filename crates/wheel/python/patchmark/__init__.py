"""Patchmark's command line as a Python package: `python -m patchmark`, or the console script `patchmark`."""
