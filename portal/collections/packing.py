"""What the dealer does with called old parts: packs them in boxes and sends them (O7)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from portal.collections import calling
from portal.collections.labels import labelled
from portal.collections.models import MOST_BOXES, Collection, Consignment, ConsignmentPiece
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale
from portal.core.events import record
from portal.core.i18n import _
from portal.core.numbering import next_number
from portal.core.permissions import Actor
from portal.core.search import normal
from portal.oldparts.models import OldPart
from portal.people.models import Dealer


@dataclass(frozen=True)
class Scan:
    """What became of a label that was read: a sentence with a tone, about a piece if it is known.

    ``name`` is the piece's public id, for whoever may open it; "" where it is not to be opened.
    """

    tone: str
    sentence: str
    code: str
    name: str = ""


def _check(consignment: Consignment, by: Actor) -> Consignment:
    consignment = relock(consignment)
    workflow.check(consignment, "send", by=by)
    return consignment


def pack(consignment: Consignment, code: str, box: int, *, by: Actor, now: datetime) -> Scan:
    """Put the piece of a label into a box; out of another one, if it is in it (O7).

    A foreign piece is as one that there is not (P1). Done twice it is done once.
    """
    if not 1 <= box <= MOST_BOXES:
        raise Invalid(_("Boxes are numbered from 1 to %(most)d.", most=MOST_BOXES), field="box")
    consignment = _check(consignment, by)
    piece = labelled(code, OldPart.dealer_id == by.dealer_id)
    if piece is None:
        return Scan("bad", _("No old part of yours has this label."), code)
    row = session.get(ConsignmentPiece, piece.id, populate_existing=True)
    if row is None or row.consignment_id != consignment.id:
        return Scan("warn", _not_here(piece, row), piece.number, piece.public_id)
    before, row.box, row.packed_at = row.box, box, now
    if before == box:
        told = _("It is in box %(box)d already.", box=box)
        return Scan("info", told, piece.number, piece.public_id)
    if before:
        told = _("Moved from box %(old)d to box %(new)d.", old=before, new=box)
    else:
        told = _("Packed in box %(box)d.", box=box)
    return Scan("good", told, piece.number, piece.public_id)


def _not_here(piece: OldPart, row: ConsignmentPiece | None) -> str:
    if row is not None and piece.status == "called":
        other = session.get_one(Consignment, row.consignment_id)
        return str(_("This one goes with %(number)s.", number=other.number))
    label = OldPart.workflow.state(piece.status).label
    return str(_("This one was not called in: %(status)s. Leave it out.", status=label))


def unpack(consignment: Consignment, name: str, *, by: Actor) -> None:
    """Take a piece out of its box: it stays with the dealer, called as before.

    Stale if it is not in the consignment, or not any more.
    """
    consignment = _check(consignment, by)
    its = select(OldPart.id).where(OldPart.public_id == name, OldPart.dealer_id == by.dealer_id)
    row = session.scalars(
        select(ConsignmentPiece).where(
            ConsignmentPiece.old_part_id.in_(its),
            ConsignmentPiece.consignment_id == consignment.id,
        )
    ).one_or_none()
    if row is None:
        raise Stale()
    row.box = row.packed_at = None


def send(
    consignment: Consignment,
    carrier: str,
    tracking_number: str,
    *,
    packed: int,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Send what is packed; what is not goes on waiting, in a consignment of its own (O7).

    ``packed`` is how many pieces the page named: Stale if it is another number by now.
    """
    consignment = relock(consignment)
    workflow.check(consignment, "send", by=by, seen=seen)
    pieces = _packed(consignment)
    if not pieces:
        raise Invalid(_("Nothing is packed yet. Scan the pieces into their boxes first."))
    if len(pieces) != packed:
        raise Stale()
    boxes, left = _boxes_and_left(consignment)
    consignment.carrier, consignment.tracking_number = carrier, tracking_number
    consignment.sent_at = now
    consignment.search_text = normal(consignment.search_text, carrier, tracking_number)
    values = {piece.id: {"consignment": consignment.number} for piece in pieces}
    workflow.apply_many(pieces, "send", by=by, now=now, values=values)
    facts = {
        "pieces": len(pieces),
        "boxes": boxes,
        "carrier": carrier,
        "tracking_number": tracking_number,
    }
    if left:
        facts["rest"] = _split(consignment, left, by, now)
    workflow.apply(consignment, "send", by=by, now=now, seen=seen, values=facts)


def _packed(consignment: Consignment) -> list[OldPart]:
    statement = (
        select(OldPart)
        .join(ConsignmentPiece, ConsignmentPiece.old_part_id == OldPart.id)
        .where(ConsignmentPiece.consignment_id == consignment.id, ConsignmentPiece.box.is_not(None))
        .order_by(OldPart.id)
        .with_for_update(of=OldPart)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))


def _boxes_and_left(consignment: Consignment) -> tuple[int, int]:
    box = ConsignmentPiece.box
    left = func.count().filter(box.is_(None))
    boxes, rest = session.execute(
        select(func.count(box.distinct()), left).where(
            ConsignmentPiece.consignment_id == consignment.id
        )
    ).one()
    return int(boxes), int(rest)


def _split(consignment: Consignment, left: int, by: Actor, now: datetime) -> str:
    """Leave what is not packed in a consignment of its own; gives its number."""
    collection = session.get_one(Collection, consignment.collection_id)
    dealer = session.get_one(Dealer, consignment.dealer_id)
    number = next_number("CN", dealer.code, now)
    rest = calling.begun(collection, dealer, number, consignment.due_at, now)
    rest.reminded_at = consignment.reminded_at
    session.add(rest)
    session.flush()
    session.execute(
        update(ConsignmentPiece)
        .where(ConsignmentPiece.consignment_id == consignment.id, ConsignmentPiece.box.is_(None))
        .values(consignment_id=rest.id)
    )
    facts = {"pieces": left, "until": rest.due_at.isoformat(), "rest_of": consignment.number}
    record(rest, "create", by=by, now=now, from_status="", values=facts)
    return number
