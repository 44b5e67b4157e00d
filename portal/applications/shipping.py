"""What the warehouse sends, and what it cannot send (A7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.applications import compensation
from portal.applications.commands import Consignment
from portal.applications.models import Application, QuoteLine, Shipment, ShipmentLine
from portal.applications.queries import asked_lines, released_on
from portal.applications.quoting import cause, current_quote, promise_of
from portal.applications.shipment_queries import has_open
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale
from portal.core.i18n import _, ngettext
from portal.core.numbering import next_number
from portal.core.permissions import SYSTEM, Actor
from portal.core.search import normal
from portal.ledger import services as ledger
from portal.ledger.models import DEALER, FREIGHT, PARTS_SALES
from portal.people.models import Dealer
from portal.terms.calendar import end_of
from portal.terms.values import value


def lock_lines(application: Application) -> dict[int, QuoteLine]:
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


def wrong_pieces(pieces: Mapping[int, int], lines: Mapping[int, QuoteLine]) -> dict[str, str]:
    """What is wrong with pieces of these lines (A7), by field.

    That there are none at all is said at the first line that still has some to be sent.
    """
    if not any(pieces.values()):
        nothing = _("Enter how many pieces of at least one line.")
        first = next((line.id for line in lines.values() if line.rest), 0)
        return {f"pieces-{first}": nothing}
    return {
        f"pieces-{line_id}": ngettext(
            "At most %(num)d is still to be sent.",
            "At most %(num)d are still to be sent.",
            lines[line_id].rest,
        )
        for line_id, count in pieces.items()
        if not 0 <= count <= lines[line_id].rest
    }


def _chosen(pieces: Mapping[int, int], lines: Mapping[int, QuoteLine]) -> dict[int, int]:
    """The pieces above zero; Invalid if there are none, or more than a line still has (A7)."""
    chosen = {line_id: count for line_id, count in pieces.items() if count}
    if not set(chosen) <= set(lines):
        raise Stale()
    if wrong := wrong_pieces(chosen, lines):
        raise Invalid(fields=wrong)
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
    if not released_on(application, now) <= consignment.shipped_on <= now.date():
        raise Invalid(
            _("The date of shipment lies between the day of release and today."),
            field="shipped_on",
        )
    lines = lock_lines(application)
    chosen = _chosen(consignment.pieces, lines)
    dealer = session.get_one(Dealer, application.dealer_id)
    days = value("shipment.receive_days", now.date())
    shipment = Shipment(
        status="sent",
        created_at=now,
        dealer_id=application.dealer_id,
        application_id=application.id,
        number=next_number("SH", dealer.code, now),
        carrier=consignment.carrier,
        tracking_number=consignment.tracking_number,
        shipped_on=consignment.shipped_on,
        due_at=end_of(now.date() + timedelta(days=days), now.tzinfo),
    )
    shipment.search_text = normal(
        shipment.number,
        shipment.carrier,
        shipment.tracking_number,
        application.number,
        dealer.code,
        dealer.name,
    )
    session.add(shipment)
    session.flush()
    purposes = {line.id: line.purpose for line in asked_lines(application).values()}
    for line_id, count in sorted(chosen.items()):
        line = lines[line_id]
        # The pieces that were never sent go first.
        again = max(0, count - (line.rest - line.again))
        line.shipped += count
        line.again -= again
        session.add(
            ShipmentLine(
                dealer_id=application.dealer_id,
                shipment_id=shipment.id,
                quote_line_id=line.id,
                part_id=line.part_id,
                purpose=purposes[line.application_line_id],
                sent=count,
                again=again,
                quantity=count,
                unit_price=line.unit_price,
            )
        )
    workflow.begin(shipment, by=by, now=now, receive_days=days)
    promised_on = promise_of(application)
    late = compensation.propose_if_late(shipment, promised_on=promised_on, now=now)
    complete = not any(line.rest for line in lines.values())
    workflow.apply(
        application,
        "ship_rest" if complete else "ship",
        by=by,
        now=now,
        values={
            "shipment": shipment.number,
            "pieces": sum(chosen.values()),
            "shipped_on": shipment.shipped_on.isoformat(),
        }
        | ({"compensation": late.number} if late else {}),
    )
    if complete:
        application.due_at = None
    return shipment


@dataclass(frozen=True)
class Cancellation:
    """What a cancellation of pieces comes to; amounts in minor units."""

    step: str
    amount: int
    fees: int

    @property
    def refund(self) -> int:
        """All that the dealer gets back."""
        return self.amount + self.fees

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be sent after it."""
        return self.step != "cancel_some"


