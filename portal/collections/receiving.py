"""What headquarters does with consignments: receives them by scanner, or ends them (O7)."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select

from portal.collections.labels import labelled
from portal.collections.leaving import end_if_empty
from portal.collections.models import Consignment, ConsignmentPiece
from portal.collections.packing import Scan
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Conflict, Stale, WrongState
from portal.core.events import record
from portal.core.i18n import _
from portal.core.permissions import SYSTEM, Actor
from portal.oldparts import owed, policy
from portal.oldparts.charges import charge_missing
from portal.oldparts.models import OldPart
from portal.terms.values import value

OPEN = ("sent", "received")
"""The states of a consignment whose pieces can still be received: one that was missing turns up."""
TAKEN_IN = ("accepted", "called", "sent", "missing")
"""The states of a piece that is received, whether its consignment expects it or not."""


def scan(consignment: Consignment, code: str, place: str, *, by: Actor, now: datetime) -> Scan:
    """Receive the piece of a label, and put it at a place (O7).

    The dealer's own accepted piece that nobody expected is received as well, and marked. Another
    dealer's is not: it belongs to that one's consignment. Done twice it is done once.
    """
    by.must(policy.RECEIVE)
    consignment = relock(consignment)
    if consignment.status not in OPEN:
        raise WrongState()
    piece = labelled(code)
    if piece is None:
        return Scan("bad", _("Unknown: no old part has this label."), code)
    row = session.get(ConsignmentPiece, piece.id, populate_existing=True)
    if piece.dealer_id != consignment.dealer_id:
        return _told("bad", _wrong_dealer(row), piece)
    if row is not None and row.received_at is not None:
        return _told("info", _received_before(row, consignment), piece)
    if piece.status not in TAKEN_IN:
        label = OldPart.workflow.state(piece.status).label
        return _told("bad", _("Not to be received: %(status)s. Set it aside.", status=label), piece)
    late = piece.status == "missing"
    expected = row is not None and row.consignment_id == consignment.id
    if row is None:
        row = ConsignmentPiece(old_part_id=piece.id, dealer_id=piece.dealer_id)
        session.add(row)
    if not expected:
        before = row.consignment_id
        row.consignment_id, row.box, row.unexpected = consignment.id, None, True
        end_if_empty([before] if before else [], now=now)
    row.received_at, row.place = now, place
    facts = {"consignment": consignment.number, "place": place, "unexpected": not expected}
    workflow.apply(piece, "receive", by=by, now=now, values=facts)
    if late:
        piece.accepted_at = now  # it can be claimed again, and has not lapsed while it was lost
        return _told("warn", _("Received after all: it counted as missing."), piece)
    if not expected:
        return _told("warn", _("Received, but unexpected: it is not on the packing list."), piece)
    return _told("good", _("Received"), piece)


def _told(tone: str, sentence: str, piece: OldPart) -> Scan:
    return Scan(tone, str(sentence), piece.number, piece.public_id)


def _wrong_dealer(row: ConsignmentPiece | None) -> str:
    if row is None:
        return str(_("Wrong dealer: it is another dealer's. Set it aside."))
    other = session.get_one(Consignment, row.consignment_id)
    return str(_("Wrong dealer: it belongs to %(number)s. Set it aside.", number=other.number))


def _received_before(row: ConsignmentPiece, consignment: Consignment) -> str:
    if row.consignment_id == consignment.id:
        return str(_("Already received"))
    other = session.get_one(Consignment, row.consignment_id)
    return str(_("Already received with %(number)s", number=other.number))


def finish(
    consignment: Consignment, *, missing: int, seen: int | None, by: Actor, now: datetime
) -> None:
    """Finish receiving: what was sent and not scanned is missing, and charged like O6 (O7).

    ``missing`` is how many pieces the page named: Stale if it is another number by now.
    """
    consignment = relock(consignment)
    workflow.check(consignment, "finish", by=by, seen=seen)
    lost = _pieces(consignment, OldPart.status == "sent")
    if len(lost) != missing:
        raise Stale()
    consignment.received_at = now
    _lose(consignment, lost, "miss", by, now)
    facts = _counts(consignment)
    workflow.apply(consignment, "finish", by=by, now=now, seen=seen, values=facts)


def is_overdue(consignment: Consignment, now: datetime) -> bool:
    """Whether the time to send it is over: only then what was not sent is missing."""
    return now > consignment.due_at


def end(
    consignment: Consignment,
    name: str,
    *,
    seen: int | None,
    reason: str,
    code: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """End a consignment that was not sent: release its pieces, or charge them as missing (O7).

    Conflict for a charge as long as there is time to send them.
    """
    consignment = relock(consignment)
    workflow.check(consignment, name, by=by, seen=seen, reason=reason, code=code)
    if name == "charge" and not is_overdue(consignment, now):
        raise Conflict(_("The dealer still has time to send them: nothing is missing yet."))
    pieces = _pieces(consignment, OldPart.status == "called")
    if name == "release":
        facts = {piece.id: {"consignment": consignment.number} for piece in pieces}
        workflow.apply_many(pieces, "release", by=by, now=now, values=facts)
        its = ConsignmentPiece.consignment_id == consignment.id
        session.execute(delete(ConsignmentPiece).where(its))
    else:
        _lose(consignment, pieces, "withhold", by, now)
    facts_of_all = {"pieces": len(pieces)}
    workflow.apply(consignment, name, by=by, now=now, seen=seen, reason=reason, values=facts_of_all)


def _pieces(consignment: Consignment, *where: ColumnElement[bool]) -> list[OldPart]:
    statement = (
        select(OldPart)
        .join(ConsignmentPiece, ConsignmentPiece.old_part_id == OldPart.id)
        .where(ConsignmentPiece.consignment_id == consignment.id, *where)
        .order_by(OldPart.id)
        .with_for_update(of=OldPart, key_share=True)  # claims that hold theirs may refer to them
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))


def _lose(
    consignment: Consignment, pieces: list[OldPart], step: str, by: Actor, now: datetime
) -> None:
    owed.lock({piece.shipment_line_id for piece in pieces})  # before what follows locks accounts
    facts = {piece.id: {"consignment": consignment.number} for piece in pieces}
    workflow.apply_many(pieces, step, by=by, now=now, values=facts)
    charge_missing(pieces, by=by, now=now)


def _counts(consignment: Consignment) -> dict[str, int]:
    found = session.execute(
        select(OldPart.status, ConsignmentPiece.unexpected)
        .join(ConsignmentPiece, ConsignmentPiece.old_part_id == OldPart.id)
        .where(ConsignmentPiece.consignment_id == consignment.id)
    ).all()
    return {
        "received": sum(row.status != "missing" for row in found),
        "unexpected": sum(row.unexpected for row in found),
        "missing": sum(row.status == "missing" for row in found),
    }


def remind(consignment: Consignment, *, now: datetime) -> None:
    """Remind the dealer, once, that the pieces are to be sent soon; harmless if it was done."""
    consignment = relock(consignment)
    if consignment.status == "called" and consignment.reminded_at is None:
        consignment.reminded_at = now
        # No step: who is about to send it need not look again.
        facts = {
            "until": consignment.due_at.isoformat(),
            "remind_days": value("collection.remind_days", now.date()),
        }
        record(consignment, "remind", by=SYSTEM, now=now, values=facts)
