"""Pictures from strangers: the decoder's child process against real and hostile files."""

import csv
import hashlib
import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from PIL import Image, ImageChops, ImageCms, ImageStat

from portal.core.errors import Invalid
from portal.files import images
from portal.files.images import Picture, reencode
from portal.files.kinds import GIF, HEIC, JPEG, PDF, PNG, WEBP, FileKind, kind_of

AWKWARD = Path(__file__).parents[4] / "shared/data/awkward"
EXIF = AWKWARD / "images/exif"
needs_files = pytest.mark.skipif(not AWKWARD.is_dir(), reason="the awkward files are not here")

# What the reference calls a picture but we refuse, and why.
REFUSED = {
    "hopper.bmp": None,
    "multipage.tiff": None,
    "valid_archive.zip": None,
    "valid_document.pdf": None,
    "corrupted.heic": "damaged",
    "broken.png": "damaged",
    "truncated_image.png": "damaged",
    "truncated_jpeg.jpg": "damaged",
    "ultrahdr.jpg": "damaged",
    "decompression_bomb.gif": "too_large",
}


def awkward_files() -> list[str]:
    """The files of the reference list."""
    if not AWKWARD.is_dir():
        return []
    with (AWKWARD / "EXPECTED.csv").open(encoding="utf-8") as table:
        names = [row["file"] for row in csv.DictReader(table)]
    return [name.removeprefix("awkward/") for name in names if name.startswith("awkward/images")]


@dataclass(frozen=True)
class Measured:
    """What one child answered and what it cost."""

    verdict: str
    pictures: bytes
    seconds: float
    resident_mb: float


# A process counts what its parent had resident when it was started: so a small parent starts it.
LAUNCH = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], {})
_pid, status, usage = os.wait4(child, 0)
sys.stderr.write(f"\\n{os.waitstatus_to_exitcode(status)} {usage.ru_maxrss}")
sys.stderr.write(f" {usage.ru_utime + usage.ru_stime}")
"""


@cache
def measured(path: Path, kind: FileKind) -> Measured:
    """Run the child program by itself and measure it."""
    program = str(Path(images.__file__).with_name("decode.py"))
    python = [sys.executable, "-I"]
    with path.open("rb") as upload:
        child = subprocess.run(
            [*python, "-c", LAUNCH, *python, program, kind.decoder or "", "photo"],
            stdin=upload,
            capture_output=True,
            check=True,
        )
    code, resident_kb, spent = map(float, child.stderr.splitlines()[-1].split())
    assert code == 0
    verdict, _, pictures = child.stdout.partition(b"\n")
    return Measured(verdict.decode(), pictures, spent, resident_kb / 1024)


@pytest.fixture
def words() -> Iterator[None]:
    """A context in which sentences can be made."""
    app = Flask(__name__)
    Babel(app)
    with app.app_context():
        yield


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """A picture in a format."""
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def photo_of(picture: Picture) -> Image.Image:
    """The photo that came out, decoded."""
    return Image.open(io.BytesIO(picture.photo))


def png_header(width: int, height: int) -> bytes:
    """A PNG that says its size and then holds next to nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return PNG_SIGNATURE + chunk(b"IHDR", size) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@needs_files
@pytest.mark.parametrize("name", awkward_files())
def test_right_verdict_within_limits_when_file_is_awkward(name: str) -> None:
    """Each real file is taken or refused, in 20 s and 512 MB; what is taken is clean."""
    path = AWKWARD / name
    kind = kind_of(path.read_bytes())
    if kind is None or not kind.is_picture:
        assert REFUSED[path.name] is None
        return
    result = measured(path, kind)
    assert result.seconds < 20
    assert result.resident_mb < 512
    if path.name in REFUSED:
        assert result.verdict == REFUSED[path.name]
        return
    done, width, height, length, _look = result.verdict.split()
    assert done == "done"
    sides = []
    for content in (result.pictures[: int(length)], result.pictures[int(length) :]):
        picture = Image.open(io.BytesIO(content))
        picture.load()
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not picture.getexif()
        assert b"Exif\0" not in content
        sides.append(picture.size)
    assert sides[0] == (int(width), int(height))
    assert max(sides[0]) <= 2000
    assert max(sides[1]) <= 320