def cancellation(
    application: Application, lines: Mapping[int, QuoteLine], pieces: Mapping[int, int]
) -> Cancellation:
    """Exactly the price of the pieces, and all fees too if nothing of it was ever sent (A7)."""
    amount = sum(count * lines[line_id].unit_price for line_id, count in pieces.items())
    if any(line.rest > pieces.get(line.id, 0) for line in lines.values()):
        return Cancellation("cancel_some", amount, 0)
    if application.status != "released":
        return Cancellation("cancel_rest", amount, 0)
    made = current_quote(application)
    return Cancellation("cancel_all", amount, made.freight + made.packing)


def preview(
    application: Application,
    pieces: Mapping[int, int],
    *,
    reason: str,
    seen: int | None,
    by: Actor,
) -> Cancellation:
    """What cancelling these pieces would come to; refused as ``cancel_lines`` is."""
    lines, chosen = _to_cancel(application, pieces, reason=reason, seen=seen, by=by)
    return cancellation(application, lines, chosen)


def _to_cancel(
    application: Application,
    pieces: Mapping[int, int],
    *,
    reason: str,
    seen: int | None,
    by: Actor,
) -> tuple[dict[int, QuoteLine], dict[int, int]]:
    workflow.check(application, "cancel_some", by=by, seen=seen, reason=reason)
    lines = lock_lines(application)
    return lines, _chosen(pieces, lines)


def cancel_lines(
    application: Application,
    pieces: Mapping[int, int],
    *,
    reason: str,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Cancel what cannot be sent and refund exactly that; all fees too if nothing was sent (A7)."""
    application = relock(application)
    lines, chosen = _to_cancel(application, pieces, reason=reason, seen=seen, by=by)
    due = cancellation(application, lines, chosen)
    for line_id, count in chosen.items():
        line = lines[line_id]
        line.cancelled += count
        line.again = min(line.again, line.rest)
    values = {
        "pieces": sum(chosen.values()),
        "refund": due.amount,
        "refunded_fees": due.fees,
    }
    workflow.apply(application, due.step, by=by, now=now, reason=reason, values=values)
    # The event numbers the causes, so that each is booked once (L4).
    for amount, source, word in (
        (due.amount, PARTS_SALES, "refund"),
        (due.fees, FREIGHT, "freight-refund"),
    ):
        its = refund_cause(application, f"{word}/{application.event_count}")
        refund(application, amount, source, its, by=by, now=now)
    if due.is_complete:
        application.due_at = None
        finish_if_all_arrived(application, by=SYSTEM, now=now)


def refund_cause(application: Application, word: str) -> str:
    """The cause of a refund for an application (L4)."""
    return f"{cause(application)}/{word}"


def refund(
    application: Application, amount: int, source: str, cause: str, *, by: Actor, now: datetime
) -> None:
    """Give money back to the dealer's account, if there is any to give."""
    if amount:
        ledger.transfer(
            dealer_id=application.dealer_id,
            source=source,
            target=DEALER,
            amount=amount,
            kind="refund",
            cause=cause,
            by=by,
            now=now,
            document=application,
        )


def finish_if_all_arrived(application: Application, *, by: Actor, now: datetime) -> None:
    """Received, and so closed: nothing is left to send, to arrive or to settle (A8)."""
    if application.status == "shipped" and not has_open(application):
        workflow.apply(application, "receive", by=by, now=now)
        workflow.apply(application, "close", by=SYSTEM, now=now)
