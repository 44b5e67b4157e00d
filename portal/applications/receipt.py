"""What arrives, and what is done about pieces that are missing or damaged (A8).

The application's row is locked before the shipment's and its report's, as everywhere.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from portal.applications.clocks import ship_due
from portal.applications.commands import Found
from portal.applications.models import (
    Application,
    DeliveryReport,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.applications.quoting import promise_of
from portal.applications.shipping import (
    finish_if_all_arrived,
    lock_lines,
    refund,
    refund_cause,
)
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale
from portal.core.events import record
from portal.core.i18n import _
from portal.core.numbering import next_number
from portal.core.permissions import SYSTEM, Actor
from portal.core.search import normal
from portal.files import services as files
from portal.ledger.models import PARTS_SALES
from portal.people.models import Dealer
from portal.terms.values import value

AGAIN, REFUND = "again", "refund"
"""What headquarters does about the pieces of a line that did not arrive well."""


def _locked(shipment: Shipment) -> tuple[Application, Shipment]:
    application = relock(session.get_one(Application, shipment.application_id))
    return application, relock(shipment)


def receive(shipment: Shipment, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Confirm that all of a shipment arrived; with the last one the application is received."""
    application, shipment = _locked(shipment)
    workflow.apply(shipment, "receive", by=by, now=now, seen=seen)
    _arrived(application, shipment, by=by, now=now)


def _arrived(application: Application, shipment: Shipment, *, by: Actor, now: datetime) -> None:
    shipment.received_at, shipment.due_at = now, None
    session.flush()
    finish_if_all_arrived(application, by=by, now=now)


# What did not arrive well


def lines_by_key(shipment: Shipment) -> dict[int, ShipmentLine]:
    """The lines of a shipment by their keys, as they stand."""
    statement = (
        select(ShipmentLine)
        .where(ShipmentLine.shipment_id == shipment.id)
        .order_by(ShipmentLine.id)
        .execution_options(populate_existing=True)
    )
    return {line.id: line for line in session.scalars(statement)}


def report(
    shipment: Shipment,
    found: Mapping[int, Found],
    *,
    remark: str = "",
    photos: Sequence[str] = (),
    seen: int | None,
    by: Actor,
    now: datetime,
) -> DeliveryReport:
    """Confirm receipt of what arrived well, and report what is missing or damaged.

    ``found`` is by the shipment's lines. Invalid if it is more than what was sent, if it is
    nothing, and without a photo of what is damaged.
    """
    application, shipment = _locked(shipment)
    workflow.check(shipment, "report", by=by, seen=seen)
    lines = lines_by_key(shipment)
    _check_found(found, lines, photos)
    for line_id, one in found.items():
        line = lines[line_id]
        line.short, line.damaged = one.short, one.damaged
        line.quantity = line.sent - one.pieces
    dealer = session.get_one(Dealer, shipment.dealer_id)
    made = DeliveryReport(
        status="open",
        created_at=now,
        dealer_id=shipment.dealer_id,
        shipment_id=shipment.id,
        number=next_number("DR", dealer.code, now),
        remark=remark,
    )
    session.add(made)
    session.flush()
    shipment.search_text = normal(shipment.search_text, made.number)
    files.claim(photos, made, by=by)
    counted = {
        "short": sum(one.short for one in found.values()),
        "damaged": sum(one.damaged for one in found.values()),
    }
    workflow.begin(made, by=by, now=now, shipment=shipment.number, **counted)
    values = {"report": made.number, **counted}
    workflow.apply(shipment, "report", by=by, now=now, seen=seen, values=values)
    _arrived(application, shipment, by=by, now=now)
    return made


def _check_found(
    found: Mapping[int, Found], lines: Mapping[int, ShipmentLine], photos: Sequence[str]
) -> None:
    if not set(found) <= set(lines):
        raise Stale()
    wrong = {
        f"short-{line_id}": _("This line was sent with %(num)d in all.", num=lines[line_id].sent)
        for line_id, one in found.items()
        if min(one.short, one.damaged) < 0 or one.pieces > lines[line_id].sent
    }
    if any(one.damaged for one in found.values()) and not photos:
        wrong["photos"] = _("Add a photo of what is damaged.")
    if wrong:
        raise Invalid(fields=wrong)
    if not any(one.pieces for one in found.values()):
        raise Invalid(_("Enter what is missing or damaged. If all is well, confirm the receipt."))


def settle(
    report: DeliveryReport,
    decisions: Mapping[int, str],
    *,
    reason: str = "",
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Send again or refund what did not arrive well, line by line of the shipment.

    What is sent again goes back to what is still to be shipped, without a new charge; what is
    refunded is given back exactly, and the freight stays. Stale if the lines are others.
    """
    shipment = session.get_one(Shipment, report.shipment_id)
    application, shipment = _locked(shipment)
    report = relock(report)
    workflow.check(report, "settle", by=by, seen=seen)
    reported = {key: line for key, line in lines_by_key(shipment).items() if line.unwell}
    if set(decisions) != set(reported) or not set(decisions.values()) <= {AGAIN, REFUND}:
        raise Stale()
    quoted = lock_lines(application)
    for key, line in reported.items():
        _settle_line(line, quoted[line.quote_line_id], decisions[key])
    again = sum(line.resent for line in reported.values())
    amount = sum(line.refunded * line.unit_price for line in reported.values())
    values = {"sent_again": again, "refund": amount}
    workflow.apply(report, "settle", by=by, now=now, seen=seen, reason=reason, values=values)
    if again:
        due = ship_due(now, promise_of(application))
        application.due_at = min(application.due_at or due.at, due.at)
        values |= {"ship_days": due.within}
    workflow.apply(
        application,
        "send_again" if again else "refund",
        by=by,
        now=now,
        reason=reason,
        values={"report": report.number} | values,
    )
    word = f"report/{report.public_id}"
    refund(application, amount, PARTS_SALES, refund_cause(application, word), by=by, now=now)
    finish_if_all_arrived(application, by=SYSTEM, now=now)


def _settle_line(line: ShipmentLine, quoted: QuoteLine, decision: str) -> None:
    count = line.unwell
    quoted.shipped -= count
    if decision == AGAIN:
        line.resent = count
        quoted.again += count
    else:
        line.refunded = count
        quoted.cancelled += count


# Without an answer


def lapse(shipment: Shipment, *, now: datetime) -> None:
    """Count a shipment as received in full, once its time is over; harmless for any other."""
    application, shipment = _locked(shipment)
    if shipment.status == "sent" and shipment.due_at is not None and shipment.due_at < now:
        values = {"answer_by": shipment.due_at.isoformat()}
        workflow.apply(shipment, "lapse", by=SYSTEM, now=now, values=values)
        _arrived(application, shipment, by=SYSTEM, now=now)


def remind(shipment: Shipment, *, now: datetime) -> None:
    """Remind the dealer, once, that the time to answer ends; harmless if it was done."""
    _application, shipment = _locked(shipment)
    if shipment.status == "sent" and shipment.due_at is not None and shipment.reminded_at is None:
        shipment.reminded_at = now
        # No step: who is about to confirm the receipt need not look again.
        days = value("shipment.remind_days", now.date())
        values = {"answer_by": shipment.due_at.isoformat(), "remind_days": days}
        record(shipment, "remind", by=SYSTEM, now=now, values=values)
