"""How a photo looks: the same after any re-encoding, and not that of another photo."""

import io
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from portal.files.alike import NEAR
from portal.files.images import reencode
from portal.files.kinds import kind_of

REAL = Path(__file__).parents[4] / "shared/data/awkward/images"
needs_photos = pytest.mark.skipif(not REAL.is_dir(), reason="the real photos are not here")
PHOTOS = (
    "exif/jpg__gps__DSCN0010.jpg",
    "exif/jpg__gps__DSCN0021.jpg",
    "exif/jpg__gps__DSCN0029.jpg",
    "exif/jpg__mobile__jolla.jpg",
    "exif/jpg__orientation__landscape_6.jpg",
    "exif/jpg__tests__22-canon_tags.jpg",
    "exif/heic__samplefilehub.heif",
    "pillow/exif_gps_typeerror.jpg",
    "pillow/iptc.jpg",
    "pillow/iss634.webp",
    "pillow/hopper.webp",
    "pillow/xmp_test.jpg",
)
ENCODINGS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "worse": ("JPEG", 2000, {"quality": 40}),
    "half": ("JPEG", 1000, {"quality": 75}),
    "messenger": ("WEBP", 800, {"quality": 60}),
    "lossless": ("PNG", 640, {}),
}


def look_of(content: bytes) -> int | None:
    """The look of a picture as somebody sends it."""
    kind = kind_of(content)
    assert kind
    return reencode(content, kind, "photo").look


@cache
def look_of_real(name: str) -> int:
    """The look of a real photo."""
    look = look_of((REAL / name).read_bytes())
    assert look is not None
    return look


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """A picture in a format."""
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


@needs_photos
@pytest.mark.parametrize("way", ENCODINGS)
@pytest.mark.parametrize("name", PHOTOS[::2])
def test_photo_is_known_again_when_it_was_encoded_anew(name: str, way: str) -> None:
    """A photo that was stored, saved otherwise and sent again differs in at most three bits."""
    content = (REAL / name).read_bytes()
    kind = kind_of(content)
    assert kind
    stored = reencode(content, kind, "photo")
    form, side, options = ENCODINGS[way]
    again = Image.open(io.BytesIO(stored.photo))
    again.thumbnail((side, side))
    look = look_of(encoded(again, form, **options))
    assert look is not None
    assert (look ^ look_of_real(name)).bit_count() <= NEAR


@needs_photos
def test_photos_stay_apart_when_they_are_different() -> None:
    """Sixty-six pairs of real photos, three of them of one place: far from each other."""
    pairs = combinations([look_of_real(name) for name in PHOTOS], 2)
    assert min((one ^ other).bit_count() for one, other in pairs) > 5 * NEAR


@needs_photos
def test_look_is_the_same_when_the_camera_was_turned() -> None:
    """The eight orientations of one photo, each stored as the camera held it."""
    names = [f"exif/jpg__orientation__landscape_{turn}.jpg" for turn in range(1, 9)]
    first, *others = [look_of_real(name) for name in names]
    assert max((first ^ other).bit_count() for other in others) <= 4


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (800, 600), "teal"),
        Image.linear_gradient("L").resize((60, 40)),
        Image.effect_noise((2000, 1500), 3),
    ],
    ids=["one colour", "tiny", "a lens that was covered"],
)
def test_photo_has_no_look_when_nothing_can_be_seen(image: Image.Image) -> None:
    """Else all dark or empty photos would be the same one."""
    assert look_of(encoded(image.convert("RGB"), "JPEG")) is None
