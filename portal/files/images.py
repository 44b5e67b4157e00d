"""Pictures from strangers: checked and re-encoded in a child process with limits.

Nothing that came is kept: what we store is a JPEG of our own making, so no EXIF, GPS, XMP, second
frame or appended file survives, and no decoder runs in the portal's own process.
"""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.files.kinds import FileKind, kind_of

MAX_SECONDS = 20
_DECODE = Path(__file__).with_name("decode.py")
# Each child may take half a gigabyte: no more than two at a time in one process.
_turns = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded picture and its thumbnail, both JPEG; width and height in pixels.

    ``look`` is much the same number for the same photo, however it was encoded; None if there is
    too little to see: it is of one colour, or tiny.
    """

    photo: bytes
    thumbnail: bytes
    width: int
    height: int
    look: int | None


class PictureRefused(Invalid):
    """The picture cannot be opened; ``reason`` is a key of what ``refusal`` says."""

    def __init__(self, reason: str, name: str) -> None:
        super().__init__(refusal(reason, name), field="photos")
        self.reason = reason


def reencode(content: bytes, kind: FileKind, name: str) -> Picture:
    """The picture as we keep it: upright, sRGB, at most 2000 px; its thumbnail at most 320 px.

    Takes at most 20 s and 512 MB, in a child process. Invalid, with a sentence that names the
    file, if it is damaged, has more than 50 megapixels or cannot be opened within those limits.
    """
    words, pictures = _opened(content, kind, name, "photo")
    width, height, length = map(int, words[:3])
    look = None if words[3] == "none" else int(words[3])
    return Picture(pictures[:length], pictures[length:], width, height, look)


def codes_in(content: bytes, name: str) -> list[str]:
    """The texts of the QR codes and bar codes in a photo; limits and refusals as ``reencode``'s."""
    kind = kind_of(content)
    if kind is None or not kind.is_picture:
        raise PictureRefused("damaged", name)
    _words, texts = _opened(content, kind, name, "codes")
    found: list[str] = json.loads(texts)
    return found


def _opened(content: bytes, kind: FileKind, name: str, what: str) -> tuple[list[str], bytes]:
    """What the child process answers: the words of its first line but ``done``, and the rest."""
    assert kind.decoder is not None
    command = [sys.executable, "-I", str(_DECODE), kind.decoder, what]
    try:
        with _turns:
            done = subprocess.run(  # noqa: S603
                command,
                input=content,
                capture_output=True,
                timeout=3 * MAX_SECONDS,
                env={"MALLOC_ARENA_MAX": "1"},
                check=False,
            )
        verdict, _newline, rest = done.stdout.partition(b"\n")
        words = verdict.decode("ascii").split() if done.returncode == 0 else ["damaged"]
    except subprocess.TimeoutExpired:
        words, rest = ["too_large"], b""
    if words[:1] != ["done"]:
        raise PictureRefused(words[0] if words else "damaged", name)
    return words[1:], rest


def refusal(reason: str, name: str) -> Any:
    """Why a picture is refused, in a sentence."""
    if reason == "too_large":
        return _("“%(name)s” has too many pixels. Please send it smaller.", name=name)
    if reason == "unsupported":
        return _("This portal cannot open HEIC photos: please send “%(name)s” as JPEG.", name=name)
    return _("“%(name)s” is damaged or incomplete. Please send the photo again.", name=name)
