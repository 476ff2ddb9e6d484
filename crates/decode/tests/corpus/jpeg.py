"""JPEG files of every sampling, scan script, coding and colour model: jpeg.py CJPEG OUTDIR. With `-` for CJPEG, what Pillow can write.

Written by libjpeg-turbo's own `cjpeg`; what it cannot write (CMYK, EXIF) is written by Pillow, or put around the segments
of such a file."""

import io
import itertools
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

SAMPLINGS = [
    "1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "1x3", "3x2", "2x3", "4x4",
    # Chroma of unequal or finer sampling, which some decoders do not expect.
    "2x2,1x2,1x2", "2x2,2x1,2x1", "2x2,2x2,1x1", "2x2,1x1,2x1", "1x1,2x2,2x2", "1x1,2x1,1x1", "1x1,1x1,2x2",
    "1x2,2x1,1x1", "2x1,1x2,1x1", "1x1,3x1,1x1", "1x1,4x1,2x1", "4x1,2x1,1x1", "3x3,1x1,1x1",
]  # fmt: skip
SCANS = {
    "interleaved": None,
    "separate": "0;\n1;\n2;\n",
    "luma-first": "0;\n1 2;\n",
    "last-apart": "0 1;\n2;\n",
    "backwards": "2;\n1;\n0;\n",
    "progressive": "-progressive",
    # Spectral selection without successive approximation, and both with the components in another order.
    "spectral": "0: 0-0, 0, 0;\n1: 0-0, 0, 0;\n2: 0-0, 0, 0;\n0: 1-63, 0, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0;\n",
    "successive": "0,1,2: 0-0, 0, 1;\n0: 1-5, 0, 2;\n2: 1-63, 0, 1;\n1: 1-63, 0, 1;\n0: 6-63, 0, 2;\n0: 1-63, 2, 1;\n"
    "0,1,2: 0-0, 1, 0;\n2: 1-63, 1, 0;\n1: 1-63, 1, 0;\n0: 1-63, 1, 0;\n",
}
SIZES = [(1, 1), (3, 5), (8, 8), (17, 9), (64, 64), (65, 63), (300, 7), (2, 200), (100, 131), (16, 16), (33, 31)]
EXTRAS = [
    [], ["-restart", "1B"], ["-arithmetic"], ["-restart", "1"], ["-optimize"], ["-quality", "20"], ["-quality", "100"],
    ["-dct", "fast"],
]  # fmt: skip
# Files of a sampling and scan script, at different sizes.
EACH = 4


def picture(width, height, seed=0):
    """A smooth image with noise, so that rounding of every kind occurs."""
    y, x = numpy.mgrid[0:height, 0:width].astype(float)
    waves = numpy.stack([numpy.sin(x / 7 + y / 13), numpy.cos(x / 5), numpy.sin((x + y) / 9)], -1)
    noise = numpy.random.default_rng(seed).normal(0, 20, waves.shape)
    return Image.fromarray(numpy.clip(127 + 100 * waves + noise, 0, 255).astype(numpy.uint8))


def ppm(image):
    bytes_ = io.BytesIO()
    image.save(bytes_, "PPM")
    return bytes_.getvalue()


def encode(image, **options):
    bytes_ = io.BytesIO()
    image.save(bytes_, "JPEG", **options)
    return bytes_.getvalue()


def segment(marker, payload):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload


def without(jpeg, marker):
    """The file without its first segment of that kind."""
    start = jpeg.index(b"\xff" + bytes([marker]))
    (length,) = struct.unpack(">H", jpeg[start + 2 : start + 4])
    return jpeg[:start] + jpeg[start + 2 + length :]


def orientation(value, order=">", kind=3, count=1):
    """An EXIF block with one entry: the orientation."""
    mark = b"MM" if order == ">" else b"II"
    field = struct.pack(order + "H", value) + b"\0\0" if kind == 3 else struct.pack(order + "I", value)
    head = mark + struct.pack(order + "HIH", 42, 8, 1)
    return b"Exif\0\0" + head + struct.pack(order + "HHI", 0x112, kind, count) + field + b"\0\0\0\0"


def sampled(cjpeg):
    """Samplings × scan scripts, with sizes and codings in turn. An encoder may refuse some: they are left out."""
    for index, (sampling, (name, scans)) in enumerate(itertools.product(SAMPLINGS, SCANS.items())):
        for turn in range(EACH):
            width, height = SIZES[(index * EACH + turn) % len(SIZES)]
            extra = EXTRAS[(index + 3 * turn) % len(EXTRAS)]
            options = ["-quality", "85", "-sample", sampling, *extra]
            with tempfile.NamedTemporaryFile("w", suffix=".scans") as script:
                if scans == "-progressive":
                    options.append(scans)
                elif scans:
                    script.write(scans)
                    script.flush()
                    options += ["-scans", script.name]
                run = subprocess.run([cjpeg, *options], input=ppm(picture(width, height)), capture_output=True)
            if run.returncode == 0:
                what = "".join(extra).replace("-", "_")
                yield f"{sampling.replace(',', '_')}-{name}-{width}x{height}{what}", run.stdout


