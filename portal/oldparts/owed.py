"""Which old parts are owed, from the receipt of the new ones on (O6).

A shipment's receipt is told by its event: the room of applications knows nothing of old parts.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import insert, select

from portal.applications.models import WARRANTY, Shipment, ShipmentLine
from portal.catalogue.models import Part
from portal.core.db import session
from portal.core.documents import Document
from portal.core.events import Event, subscribe
from portal.oldparts.charge_models import OWED, REGISTERED, SETTLED, VOLUNTARY, OwedLine
from portal.terms.calendar import end_of
from portal.terms.values import value

REMINDERS = (7, 3, 1)
"""So many days before the deadline the dealer is reminded, each once (O6)."""
AT_ONCE = 500
"""How many lines a worker charges in one round."""


@subscribe
def owe(happened: Sequence[tuple[Event, Document]]) -> None:
    """Write down what is owed for a shipment that was just received (O2, O6)."""
    for event, document in happened:
        if isinstance(document, Shipment) and event.to_status == "received" != event.from_status:
            _owe(document, event.at)


def _owe(shipment: Shipment, now: datetime) -> None:
    days = value("oldpart.register_days", on=now.date())
    last = now.date() + timedelta(days=days)
    statement = (
        select(ShipmentLine, Part.return_required)
        .join(Part, Part.id == ShipmentLine.part_id)
        .where(
            ShipmentLine.shipment_id == shipment.id,
            ShipmentLine.purpose == WARRANTY,
            ShipmentLine.quantity > 0,
        )
        .order_by(ShipmentLine.id)
    )
    owed = [
        {
            "shipment_line_id": line.id,
            "dealer_id": line.dealer_id,
            "shipment_id": line.shipment_id,
            "part_id": line.part_id,
            "quantity": line.quantity,
            "pieces": line.quantity,
            "unit_price": line.unit_price,
            "state": OWED if must_return else VOLUNTARY,
            "days": days,
            "register_by": end_of(last, now.tzinfo),
            "remind_on": next_reminder(last, after=now.date()) if must_return else None,
        }
        for line, must_return in session.execute(statement)
    ]
    if owed:
        session.execute(insert(OwedLine), owed)


def next_reminder(last: date, *, after: date) -> date | None:
    """The next day to remind of a deadline, which is on ``last``; None if there is none."""
    days = (last - timedelta(days=before) for before in REMINDERS)
    return next((day for day in days if day > after), None)


def locked(shipment_line_id: int) -> OwedLine | None:
    """What is owed of a line, its row locked: the first line of whatever changes it."""
    return session.scalars(
        select(OwedLine)
        .where(OwedLine.shipment_line_id == shipment_line_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def register_one(shipment_line_id: int) -> None:
    """Count one piece less: its old part was just registered."""
    owed = locked(shipment_line_id)
    if owed is None:
        return
    owed.pieces -= 1
    if not owed.pieces and owed.state != SETTLED:
        owed.state, owed.remind_on = REGISTERED, None


def settle(owed: OwedLine) -> None:
    """Nothing more is asked for of this line: it was charged, or that was waived."""
    owed.state, owed.remind_on = SETTLED, None


def shipment_of(owed: OwedLine) -> Shipment:
    """The shipment that the pieces came in."""
    return session.get_one(Shipment, owed.shipment_id)


def overdue(now: datetime) -> Sequence[OwedLine]:
    """What was not registered in time, the longest overdue first: as much as fits in a round."""
    return session.scalars(
        select(OwedLine)
        .join(Part, Part.id == OwedLine.part_id)
        .where(OwedLine.state == OWED, OwedLine.register_by < now, Part.return_required)
        .order_by(OwedLine.register_by, OwedLine.shipment_line_id)
        .limit(AT_ONCE)
    ).all()
