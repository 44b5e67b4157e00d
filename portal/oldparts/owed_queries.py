"""Reads of what dealers owe of old parts (O6): across dealers, by age and by value.

The sums come from the indexes of ``owed_line`` alone, so a million lines are read at one go.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, cast, func, select

from portal.applications.models import Application, Shipment, ShipmentLine
from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import matches
from portal.oldparts import policy
from portal.oldparts.charge_models import OWED, OwedLine
from portal.people.models import Dealer
from portal.web.lists import Tab

SOON = timedelta(days=7)
MOST_DEALERS = 200
"""How many dealers the sums are shown of, the first in their order."""
PIECES = func.sum(OwedLine.pieces)
# PostgreSQL's sum of big integers is a decimal number.
VALUE = cast(func.sum(OwedLine.pieces * OwedLine.unit_price), BigInteger)
ORDERS: dict[str, Any] = {
    "value": VALUE.desc(),
    "pieces": PIECES.desc(),
    "age": func.min(OwedLine.register_by),
}
"""What dealers are ordered by."""


def tabs(now: datetime) -> tuple[Tab, ...]:
    """All that is owed; what is overdue and about to be charged; and what soon will be."""
    return (
        Tab("all", _l("All")),
        Tab("soon", _l("Due within 7 days"), OwedLine.register_by < now + SOON),
        Tab("overdue", _l("Overdue"), OwedLine.register_by < now),
    )


def table() -> FromClause:
    """What the tabs count in: what is owed, with where it came from."""
    joined: FromClause = OwedLine.__table__.join(
        Shipment.__table__, Shipment.id == OwedLine.shipment_id
    ).join(Application.__table__, Application.id == Shipment.application_id)
    return joined


def scope(actor: Actor, text: str, dealer: Dealer | None) -> list[ColumnElement[bool]]:
    """What an actor sees of what is owed, by application, serial or customer, and by dealer."""
    conditions = [policy.visible_owed(actor), OwedLine.state == OWED]
    if dealer is not None:
        conditions.append(OwedLine.dealer_id == dealer.id)
    if text:
        conditions.append(matches(Application, text))
    return conditions


def listed(*conditions: ColumnElement[bool], language: str) -> AnySelect:
    """The rows of the list, as columns; ``position`` counts within the shipment."""
    return (
        select(
            OwedLine.shipment_line_id.label("id"),
            OwedLine.register_by.label("created_at"),
            OwedLine.pieces,
            OwedLine.quantity,
            (OwedLine.pieces * OwedLine.unit_price).label("value"),
            Part.number.label("part_number"),
            name_in(language).label("part_name"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            Shipment.number.label("shipment_number"),
            Shipment.received_at,
            Application.number.label("application_number"),
        )
        .select_from(OwedLine)
        .join(Part, Part.id == OwedLine.part_id)
        .join(Dealer, Dealer.id == OwedLine.dealer_id)
        .join(Shipment, Shipment.id == OwedLine.shipment_id)
        .join(Application, Application.id == Shipment.application_id)
        .where(*conditions)
    )


def sums(*conditions: ColumnElement[bool], joined: bool) -> AnyRow:
    """Pieces and value of all that is listed; ``joined`` where a search asks the applications."""
    statement = select(
        func.coalesce(PIECES, 0).label("pieces"), func.coalesce(VALUE, 0).label("value")
    )
    if joined:
        statement = statement.select_from(table())
    return session.execute(statement.where(*conditions)).one()


def by_dealer(actor: Actor, order: str, now: datetime) -> AnySelect:
    """What each dealer owes: pieces, those overdue, the first deadline, and the value.

    From the dealers on, so that SQLite reads each one's share of the index.
    """
    overdue = OwedLine.register_by < now
    return (
        select(
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            PIECES.label("pieces"),
            func.coalesce(func.sum(OwedLine.pieces).filter(overdue), 0).label("overdue"),
            func.min(OwedLine.register_by).label("first"),
            VALUE.label("value"),
        )
        .select_from(Dealer)
        .join(OwedLine, OwedLine.dealer_id == Dealer.id)
        .where(policy.visible_owed(actor), OwedLine.state == OWED)
        .group_by(Dealer.id)
        .order_by(ORDERS[order], Dealer.id)
        .limit(MOST_DEALERS)
    )


def dealer_of(code: str) -> Dealer | None:
    """The dealer of a code, for headquarters."""
    return session.scalars(select(Dealer).where(Dealer.code == code)).one_or_none()


def one(line_id: int, actor: Actor, language: str) -> AnyRow | None:
    """One owed line that an actor sees, in whatever state it is now, with where it came from."""
    statement = (
        listed(policy.visible_owed(actor), OwedLine.shipment_line_id == line_id, language=language)
        .join(ShipmentLine, ShipmentLine.id == OwedLine.shipment_line_id)
        .add_columns(
            OwedLine,
            Shipment.public_id.label("shipment_public_id"),
            Application.public_id.label("application_public_id"),
            Part.public_id.label("part_public_id"),
        )
    )
    return session.execute(statement).one_or_none()