def coloured(cjpeg):
    """Grey, and RGB without conversion."""
    for (width, height), extra in itertools.product(SIZES, EXTRAS):
        for colours in (["-grayscale"], ["-rgb"], ["-grayscale", "-sample", "2x2"], ["-rgb", "-sample", "2x1"]):
            options = ["-quality", "85", *colours, *extra]
            run = subprocess.run([cjpeg, *options], input=ppm(picture(width, height)), capture_output=True)
            if run.returncode == 0:
                yield f"{''.join(colours)[1:]}-{width}x{height}{''.join(extra).replace('-', '_')}", run.stdout


def inked():
    """CMYK and YCCK."""
    for width, height in SIZES:
        inks = numpy.asarray(picture(width, height).convert("CMYK")).copy()
        inks[..., 3] = numpy.random.default_rng(width).integers(0, 200, (height, width))
        for subsampling in (0, 2):
            cmyk = encode(Image.fromarray(inks, "CMYK"), quality=80, subsampling=subsampling)
            name = f"{width}x{height}-{subsampling}"
            yield f"cmyk-{name}", cmyk
            yield f"cmyk-unmarked-{name}", without(cmyk, 0xEE)
            yield f"ycck-{name}", cmyk.replace(b"Adobe\0d\0\0\0\0\0", b"Adobe\0d\0\0\0\0\2")


def described():
    """Metadata: orientations in every form, thumbnails, profiles, and blocks that do not parse."""
    plain = encode(picture(48, 32), quality=90)
    start, rest = plain[:2], plain[2:]
    for value, order in itertools.product(range(0, 10), "><"):
        yield f"exif-{value}{'be' if order == '>' else 'le'}", start + segment(0xE1, orientation(value, order)) + rest
    six = orientation(6)
    others = {
        "long": orientation(6, kind=4),
        "two-values": orientation(6, count=2),
        "cut": six[:-9],
        "empty": b"Exif\0\0",
        "wrong-name": six.replace(b"Exif", b"Dxif"),
        "wrong-mark": six.replace(b"MM", b"MN"),
        "endless": six.replace(struct.pack(">I", 8), struct.pack(">I", 6)),
    }
    for name, block in others.items():
        yield f"exif-{name}", start + segment(0xE1, block) + rest
    yield "exif-twice", start + segment(0xE1, six) + segment(0xE1, orientation(3)) + rest
    yield "exif-after-tables", plain[:20] + segment(0xE1, six) + plain[20:]
    thumbnail = encode(picture(16, 12))
    yield "exif-thumbnail", start + segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + thumbnail) + rest
    xmp = b'http://ns.adobe.com/xap/1.0/\0<rdf:Description tiff:Orientation="6"/>'
    yield "xmp", start + segment(0xE1, xmp) + rest
    yield "xmp-upright", start + segment(0xE1, xmp.replace(b"6", b"1")) + rest
    yield "xmp-and-exif", start + segment(0xE1, xmp) + segment(0xE1, orientation(3)) + rest
    yield "xmp-without", start + segment(0xE1, xmp.replace(b"Orientation", b"Compression")) + rest
    yield "comment-with-markers", start + segment(0xFE, b"\xff\xd9\xff\xd8 a comment") + rest
    yield "profile", encode(picture(48, 32), icc_profile=bytes(200_000))
    yield "fill-bytes", start + b"\xff\xff\xff" + rest
    yield "no-jfif", without(plain, 0xE0)
    yield "grey-adobe", start + segment(0xEE, b"Adobe\0d\0\0\0\0\0") + encode(picture(48, 32).convert("L"))[2:]
    yield "rgb-adobe", encode(picture(48, 32), keep_rgb=True)
    frames = io.BytesIO()
    picture(48, 32).save(frames, "MPO", save_all=True, append_images=[picture(48, 32, 1)])
    yield "mpo", frames.getvalue()


def damaged():
    """Cut, joined and bent files. Some are read by one loader or both."""
    plain = encode(picture(64, 48), quality=90)
    for cut in (1, 2, 3, 10, 200):
        yield f"cut-{cut}", plain[:-cut]
    yield "junk-before", b"\0\0junk" + plain
    yield "junk-after", plain + b"junk \xff\xd8\xff" * 10
    yield "junk-between", plain[:2] + bytes(4) + plain[2:]
    yield "two-files", plain + encode(picture(16, 16))
    frame = plain.index(b"\xff\xc0")
    yield "no-height", plain[: frame + 5] + bytes(2) + plain[frame + 7 :]
    yield "no-tables", without(plain, 0xC4)
    yield "two-frames", plain[:frame] + plain[frame : frame + 19] + plain[frame:]
    yield "precision-12", plain[: frame + 4] + b"\x0c" + plain[frame + 5 :]
    yield "lossless", plain[: frame + 1] + b"\xc3" + plain[frame + 2 :]
    yield "one-wide-65500", encode(picture(1, 65500))


def main():
    cjpeg, out = sys.argv[1], pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    drawn = [] if cjpeg == "-" else [sampled(cjpeg), coloured(cjpeg)]
    for name, data in itertools.chain(*drawn, inked(), described(), damaged()):
        (out / f"{name}.jpg").write_bytes(data)


if __name__ == "__main__":
    main()
