"""What the warehouse sends, what it cannot send, and what arrives (A7, A8)."""

from datetime import datetime

from sqlalchemy import select

from portal.applications import compensation
from portal.applications.commands import Consignment
from portal.applications.models import Application, QuoteLine, Shipment, ShipmentLine
from portal.applications.queries import asked_lines
from portal.applications.quoting import cause, current_quote
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale
from portal.core.i18n import _, ngettext
from portal.core.numbering import next_number
from portal.core.permissions import SYSTEM, Actor
from portal.ledger import services as ledger
from portal.ledger.models import DEALER, FREIGHT, PARTS_SALES
from portal.people.models import Dealer


def _open_lines(application: Application) -> dict[int, QuoteLine]:
    """The confirmed lines, locked in order of their keys."""
    made = current_quote(application)
    statement = (
        select(QuoteLine)
        .where(QuoteLine.quote_id == made.id)
        .order_by(QuoteLine.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {line.id: line for line in session.scalars(statement)}


def _rest(line: QuoteLine) -> int:
    return line.quantity - line.shipped - line.cancelled


def _chosen(pieces: dict[int, int], lines: dict[int, QuoteLine]) -> dict[int, int]:
    """The pieces above zero; Invalid if there are none, or more than a line still has (A7)."""
    chosen = {line_id: count for line_id, count in pieces.items() if count}
    if not set(chosen) <= set(lines):
        raise Stale()
    wrong = {
        f"pieces-{line_id}": ngettext(
            "At most %(num)d is still to be sent.",
            "At most %(num)d are still to be sent.",
            _rest(lines[line_id]),
        )
        for line_id, count in chosen.items()
        if not 0 <= count <= _rest(lines[line_id])
    }
    if wrong:
        raise Invalid(fields=wrong)
    if not chosen:
        raise Invalid(_("Enter how many pieces of at least one line."))
    return chosen


def ship(
    application: Application,
    consignment: Consignment,
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> Shipment:
    """Send pieces of confirmed lines, never more than confirmed (A7)."""
    application = relock(application)
    workflow.check(application, "ship", by=by, seen=seen)
    begun_on = application.created_at.astimezone(now.tzinfo).date()
    if not begun_on <= consignment.shipped_on <= now.date():
        raise Invalid(
            _("The date of shipment lies between the application's day and today."),
            field="shipped_on",
        )
    lines = _open_lines(application)
    chosen = _chosen(consignment.pieces, lines)
    dealer = session.get_one(Dealer, application.dealer_id)
    shipment = Shipment(
        status="sent",
        created_at=now,
        dealer_id=application.dealer_id,
        application_id=application.id,
        number=next_number("SH", dealer.code, now),
        carrier=consignment.carrier,
        tracking_number=consignment.tracking_number,
        shipped_on=consignment.shipped_on,
    )
    session.add(shipment)
    session.flush()
    purposes = {line.id: line.purpose for line in asked_lines(application).values()}
    for line_id, count in sorted(chosen.items()):
        line = lines[line_id]
        line.shipped += count
        session.add(
            ShipmentLine(
                dealer_id=application.dealer_id,
                shipment_id=shipment.id,
                quote_line_id=line.id,
                part_id=line.part_id,
                purpose=purposes[line.application_line_id],
                quantity=count,
                unit_price=line.unit_price,
            )
        )
    workflow.begin(shipment, by=by, now=now)
    promised_on = current_quote(application).promised_on
    late = compensation.propose_if_late(shipment, promised_on=promised_on, now=now)
    complete = not any(_rest(line) for line in lines.values())
    workflow.apply(
        application,
        "ship_rest" if complete else "ship",
        by=by,
        now=now,
        values={"shipment": shipment.number, "pieces": sum(chosen.values())}
        | ({"compensation": late.number} if late else {}),
    )
    if complete:
        application.due_at = None
    return shipment


def cancel_lines(
    application: Application,
    pieces: dict[int, int],
    *,
    reason: str,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Cancel what cannot be sent and refund exactly that; all fees too if nothing was sent (A7)."""
    application = relock(application)
    workflow.check(application, "cancel_some", by=by, seen=seen, reason=reason)
    lines = _open_lines(application)
    chosen = _chosen(pieces, lines)
    for line_id, count in chosen.items():
        lines[line_id].cancelled += count
    amount = sum(count * lines[line_id].unit_price for line_id, count in chosen.items())
    complete = not any(_rest(line) for line in lines.values())
    nothing_sent = not any(line.shipped for line in lines.values())
    name = "cancel_some"
    if complete:
        name = "cancel_all" if nothing_sent else "cancel_rest"
    made = current_quote(application)
    fees = made.freight + made.packing if complete and nothing_sent else 0
    workflow.apply(
        application,
        name,
        by=by,
        now=now,
        reason=reason,
        values={"pieces": sum(chosen.values()), "refund": amount, "refunded_fees": fees},
    )
    _refund(application, amount, PARTS_SALES, "refund", by=by, now=now)
    _refund(application, fees, FREIGHT, "freight-refund", by=by, now=now)
    if complete:
        application.due_at = None
        _receive_if_all_arrived(application, by=SYSTEM, now=now)


def _refund(
    application: Application, amount: int, source: str, word: str, *, by: Actor, now: datetime
) -> None:
    """Give money back; the event before it numbers the cause, so that each is booked once (L4)."""
    if amount:
        ledger.transfer(
            dealer_id=application.dealer_id,
            source=source,
            target=DEALER,
            amount=amount,
            kind="refund",
            cause=f"{cause(application)}/{word}/{application.event_count}",
            by=by,
            now=now,
            document=application,
        )


def receive(shipment: Shipment, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Confirm that a shipment arrived (A8); with the last one the application is received.

    The application's row is locked before the shipment's, as everywhere.
    """
    application = relock(session.get_one(Application, shipment.application_id))
    shipment = relock(shipment)
    workflow.apply(shipment, "receive", by=by, now=now, seen=seen)
    shipment.received_at = now
    session.flush()
    _receive_if_all_arrived(application, by=by, now=now)


def _receive_if_all_arrived(application: Application, *, by: Actor, now: datetime) -> None:
    """Nothing more to send, and all that was sent has arrived: received, and so closed."""
    if application.status != "shipped":
        return
    on_the_way = session.scalar(
        select(Shipment.id)
        .where(Shipment.application_id == application.id, Shipment.status != "received")
        .limit(1)
    )
    if on_the_way is None:
        workflow.apply(application, "receive", by=by, now=now)
        workflow.apply(application, "close", by=SYSTEM, now=now)
