"""Scrapping at the dealer instead of sending: headquarters allows it, a photo proves it (O7)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import select

from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.core import workflow
from portal.core.db import AnyRow, rows, session
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale, WrongState
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.files.alike import has_same
from portal.files.queries import unclaimed
from portal.files.services import claim
from portal.oldparts import policy
from portal.oldparts.models import OldPart
from portal.oldparts.payments import payment_column
from portal.oldparts.same_photos import note_same_photos
from portal.people.models import Dealer

MOST = 200
"""So many pieces are allowed to be scrapped in one go."""
DECISIONS = ("allow_scrap", "keep")


def chosen(actor: Actor, names: Collection[str], language: str) -> Sequence[AnyRow]:
    """What a page shows of some pieces that an actor sees (P1), the oldest first."""
    statement = (
        select(
            OldPart.public_id,
            OldPart.number,
            OldPart.status,
            OldPart.version,
            OldPart.unit_price,
            payment_column(actor),
            Part.number.label("part_number"),
            name_in(language).label("part_name"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .join(Part, Part.id == OldPart.part_id)
        .join(Dealer, Dealer.id == OldPart.dealer_id)
        .where(policy.visible_old_parts(actor), OldPart.public_id.in_(names))
        .order_by(OldPart.id)
        .limit(MOST)
    )
    return rows(statement)


def allow_many(seen: Mapping[str, int], *, by: Actor, now: datetime) -> int:
    """Allow many pieces to be scrapped: all of them, or none; gives how many.

    ``seen`` are the versions that were looked at, by public id: Stale if one is another by now.
    """
    by.must(policy.CALL)
    if not seen:
        raise Invalid(_("Tick at least one piece."))
    found = session.scalars(
        select(OldPart)
        .where(OldPart.public_id.in_(seen))
        .order_by(OldPart.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if {piece.public_id: piece.version for piece in found} != dict(seen):
        raise Stale()
    for _status, its in groupby(sorted(found, key=_status_of), _status_of):
        workflow.apply_many(list(its), "allow_scrap", by=by, now=now, values={})
    return len(found)


def decide(
    old_part: OldPart,
    name: str,
    *,
    code: str = "",
    reason: str = "",
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Allow one piece to be scrapped, or take that back; WrongState for any other step."""
    if name not in DECISIONS:
        raise WrongState()
    workflow.apply(relock(old_part), name, by=by, now=now, seen=seen, reason=reason, code=code)


def _status_of(piece: OldPart) -> str:
    return piece.status


def scrap(
    old_part: OldPart, photo_ids: Collection[str], *, seen: int | None, by: Actor, now: datetime
) -> None:
    """Say that a piece was scrapped, with at least one new photo as proof.

    Invalid without one, and for a photo that the piece has already.
    """
    old_part = relock(old_part)
    workflow.check(old_part, "scrap", by=by, seen=seen)
    if not photo_ids:
        raise Invalid(_("Add a photo that shows the scrapped piece."), field="photos")
    added = [[photo.public_id, photo.name] for photo in unclaimed(photo_ids, by)]
    if has_same(old_part, photo_ids):
        raise Invalid(_("This photo belongs to the piece already: add a new one."), field="photos")
    claim(photo_ids, old_part, by=by)
    note_same_photos(old_part)
    workflow.apply(old_part, "scrap", by=by, now=now, seen=seen, values={"files": added})
