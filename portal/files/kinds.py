"""The kinds of files that we take, told by their first bytes.

A file's name and the type that the client claims are never asked: both are what somebody wrote.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file; ``decoder`` is Pillow's name for a picture that we re-encode."""

    media_type: str
    decoder: str | None = None

    @property
    def is_picture(self) -> bool:
        return self.decoder is not None


JPEG = FileKind("image/jpeg", "JPEG")
PNG = FileKind("image/png", "PNG")
GIF = FileKind("image/gif", "GIF")
WEBP = FileKind("image/webp", "WEBP")
HEIC = FileKind("image/heic", "HEIF")
PDF = FileKind("application/pdf")

_OPENINGS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", PDF),
)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def kind_of(content: bytes) -> FileKind | None:
    """The kind of a file by its signature; None for whatever is not on the list."""
    for opening, kind in _OPENINGS:
        if content.startswith(opening):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return WEBP
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        return HEIC
    return None
