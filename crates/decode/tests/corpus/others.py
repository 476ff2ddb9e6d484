"""PNG, WebP, BMP, GIF and TIFF files of every mode: others.py OUTDIR. Written by Pillow, or chunk by chunk where it cannot."""

import io
import itertools
import pathlib
import struct
import sys
import zlib

import numpy
from jpeg import orientation, picture
from PIL import Image, PngImagePlugin

SIZES = [(1, 1), (17, 9), (64, 48)]
SIGNATURE = b"\x89PNG\r\n\x1a\n"
# (column, row, step across, step down) of each pass of an interlaced PNG.
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def encode(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def modes(width, height):
    """The picture in every mode that a format may keep."""
    rgb = picture(width, height)
    grey = rgb.convert("L")
    alpha = Image.linear_gradient("L").resize((width, height))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    deep = Image.fromarray(numpy.asarray(grey).astype(numpy.uint16) * 257)
    return {
        "rgb": rgb, "l": grey, "1": rgb.convert("1"), "la": Image.merge("LA", (grey, alpha)), "rgba": rgba,
        "p": rgb.quantize(200), "i16": deep, "cmyk": rgb.convert("CMYK"), "ycbcr": rgb.convert("YCbCr"),
        "lab": rgb.convert("LAB"), "f": grey.convert("F"), "i": grey.convert("I"),
    }  # fmt: skip


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colour, rows, size, before=b"", interlaced=0):
    """A PNG of packed rows, each with its filter byte."""
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, interlaced)
    return SIGNATURE + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def rows(array):
    return b"".join(b"\0" + row.tobytes() for row in array)


def written_modes():
    """What Pillow writes: each format with each mode that it takes."""
    for kind, (width, height) in itertools.product(("PNG", "WEBP", "BMP", "GIF", "TIFF"), SIZES):
        for mode, image in modes(width, height).items():
            try:
                yield f"{kind.lower()}-{mode}-{width}x{height}", encode(image, kind)
            except (OSError, ValueError):
                pass  # a mode that the format does not keep


def variants():
    """Options of the formats."""
    width, height = 64, 48
    kept = modes(width, height)
    rgb, palette, grey = kept["rgb"], kept["p"], kept["l"]
    yield "webp-lossless", encode(rgb, "WEBP", lossless=True)
    turned = Image.Exif()
    turned[0x112] = 6
    yield "webp-exif", encode(rgb, "WEBP", exif=turned)
    for compression in ("tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "jpeg", "group4"):
        yield f"tiff-{compression}", encode(kept["1"] if compression == "group4" else rgb, "TIFF", compression=compression)
    yield "tiff-exif", encode(rgb, "TIFF", exif=turned)
    frames = [rgb, picture(width, height, 1), picture(width, height, 2)]
    yield "tiff-pages", encode(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    yield "webp-frames", encode(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    quantized = [frame.quantize(64) for frame in frames]
    yield "gif-frames", encode(quantized[0], "GIF", save_all=True, append_images=quantized[1:])
    yield "gif-transparent", encode(quantized[0], "GIF", transparency=5)
    yield "gif-interlaced", encode(quantized[0], "GIF", interlace=1)
    yield "png-exif", encode(rgb, "PNG", exif=turned)
    yield "png-frames", encode(rgb, "PNG", save_all=True, append_images=frames[1:])
    yield "png-frames-default", encode(rgb, "PNG", save_all=True, append_images=frames[1:], default_image=True)
    yield "png-palette-transparent", encode(palette, "PNG", transparency=bytes([0, 128] * 100))
    yield "png-grey-transparent", encode(grey, "PNG", transparency=120)
    yield "png-profile", encode(rgb, "PNG", icc_profile=b"no profile at all")
    text = PngImagePlugin.PngInfo()
    text.add_text("big", "x" * 2_000_000, zip=True)
    yield "png-long-text", encode(rgb, "PNG", pnginfo=text)
    for value, zipped in itertools.product("136", (False, True)):
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", f'<rdf:Description tiff:Orientation="{value}"/>', zip=zipped)
        yield f"png-xmp-{value}{'-zipped' if zipped else ''}", encode(rgb, "PNG", pnginfo=text)


def raw_png():
    """Depths, interlacing and chunks that Pillow does not write."""
    size = (64, 48)
    rgb = numpy.asarray(picture(*size))
    grey = numpy.asarray(picture(*size).convert("L"))
    for depth in (1, 2, 4):
        values = (grey.astype(int) * (1 << depth) // 256).astype(numpy.uint8)
        bits = ((values[..., None] >> numpy.arange(depth - 1, -1, -1)) & 1).reshape(size[1], -1)
        packed = rows(numpy.packbits(bits, axis=1))
        colours = chunk(b"PLTE", b"".join(bytes([255 - 9 * i, 5 * i, 60 + i]) for i in range(1 << depth)))
        yield f"png-grey-{depth}bit", png(depth, 0, packed, size)
        yield f"png-palette-{depth}bit", png(depth, 3, packed, size, colours)
        yield f"png-palette-{depth}bit-transparent", png(depth, 3, packed, size, colours + chunk(b"tRNS", b"\x10"))
    wide = (rgb.astype(numpy.uint16) * 256 + 77).astype(">u2")
    alpha = numpy.full((*grey.shape, 1), 40000, ">u2")
    yield "png-rgb-16bit", png(16, 2, rows(wide), size)
    yield "png-grey-16bit", png(16, 0, rows(wide[..., 0].copy()), size)
    yield "png-rgba-16bit", png(16, 6, rows(numpy.dstack([wide, alpha]).astype(">u2")), size)
    yield "png-grey-alpha-16bit", png(16, 4, rows(numpy.dstack([wide[..., :1], alpha]).astype(">u2")), size)
    passes = b"".join(rows(numpy.ascontiguousarray(rgb[y::down, x::across])) for x, y, across, down in PASSES)
    yield "png-interlaced", png(8, 2, passes, size, interlaced=1)
    before = {
        "gamma": chunk(b"gAMA", struct.pack(">I", 100000)),
        "transparent-colour": chunk(b"tRNS", struct.pack(">3H", *map(int, rgb[10, 10]))),
        "broken-profile": chunk(b"iCCP", b"x\0\0this is no zlib stream"),
        "wrong-checksum": chunk(b"gAMA", struct.pack(">I", 45455))[:-1] + b"\0",
        "two-exif": 2 * chunk(b"eXIf", orientation(6)[6:]),
        "bad-exif": chunk(b"eXIf", orientation(6)[6:-9]),
    }
    for name, chunks in before.items():
        yield f"png-{name}", png(8, 2, rows(rgb), size, chunks)
    for value in range(1, 9):
        yield f"png-exif-{value}", png(8, 2, rows(rgb), size, chunk(b"eXIf", orientation(value, "<")[6:]))
    yield "png-palette-out-of-range", png(8, 3, rows(grey), size, chunk(b"PLTE", bytes(range(30))))
    yield "png-extra-data", png(8, 2, rows(rgb) + bytes(1000), size)
    whole = png(8, 2, rows(rgb), size)
    for cut in (1, 12, 16, 2000):
        yield f"png-cut-{cut}", whole[:-cut]
    yield "png-junk-after", whole + b"junk" * 9


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, data in itertools.chain(written_modes(), variants(), raw_png()):
        # Names that tell nothing: the content counts.
        (out / f"{name}.img").write_bytes(data)


if __name__ == "__main__":
    main()
