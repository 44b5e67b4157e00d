"""The same photo in two documents: exactly the same, or known again after it was re-encoded."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from portal.core.db import AnyRow, session
from portal.core.documents import Document
from portal.files.models import BANDS, Attachment

NEAR = 3
"""The most bits in which the looks of a photo and its re-encoding differ; they are 63.

Measured with real photos: of 220 re-encodings (JPEG of quality 25 to 95, WebP, down to 640 px) 205
differ in two bits or none; of 523 pairs of different photos none in less than 22. More than three
bits would need more than the four ``BANDS``."""
MOST_COMPARED = 2000


class Pair(NamedTuple):
    """A photo of a document, and the same one in another document of its kind.

    ``distance`` counts the bits in which their looks differ; 0 if they are exactly the same.
    """

    photo: str
    other_photo: str
    other_id: int
    exact: bool
    distance: int


def alike(document: Document) -> list[Pair]:
    """Which photos of a document are in others of its kind as well, the likest first.

    Whoever may see those: the caller asks. Three queries by indexes, however many photos there are.
    """
    mine = _photos(Attachment.document_kind == document.kind, Attachment.document_id == document.id)
    if not mine:
        return []
    others = [
        other for other in _candidates(document.kind, mine) if other.document_id != document.id
    ]
    pairs = [pair for photo in mine for other in others if (pair := _pair(photo, other))]
    return sorted(pairs, key=_order)


def likest(kind: str, document_ids: Sequence[int]) -> dict[int, Pair]:
    """The likest pair of each document of a kind that shares a photo with another, by its key.

    Whoever may see the others: the caller asks. Three queries; for so many documents that they have
    at most ``MOST_COMPARED`` photos.
    """
    mine = _photos(Attachment.document_kind == kind, Attachment.document_id.in_(document_ids))
    if not mine:
        return {}
    same, near = defaultdict(list), defaultdict(list)
    for other in sorted(_candidates(kind, mine), key=lambda one: one.document_id):
        same[other.sha256].append(other)
        for band in _bands(other.look):
            near[band].append(other)
    found: dict[int, Pair] = {}
    for photo in mine:
        # The first one that is exactly the same: there is no likelier one.
        exact = next((one for one in same[photo.sha256] if _is_other(photo, one)), None)
        others = [exact] if exact else [one for band in _bands(photo.look) for one in near[band]]
        pairs = [pair for one in others if _is_other(photo, one) and (pair := _pair(photo, one))]
        known = [found[photo.document_id]] if photo.document_id in found else []
        if known or pairs:
            found[photo.document_id] = min([*known, *pairs], key=_order)
    return found


def _is_other(photo: AnyRow, other: AnyRow) -> bool:
    return bool(photo.document_id != other.document_id)


def _order(pair: Pair) -> tuple[bool, int, int]:
    return not pair.exact, pair.distance, pair.other_id


def _bands(look: int | None) -> list[tuple[int, int]]:
    """The parts of a look, each with its place; none of a photo that has none."""
    return [] if look is None else [(at, look >> 16 * at & 65535) for at in range(len(BANDS))]


def _candidates(kind: str, mine: Sequence[AnyRow]) -> list[AnyRow]:
    """The photos in documents of a kind that may be the same as one of these."""
    looks = [photo.look for photo in mine if photo.look is not None]
    # First what is exactly the same: of what only looks alike there may be more than is compared.
    found = list(_photos(Attachment.sha256.in_({photo.sha256 for photo in mine})))
    if looks:
        bands: list[ColumnElement[bool]] = [
            band.in_({look >> 16 * at & 65535 for look in looks}) for at, band in enumerate(BANDS)
        ]
        found += _photos(or_(*bands))
    # No other condition: a wrong guess of the database's would take it along another index.
    return [other for other in dict.fromkeys(found) if other.document_kind == kind]


def has_same(document: Document, public_ids: Collection[str]) -> bool:
    """Whether one of some photos is a document's own already, exactly."""
    new, own = aliased(Attachment), Attachment
    same = or_(new.sha256 == own.sha256, new.original_sha256 == own.original_sha256)
    statement = (
        select(own.id)
        .join(new, same)
        .where(own.document_kind == document.kind, own.document_id == document.id)
        .where(new.public_id.in_(public_ids))
        .limit(1)
    )
    return session.scalar(statement) is not None


def _photos(*conditions: ColumnElement[bool]) -> Sequence[AnyRow]:
    columns = (
        Attachment.public_id,
        Attachment.document_kind,
        Attachment.document_id,
        Attachment.sha256,
        Attachment.original_sha256,
        Attachment.look,
    )
    statement = select(*columns).where(*conditions, Attachment.thumbnail_key.is_not(None))
    return session.execute(statement.limit(MOST_COMPARED)).all()


def _pair(photo: AnyRow, other: AnyRow) -> Pair | None:
    exact = photo.sha256 == other.sha256 or photo.original_sha256 == other.original_sha256
    if exact:
        return Pair(photo.public_id, other.public_id, other.document_id, exact=True, distance=0)
    if photo.look is None or other.look is None:
        return None
    distance = (photo.look ^ other.look).bit_count()
    if distance > NEAR:
        return None
    return Pair(photo.public_id, other.public_id, other.document_id, False, distance)
