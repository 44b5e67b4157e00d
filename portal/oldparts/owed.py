"""Which old parts are owed, from the receipt of the new ones on (O6).

A shipment's receipt is told by its event: the room of applications knows nothing of old parts.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import insert, select, update

from portal.applications.models import WARRANTY, Shipment, ShipmentLine
from portal.catalogue.models import Part
from portal.core.db import session
from portal.core.documents import Document, relock
from portal.core.events import Event, record, subscribe
from portal.core.permissions import SYSTEM
from portal.oldparts.charge_models import OWED, REGISTERED, SETTLED, VOLUNTARY, OwedLine
from portal.terms.calendar import end_of
from portal.terms.values import value

REMINDERS = (7, 3, 1)
"""So many days before the deadline the dealer is reminded, each once (O6)."""
AT_ONCE = 500
"""How many lines or pieces a worker charges, or shipments it reminds of, in one round."""


@subscribe
def follow(happened: Sequence[tuple[Event, Document]]) -> None:
    """Owe what was just received; and nothing of a part that is not wanted back any more (O6)."""
    for event, document in happened:
        if isinstance(document, Shipment) and event.to_status == "received" != event.from_status:
            _owe(document, event.at)
        if isinstance(document, Part) and event.values.get("return_required") == [True, False]:
            _let_off(document)


def _let_off(part: Part) -> None:
    """What arrives later is owed again if the part is wanted again; what is here stays let off."""
    session.execute(
        update(OwedLine)
        .where(OwedLine.part_id == part.id, OwedLine.state == OWED)
        .values(state=VOLUNTARY, remind_on=None)
        .execution_options(synchronize_session=False)
    )


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


def lock(shipment_line_ids: Collection[int]) -> None:
    """Lock what is owed of some lines, in their order."""
    session.execute(
        select(OwedLine.shipment_line_id)
        .where(OwedLine.shipment_line_id.in_(shipment_line_ids))
        .order_by(OwedLine.shipment_line_id)
        .with_for_update()
    ).all()


def register_one(shipment_line_id: int) -> None:
    """Count one piece less: its old part was just registered."""
    owed = locked(shipment_line_id)
    if owed is None:
        return
    owed.pieces -= 1
    if not owed.pieces and owed.state == OWED:
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
        .where(OwedLine.state == OWED, OwedLine.register_by < now)
        .order_by(OwedLine.register_by, OwedLine.shipment_line_id)
        .limit(AT_ONCE)
    ).all()


def to_remind(today: date) -> Sequence[Shipment]:
    """The shipments of which a dealer is to be reminded today; ``today`` is headquarters'."""
    due = select(OwedLine.shipment_id).where(OwedLine.state == OWED, OwedLine.remind_on <= today)
    return session.scalars(
        select(Shipment).where(Shipment.id.in_(due)).order_by(Shipment.id).limit(AT_ONCE)
    ).all()


def remind(shipment: Shipment, *, now: datetime) -> None:
    """Remind a dealer, once for each of ``REMINDERS``, of what is owed of a shipment (O6).

    One event for all its pieces. Harmless if it was done, and if the deadline is over.
    """
    shipment = relock(shipment)
    lines = session.scalars(
        select(OwedLine)
        .where(
            OwedLine.shipment_id == shipment.id,
            OwedLine.state == OWED,
            OwedLine.remind_on <= now.date(),
        )
        .order_by(OwedLine.shipment_line_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for line in lines:
        last = line.register_by.astimezone(now.tzinfo).date()
        line.remind_on = next_reminder(last, after=now.date())
    in_time = [line for line in lines if line.register_by >= now]
    if in_time:
        values = {
            "pieces": sum(line.pieces for line in in_time),
            "register_by": min(line.register_by for line in in_time).isoformat(),
        }
        # No step: it changes nothing that somebody is looking at.
        record(shipment, "remind_of_old_parts", by=SYSTEM, now=now, values=values)
