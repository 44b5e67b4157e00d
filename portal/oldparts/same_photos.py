"""The same photo for two pieces: told to who reviews, and to no dealer (P1)."""

from typing import NamedTuple

from sqlalchemy import select, update

from portal.core.db import session
from portal.core.permissions import Actor
from portal.files.alike import Pair, alike
from portal.oldparts import policy
from portal.oldparts.models import OldPart
from portal.people.models import Dealer

MOST_TOLD = 5


class SamePhoto(NamedTuple):
    """Another piece that has a photo of this one; both photos by their public ids."""

    number: str
    public_id: str
    dealer_code: str
    dealer_name: str
    photo: str
    other_photo: str
    exact: bool


def same_photos(old_part: OldPart, actor: Actor) -> list[SamePhoto]:
    """The pieces of any dealer that share a photo with a piece, each once, the likest first.

    Only for those who review; nothing for others. At most ``MOST_TOLD``, with three queries.
    """
    if not actor.can(policy.REVIEW):
        return []
    likest: dict[int, Pair] = {}
    for pair in alike(old_part):
        likest.setdefault(pair.other_id, pair)
    wanted = list(likest)[:MOST_TOLD]
    if not wanted:
        return []
    rows = session.execute(
        select(OldPart.id, OldPart.number, OldPart.public_id, Dealer.code, Dealer.name)
        .join(Dealer, Dealer.id == OldPart.dealer_id)
        .where(OldPart.id.in_(wanted), policy.visible_old_parts(actor))
    ).all()
    by_id = {row.id: row for row in rows}
    return [
        SamePhoto(*by_id[key][1:], likest[key].photo, likest[key].other_photo, likest[key].exact)
        for key in wanted
        if key in by_id
    ]


def note_same_photos(old_part: OldPart) -> None:
    """Mark a piece, and those that share a photo with it, for who reviews them (O5)."""
    others = {pair.other_id for pair in alike(old_part)}
    if not others:
        return
    old_part.same_photo = True
    session.execute(
        update(OldPart)
        .where(OldPart.id.in_(others), OldPart.same_photo.is_(False))
        .values(same_photo=True)
        .execution_options(synchronize_session=False)
    )