@needs_files
def test_same_picture_when_orientation_is_any_of_eight() -> None:
    """The orientation is applied: eight files, one picture."""
    upright = []
    for turn in range(1, 9):
        answer = measured(EXIF / f"jpg__orientation__landscape_{turn}.jpg", JPEG)
        assert answer.verdict.startswith("done 600 450 ")
        length = int(answer.verdict.split()[3])
        upright.append(Image.open(io.BytesIO(answer.pictures[:length])).convert("L"))
    for other in upright[1:]:
        # The number in the middle of each differs, the landscape does not.
        difference = ImageChops.difference(upright[0], other)
        assert ImageStat.Stat(difference).mean[0] < 6


@needs_files
def test_gps_is_gone_when_photo_has_it(words: None) -> None:
    """Nobody learns where the customer lives."""
    content = (EXIF / "jpg__gps__DSCN0010.jpg").read_bytes()
    assert Image.open(io.BytesIO(content)).getexif().get_ifd(0x8825)
    picture = reencode(content, JPEG, "a.jpg")
    assert not photo_of(picture).getexif()
    assert b"NIKON" in content
    assert b"NIKON" not in picture.photo + picture.thumbnail


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0rest", JPEG),
        (PNG_SIGNATURE, PNG),
        (b"GIF89a..", GIF),
        (b"RIFF\0\0\0\0WEBPVP8 ", WEBP),
        (b"\0\0\0\x18ftypheic", HEIC),
        (b"%PDF-1.7", PDF),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"\0\0\0\x18ftypisom", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<?xml version='1.0'?><svg/>", None),
        (b"<!DOCTYPE html><script>alert(1)</script>", None),
        (b"PK\x03\x04", None),
        (b" %PDF-1.7", None),
        (b"MZ", None),
        (b"", None),
    ],
)
def test_kind_is_told_by_signature_when_name_is_unknown(
    content: bytes, kind: FileKind | None
) -> None:
    """SVG, HTML, archives and films are on no list."""
    assert kind_of(content) is kind


@pytest.mark.parametrize(
    ("size", "sentence"),
    [((20_000, 10_000), "has too many pixels"), ((100, 100), "damaged or incomplete")],
)
def test_refused_when_png_lies_or_is_a_bomb(
    words: None, size: tuple[int, int], sentence: str
) -> None:
    """200 megapixels are refused before a pixel is decoded; a short file as damaged."""
    with pytest.raises(Invalid, match=f"“bomb.png”.*{sentence}"):
        reencode(png_header(*size), PNG, "bomb.png")


def test_little_cost_when_png_has_200_megapixels(tmp_path: Path) -> None:
    """A whole PNG of 200 megapixels costs neither memory nor time."""
    path = tmp_path / "huge.png"
    rows = zlib.compressobj(1)
    with path.open("wb") as target:
        body = b"".join(rows.compress(bytes(20_001)) for _row in range(10_000)) + rows.flush()
        size = struct.pack(">IIBBBBB", 20_000, 10_000, 8, 0, 0, 0, 0)
        target.write(PNG_SIGNATURE)
        for name, content in ((b"IHDR", size), (b"IDAT", body), (b"IEND", b"")):
            target.write(struct.pack(">I", len(content)) + name + content)
            target.write(struct.pack(">I", zlib.crc32(name + content)))
    result = measured(path, PNG)
    assert result.verdict == "too_large"
    assert result.seconds < 5
    assert result.resident_mb < 150


