"""Writes the built-in photographs as JPEG files of 1024x768 pixels and quality 85: python scripts/jpeg-folder.py FOLDER

`patchmark bench --from-files --images FOLDER` measures on them what docs/files.md reports."""

import pathlib
import sys

from PIL import Image

PHOTOGRAPHS = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "photos"
SIZE = (1024, 768)

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for path in sorted(PHOTOGRAPHS.iterdir()):
    if path.suffix in (".jpg", ".png"):
        image = Image.open(path).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
        image.save(folder / f"{path.stem}.jpg", quality=85)
