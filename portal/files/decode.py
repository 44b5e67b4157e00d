"""The child program that opens a stranger's picture: `python -I decode.py FORMAT WHAT < upload`.

It runs by its path and imports nothing of the portal, so that it starts fast and knows no secret.
The answer begins with one line, which may be why the picture is refused: `damaged`, `too_large`,
`unsupported`.

WHAT is `photo`: the line is `done WIDTH HEIGHT BYTES LOOK`, and then comes the photo of so many
bytes and its thumbnail. Both are JPEG in sRGB, upright, and carry nothing of the original's EXIF,
GPS, XMP or colour profile. LOOK is a number by which the same photo is known again, or `none`. Or
it is `codes`: the line is `done`, and then come the texts of the QR codes and bar codes in the
picture, as a list in JSON.
"""

import contextlib
import io
import json
import math
import operator
import os
import resource
import sys
from collections.abc import Sequence

MAX_PIXELS = 50_000_000
MANY_PIXELS = 16_000_000  # more than a phone's photo has gives way to whoever waits for a page
MAX_MEMORY = 512 * 1024 * 1024  # bytes of address space, so never more resident memory than that
MAX_SECONDS = 20  # of processor time
PHOTO_SIDE, PHOTO_QUALITY = 2000, 85
THUMBNAIL_SIDE, THUMBNAIL_QUALITY = 320, 75
STRIP_PIXELS = 2_000_000
MAX_PROFILE = 1024 * 1024  # bytes; a real colour profile is far smaller
MOST_CODES, LONGEST_CODE = 20, 500
LEAST_SIDE, LEAST_CONTRAST = 64, 4  # pixels, levels of grey: below, photos cannot be told apart
LOOK_SIDE, LOOK_WAVES = 32, 8


def limit_resources() -> None:
    """Bound what a hostile picture can cost; before Pillow is loaded."""
    for what, limit in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS knows no RLIMIT_AS
            resource.setrlimit(what, (limit, limit))


limit_resources()

from PIL import Image, ImageStat  # noqa: E402

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class TooManyPixels(Exception):
    """More pixels than we decode."""


def load_decoder(name: str) -> None:
    """Load the one decoder that Pillow does not bring along by itself; HEIC needs the extra."""
    if name == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    elif name == "WEBP":
        from PIL import WebPImagePlugin  # noqa: F401


def opened(upload: bytes, name: str) -> Image.Image:
    """The first frame, decoded; its size is checked before a pixel is."""
    image = Image.open(io.BytesIO(upload), formats=[name])
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixels
    if image.width * image.height > MANY_PIXELS:
        os.nice(19)
    image.draft(None, (PHOTO_SIDE, PHOTO_SIDE))
    image.load()
    return image


def orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; unreadable EXIF means upright."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:
        return 1


def flattened(strip: Image.Image) -> Image.Image:
    """The strip in L, RGB or CMYK, with white where it was transparent."""
    if strip.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        return strip.convert("I").point(lambda level: level / 256).convert("L")
    if strip.has_transparency_data:
        clear = strip.convert("RGBA")
        white = Image.new("RGB", clear.size, "white")
        white.paste(clear, mask=clear.getchannel("A"))
        return white
    if strip.mode == "1":
        return strip.convert("L")
    return strip if strip.mode in ("L", "RGB", "CMYK") else strip.convert("RGB")


def shrunk(image: Image.Image) -> Image.Image:
    """At most PHOTO_SIDE on the long side; strip by strip, since a second full copy is too much."""
    factor = max(1, max(image.size) // (2 * PHOTO_SIDE))
    rows = max(1, STRIP_PIXELS // image.width // factor) * factor
    small = None
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        strip = flattened(image.crop(box)).reduce(factor)
        if small is None:
            small = Image.new(strip.mode, (strip.width, -(-image.height // factor)))
        small.paste(strip, (0, top // factor))
    assert small is not None
    small.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS)
    return small


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image in sRGB; a profile that is broken or of another colour space is passed over."""
    if profile and len(profile) <= MAX_PROFILE:
        from PIL import ImageCms  # here, since few pictures need it and each start pays for it

        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            turned = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
            if turned is not None:
                turned.info.clear()
                return turned
    return image.convert("RGB")


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The image as JPEG, with no metadata."""
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality, optimize=True)
    return target.getvalue()


def upright(image: Image.Image, turn: int) -> Image.Image:
    """The image turned and mirrored as its orientation says."""
    return image.transpose(TURNS[turn]) if turn in TURNS else image


def dot(one: Sequence[float], other: Sequence[float]) -> float:
    """The sum of the products of two rows of numbers."""
    return math.fsum(map(operator.mul, one, other))


def look(small: Image.Image) -> int | None:
    """How a picture looks, as a number of 63 bits, much the same after any re-encoding.

    Each bit says whether one of the lowest waves of its cosine transform is above their median (a
    "pHash"). Two numbers are compared by how many bits differ. None if too little can be seen.
    """
    grey = small.convert("L").resize((LOOK_SIDE, LOOK_SIDE), Image.Resampling.BOX)
    if min(small.size) < LEAST_SIDE or ImageStat.Stat(grey).stddev[0] < LEAST_CONTRAST:
        return None
    levels, places = grey.tobytes(), range(LOOK_SIDE)
    waves = [
        [math.cos(math.pi * wave * (2 * place + 1) / (2 * LOOK_SIDE)) for place in places]
        for wave in range(LOOK_WAVES)
    ]
    rows = [levels[start : start + LOOK_SIDE] for start in range(0, len(levels), LOOK_SIDE)]
    across = [[dot(wave, row) for row in rows] for wave in waves]
    # Without the first, which is only how bright the picture is.
    found = [dot(down, column) for down in waves for column in across][1:]
    median = sorted(found)[len(found) // 2]
    return int("".join("1" if strength > median else "0" for strength in found), 2)


def photo(image: Image.Image) -> bytes:
    """The photo and its thumbnail, as they go back to the portal."""
    turn, profile = orientation(image), image.info.get("icc_profile")
    made = upright(in_srgb(shrunk(image), profile), turn)
    small = made.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    full, thumbnail = jpeg(made, PHOTO_QUALITY), jpeg(small, THUMBNAIL_QUALITY)
    seen = look(small)
    first = ("done", *made.size, len(full), "none" if seen is None else seen)
    return " ".join(map(str, first)).encode() + b"\n" + full + thumbnail


def codes(image: Image.Image) -> bytes:
    """The texts of the codes in a picture, each once."""
    import zxingcpp

    found = zxingcpp.read_barcodes(shrunk(image).convert("L"))
    texts = dict.fromkeys(code.text[:LONGEST_CODE] for code in found)
    return b"done\n" + json.dumps(list(texts)[:MOST_CODES]).encode()


def answer(upload: bytes, name: str, what: str) -> bytes:
    """What goes back to the portal; never raises."""
    try:
        load_decoder(name)
        image = opened(upload, name)
        return photo(image) if what == "photo" else codes(image)
    except ImportError:
        return b"unsupported\n"
    except (TooManyPixels, Image.DecompressionBombError, MemoryError):
        return b"too_large\n"
    except Exception:  # a broken picture makes a decoder raise anything at all
        return b"damaged\n"


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(), *sys.argv[1:3]))
