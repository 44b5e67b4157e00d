"""Compensation for late delivery (A9): worked out with the shipment, booked once, or excused."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select

from portal.applications.compensation_models import Compensation
from portal.applications.models import Application, Shipment, ShipmentLine
from portal.catalogue.models import Part
from portal.core import workflow
from portal.core.db import AnyRow, AnySelect, rows, session
from portal.core.documents import relock
from portal.core.i18n import _l
from portal.core.money import share
from portal.core.numbering import next_number
from portal.core.permissions import SYSTEM, Actor
from portal.ledger import services as ledger
from portal.ledger.models import COMPENSATION, DEALER
from portal.people.models import Dealer
from portal.terms.calendar import end_of
from portal.terms.values import value
from portal.web.lists import Tab, tab_of

TABS = (
    Tab("all", _l("All")),
    tab_of("proposed", _l("Proposed"), Compensation.status, "proposed"),
    tab_of("booked", _l("Booked"), Compensation.status, "booked"),
    tab_of("excused", _l("Excused"), Compensation.status, "excused"),
)


def pieces_sent_first() -> ColumnElement[int]:
    """How many pieces of a shipment's line the promise was for: those sent for the first time."""
    return ShipmentLine.sent - ShipmentLine.again


def late_lines(shipment_id: int) -> Sequence[AnyRow]:
    """The lines of a shipment that a compensation is worked out from, with their amounts."""
    return rows(_late_lines(), {"shipment": shipment_id})


@cache
def _late_lines() -> AnySelect:
    pieces = pieces_sent_first()
    return (
        select(
            pieces.label("pieces"),
            ShipmentLine.unit_price,
            (pieces * ShipmentLine.unit_price).label("amount"),
            Part.number,
            Part.public_id,
            Part.name,
            Part.name_zh,
            Part.name_pl,
        )
        .join(Part, Part.id == ShipmentLine.part_id)
        .where(ShipmentLine.shipment_id == bindparam("shipment"), pieces > 0)
        .order_by(ShipmentLine.id)
    )


def worth(late_amount: int, days: int, rate: int, most: int) -> int:
    """The compensation for some late days, in minor units: rounded half-up, once (L1).

    ``rate`` and ``most`` are basis points: for each day, and in all.
    """
    return share(late_amount, Decimal(min(days * rate, most)) / 10_000)


def propose_if_late(shipment: Shipment, *, promised_on: date, now: datetime) -> Compensation | None:
    """Propose the compensation for a shipment that was just made; None if it is not late.

    Late days are headquarters' calendar days from the promise to the day of shipment (T1). What
    rounds to nothing is not proposed.
    """
    days = (shipment.shipped_on - promised_on).days
    if days <= 0:
        return None
    session.flush()
    late_amount = sum(line.amount for line in late_lines(shipment.id))
    rate = value("compensation.rate", now.date())
    most = value("compensation.most", now.date())
    amount = worth(late_amount, days, rate, most)
    if not amount:
        return None
    wait = value("compensation.book_days", now.date())
    dealer = session.get_one(Dealer, shipment.dealer_id)
    made = Compensation(
        status="proposed",
        created_at=now,
        dealer_id=shipment.dealer_id,
        application_id=shipment.application_id,
        shipment_id=shipment.id,
        number=next_number("LD", dealer.code, now),
        promised_on=promised_on,
        shipped_on=shipment.shipped_on,
        late_days=days,
        late_amount=late_amount,
        rate=rate,
        most=most,
        amount=amount,
        due_at=end_of(now.date() + timedelta(days=wait), now.tzinfo),
    )
    session.add(made)
    session.flush()
    workflow.begin(made, by=SYSTEM, now=now, shipment=shipment.number, **_computation(made, wait))
    return made


def _computation(made: Compensation, wait: int) -> dict[str, Any]:
    """All that the amount follows from, for the event (P4)."""
    return {
        "promised_on": made.promised_on.isoformat(),
        "shipped_on": made.shipped_on.isoformat(),
        "late_days": made.late_days,
        "late_amount": made.late_amount,
        "rate": made.rate,
        "most": made.most,
        "amount": made.amount,
        "book_days": wait,
    }


def cause_of(shipment: Shipment) -> str:
    """The cause of its entry: one for each shipment, so that it is booked once (L4)."""
    return f"shipment/{shipment.public_id}/late-delivery"


def decide(
    compensation: Compensation,
    step: str,
    *,
    seen: int | None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Book it to the dealer's account, or excuse the delay with a reason that the dealer reads.

    Stale if ``seen`` is not its version; WrongState once it is decided.
    """
    compensation = relock(compensation)
    workflow.apply(compensation, step, by=by, now=now, seen=seen, reason=reason)
    compensation.due_at = None
    if step == "book":
        ledger.transfer(
            dealer_id=compensation.dealer_id,
            source=COMPENSATION,
            target=DEALER,
            amount=compensation.amount,
            kind="late_delivery_compensation",
            cause=cause_of(session.get_one(Shipment, compensation.shipment_id)),
            by=by,
            now=now,
            document=compensation,
        )


def book_if_due(compensation: Compensation, *, now: datetime) -> None:
    """Book what nobody has decided on in time; harmless for any other (A9)."""
    compensation = relock(compensation)
    if compensation.due_at is not None and compensation.due_at < now:
        decide(compensation, "book", seen=None, by=SYSTEM, now=now)


def due(now: datetime) -> Sequence[Compensation]:
    """What the portal books by itself: nobody has decided on it in time."""
    over = (Compensation.status == "proposed", Compensation.due_at < now)
    return session.scalars(select(Compensation).where(*over)).all()


def waiting() -> AnyRow:
    """How many compensations nobody has decided on, and when the first is booked without."""
    statement = select(
        func.count().label("number"), func.min(Compensation.due_at).label("first")
    ).where(Compensation.status == "proposed")
    return session.execute(statement).one()


def listed(*scope: ColumnElement[bool]) -> AnySelect:
    """The rows of a list of compensations, as columns."""
    return (
        select(
            Compensation.id,
            Compensation.created_at,
            Compensation.public_id,
            Compensation.number,
            Compensation.status,
            Compensation.late_days,
            Compensation.amount,
            Compensation.due_at,
            Shipment.number.label("shipment_number"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .join(Shipment, Shipment.id == Compensation.shipment_id)
        .join(Dealer, Dealer.id == Compensation.dealer_id)
        .where(*scope)
    )


def numbered(text: str, *scope: ColumnElement[bool]) -> Sequence[AnyRow]:
    """The compensation of that number, if there is one, as columns."""
    mine = Compensation.number == text.strip().upper()
    columns = (Compensation.public_id, Compensation.number, Compensation.amount)
    return session.execute(select(*columns).where(mine, *scope)).all()


def of_application(application: Application) -> Sequence[Compensation]:
    """The compensations of an application's late shipments, the oldest first."""
    mine = Compensation.application_id == application.id
    return session.scalars(select(Compensation).where(mine).order_by(Compensation.id)).all()


def of_shipment(shipment: Shipment) -> Compensation | None:
    """The compensation of a shipment, if it was late."""
    mine = Compensation.shipment_id == shipment.id
    return session.scalars(select(Compensation).where(mine)).one_or_none()