def test_within_memory_when_png_has_49_megapixels_with_alpha(tmp_path: Path) -> None:
    """The largest picture that we take fits into the limit."""
    path = tmp_path / "large.png"
    Image.new("RGBA", (7000, 7000), (200, 0, 0, 255)).save(path, compress_level=1)
    result = measured(path, PNG)
    assert result.verdict.startswith("done 2000 2000 ")
    assert result.seconds < 20
    assert result.resident_mb < 512


def test_too_large_when_decoder_needs_more_memory_than_allowed(tmp_path: Path) -> None:
    """WebP needs three copies: 49 megapixels end at the limit, with the same sentence."""
    path = tmp_path / "large.webp"
    Image.new("RGB", (7000, 7000), (200, 0, 0)).save(path, method=0)
    result = measured(path, WEBP)
    assert result.verdict == "too_large"
    assert result.resident_mb < 512


def test_refused_when_child_takes_too_long(words: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that does not come back is ended."""
    monkeypatch.setattr(images, "MAX_SECONDS", 0.001)
    with pytest.raises(Invalid, match="too many pixels"):
        reencode(encoded(Image.new("RGB", (9, 9)), "PNG"), PNG, "slow.png")


def test_white_when_picture_is_transparent(words: None) -> None:
    """Transparency becomes white, not black."""
    clear = encoded(Image.new("RGBA", (40, 30), (0, 0, 0, 0)), "PNG")
    assert photo_of(reencode(clear, PNG, "a.png")).getpixel((20, 15)) == (255, 255, 255)


def test_grey_kept_when_picture_has_16_bits(words: None) -> None:
    """Sixteen bits become eight by scaling, not by clipping."""
    half = encoded(Image.new("I;16", (40, 30), 0x8000), "PNG")
    assert photo_of(reencode(half, PNG, "a.png")).getpixel((20, 15)) == (128, 128, 128)


def test_colour_is_srgb_when_profile_is_another(words: None) -> None:
    """A colour profile is applied and then dropped: the colours stay what they looked like."""
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = Image.new("RGB", (40, 30), (200, 30, 30))
    kept = photo_of(reencode(encoded(source, "PNG", icc_profile=srgb), PNG, "a.png"))
    foreign = ImageCms.ImageCmsProfile(lab).tobytes()
    passed_over = photo_of(reencode(encoded(source, "PNG", icc_profile=foreign), PNG, "a.png"))
    for picture in (kept, passed_over):
        red = picture.getpixel((20, 15))
        assert isinstance(red, tuple)
        assert abs(red[0] - 200) < 4
        assert abs(red[1] - 30) < 4


def test_rgb_when_jpeg_is_cmyk(words: None) -> None:
    """A printer's JPEG comes out in the colours of a screen."""
    cyan = encoded(Image.new("CMYK", (40, 30), (255, 0, 0, 0)), "JPEG")
    red, green, blue = photo_of(reencode(cyan, JPEG, "a.jpg")).getpixel((20, 15))  # type: ignore[misc]
    assert red < 30
    assert green > 200
    assert blue > 200


def test_first_frame_when_picture_moves(words: None) -> None:
    """An animation is a still of its first frame."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime")]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    red, green, _blue = photo_of(reencode(moving, GIF, "a.gif")).getpixel((20, 15))  # type: ignore[misc]
    assert red > 200 > 30 > green


def test_thin_picture_survives_when_it_is_shrunk(words: None) -> None:
    """A side never becomes nothing."""
    picture = reencode(encoded(Image.new("RGB", (3, 9000)), "PNG"), PNG, "a.png")
    assert (picture.width, picture.height) == (1, 2000)


def test_same_bytes_when_picture_comes_twice(words: None) -> None:
    """Re-encoding is deterministic, so equal photos have equal hashes."""
    content = encoded(Image.effect_noise((90, 60), 40), "PNG")
    first, second = (reencode(content, PNG, name).photo for name in ("a.png", "b.png"))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()
