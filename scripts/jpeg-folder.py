"""Writes the built-in photographs as JPEG files of 1024x768 pixels and quality 85.

`patchmark bench --from-files --images FOLDER` measures on them what docs/files.md reports."""

import argparse
import pathlib

from PIL import Image

PHOTOGRAPHS = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "photos"
SIZE = (1024, 768)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path, help="where to write them")
folder = parser.parse_args().folder
folder.mkdir(parents=True, exist_ok=True)
for path in sorted(PHOTOGRAPHS.iterdir()):
    if path.suffix in (".jpg", ".png"):
        image = Image.open(path).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
        image.save(folder / f"{path.stem}.jpg", quality=85)
