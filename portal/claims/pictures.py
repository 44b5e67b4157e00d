"""The photo of a line's piece beside that of another one, for who decides on the line (R5)."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from portal.claims.findings import Told
from portal.core.db import session
from portal.core.permissions import Actor
from portal.files.alike import Pair, alike
from portal.oldparts.models import OldPart
from portal.oldparts.policy import visible_old_parts
from portal.oldparts.queries import first_photo


class SideBySide(NamedTuple):
    """A photo of a piece, if it has one, and one of another piece; all by their public ids."""

    photo: str | None
    other: str
    number: str
    other_photo: str


def side_by_side(old_part: OldPart, found: Sequence[Told], actor: Actor) -> list[SideBySide]:
    """The pieces that findings on a piece's line name, each once, as far as they have a photo.

    Those photos that are the same, or else the first of each. At most four queries; none where no
    finding names a piece.
    """
    names = list(dict.fromkeys(one.other[0] for one in found if one.other))
    if not names:
        return []
    rows = session.execute(
        select(OldPart.id, OldPart.public_id, OldPart.number, first_photo().label("photo")).where(
            OldPart.public_id.in_([*names, old_part.public_id]), visible_old_parts(actor)
        )
    ).all()
    known = {row.public_id: row for row in rows}
    likest: dict[int, Pair] = {}
    for pair in alike(old_part):
        likest.setdefault(pair.other_id, pair)
    pictures = []
    for name in names:
        other = known.get(name)
        if other is None or other.photo is None:
            continue
        same = likest.get(other.id)
        mine = same.photo if same else known[old_part.public_id].photo
        theirs = same.other_photo if same else other.photo
        pictures.append(SideBySide(mine, name, other.number, theirs))
    return pictures
