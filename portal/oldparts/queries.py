"""Reads of old parts, and of what is still to be registered; within what the actor may see (P1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.applications.models import (
    Application,
    ApplicationLine,
    Quote,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.applications.queries import (
    RegisteredPart,
    tells_old_parts,
    tells_pieces_to_register,
)
from portal.catalogue.fault_code_queries import name_of
from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.core.db import AnyRow, AnySelect, session
from portal.core.errors import NotFound
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import matches
from portal.files.models import Attachment
from portal.ledger.models import Transfer
from portal.oldparts import policy
from portal.oldparts.charge_models import OWED, SETTLED, VOLUNTARY, OldPartCharge, OwedLine
from portal.oldparts.keys import LEAST_DIGITS, MOST_DIGITS
from portal.oldparts.models import OldPart
from portal.oldparts.payments import payment_column
from portal.people.models import Dealer
from portal.web.lists import Tab

MOST_LISTED = 100
"""How many old parts an application's page lists."""
TABS = (
    Tab("all", _l("All")),
    Tab("registered", _l("To review"), OldPart.status == "registered"),
    Tab("returned", _l("Returned"), OldPart.status == "returned"),
    Tab("accepted", _l("Accepted"), OldPart.status == "accepted"),
    Tab("called", _l("Called in"), OldPart.status == "called"),
    Tab("sent", _l("On their way"), OldPart.status == "sent"),
    Tab("received", _l("Received"), OldPart.status == "received"),
    Tab("missing", _l("Missing"), OldPart.status == "missing"),
    Tab("to_scrap", _l("To be scrapped"), OldPart.status == "to_scrap"),
    Tab("passed", _l("Passed"), OldPart.status == "passed"),
    Tab("failed", _l("Failed inspection"), OldPart.status == "failed"),
    Tab("objected", _l("Objected to"), OldPart.status == "objected"),
    Tab("disposed", _l("Disposed of"), OldPart.status == "disposed"),
    Tab("rejected", _l("Rejected"), OldPart.status == "rejected"),
)
OPEN_TABS = (
    Tab("required", _l("To register"), OwedLine.state == OWED),
    Tab("voluntary", _l("Need not be returned"), OwedLine.state == VOLUNTARY),
    Tab("settled", _l("Charged or waived"), OwedLine.state == SETTLED),
)


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the old parts that match a text."""
    conditions = [policy.visible_old_parts(actor)]
    if text:
        conditions.append(matches(OldPart, text))
    return conditions


def of_phone(digits: str) -> ColumnElement[bool]:
    """The condition of a piece whose customer's phone has these last digits, as it is written."""
    ends = [digits[-length:] for length in range(LEAST_DIGITS, MOST_DIGITS + 1)]
    return or_(OldPart.customer_key.in_(ends), OldPart.customer_key.endswith(ends[-1]))


def first_photo() -> ScalarSelect[str]:
    """The public id of a piece's first photo, as a column."""
    return (
        select(Attachment.public_id)
        .where(
            Attachment.document_kind == OldPart.kind,
            Attachment.document_id == OldPart.id,
            Attachment.purpose == "photo",
            Attachment.place.is_(None),
        )
        .order_by(Attachment.id)
        .limit(1)
        .correlate(OldPart)
        .scalar_subquery()
    )


def listed(actor: Actor, text: str, tab: Tab, language: str) -> AnySelect:
    """The rows of a list of old parts, as columns; ``photo`` names the first photo."""
    statement = (
        select(
            OldPart.id,
            OldPart.created_at,
            OldPart.public_id,
            OldPart.number,
            OldPart.status,
            OldPart.customer_name,
            OldPart.product_model,
            OldPart.product_serial,
            OldPart.failed_on,
            OldPart.unit_price,
            Part.number.label("part_number"),
            name_in(language).label("part_name"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            first_photo().label("photo"),
            payment_column(actor),
        )
        .join(Part, Part.id == OldPart.part_id)
        .join(Dealer, Dealer.id == OldPart.dealer_id)
        .where(*scope(actor, text))
    )
    return statement if tab.where is None else statement.where(tab.where)


def found(actor: Actor, text: str, language: str, limit: int = 10) -> Sequence[AnyRow]:
    """The newest old parts that match a text."""
    statement = listed(actor, text, TABS[0], language)
    return session.execute(statement.order_by(OldPart.created_at.desc()).limit(limit)).all()


def _registered() -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(OldPart.shipment_line_id == ShipmentLine.id)
        .correlate(ShipmentLine)
        .scalar_subquery()
    )


def open_lines() -> FromClause:
    """What is owed, with shipment and part: what the tabs of the open lines count in."""
    lines: FromClause = (
        OwedLine.__table__.join(Shipment.__table__, Shipment.id == OwedLine.shipment_id)
        .join(Part.__table__, Part.id == OwedLine.part_id)
        .join(Application.__table__, Application.id == Shipment.application_id)
    )
    return lines


def open_scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """The actor's own received warranty lines with pieces that are not registered (O2, O6)."""
    conditions = [OwedLine.dealer_id == actor.dealer_id, OwedLine.pieces > 0]
    if text:
        conditions.append(matches(Application, text))
    return conditions


def shipped_lines(language: str) -> AnySelect:
    """Shipped lines with where they came from; ``position`` counts within the shipment."""
    other = aliased(ShipmentLine)
    position = (
        select(func.count())
        .where(other.shipment_id == ShipmentLine.shipment_id, other.id <= ShipmentLine.id)
        .correlate(ShipmentLine)
        .scalar_subquery()
    )
    asked = aliased(Part)
    return (
        select(
            ShipmentLine.id,
            ShipmentLine.dealer_id,
            ShipmentLine.quantity,
            ShipmentLine.unit_price,
            ShipmentLine.purpose,
            ShipmentLine.part_id,
            position.label("position"),
            _registered().label("registered"),
            Shipment.public_id.label("shipment_public_id"),
            Shipment.number.label("shipment_number"),
            Shipment.status.label("shipment_status"),
            Shipment.received_at,
            OwedLine.register_by,
            OwedLine.state.label("owed"),
            Application.public_id.label("application_public_id"),
            Application.number.label("application_number"),
            ApplicationLine.product_model,
            ApplicationLine.serial,
            ApplicationLine.purchase_date,
            ApplicationLine.fault,
            ApplicationLine.part_id.label("asked_part_id"),
            asked.number.label("asked_number"),
            name_in(language, asked).label("asked_name"),
            Part.number.label("part_number"),
            Part.return_required,
            name_in(language).label("part_name"),
        )
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .join(Application, Application.id == Shipment.application_id)
        .join(QuoteLine, QuoteLine.id == ShipmentLine.quote_line_id)
        .join(ApplicationLine, ApplicationLine.id == QuoteLine.application_line_id)
        .join(asked, asked.id == ApplicationLine.part_id)
        .join(Part, Part.id == ShipmentLine.part_id)
        .outerjoin(OwedLine, OwedLine.shipment_line_id == ShipmentLine.id)
    )


def open_listed(actor: Actor, text: str, tab: Tab, language: str) -> AnySelect:
    """The rows of what is to be registered, with the charge of what was not in time (O6)."""
    statement = (
        shipped_lines(language)
        .outerjoin(OldPartCharge, OldPartCharge.shipment_line_id == ShipmentLine.id)
        .add_columns(
            OwedLine.register_by.label("created_at"),
            OwedLine.pieces.label("left"),
            OldPartCharge.public_id.label("charge_public_id"),
            OldPartCharge.number.label("charge_number"),
            OldPartCharge.status.label("charge_status"),
            OldPartCharge.amount.label("charge_amount"),
        )
    )
    return statement.where(*open_scope(actor, text), *(() if tab.where is None else (tab.where,)))


FIRST_DUE: tuple[Any, ...] = (
    case((OwedLine.state == OWED, 0), (OwedLine.state == VOLUNTARY, 1), else_=2),
    OwedLine.register_by,
    OwedLine.shipment_line_id,
)
"""The order in which lines are drawn from: what is charged if it is late, what need not be
registered, and last what was charged already and gains nothing (O6)."""


def open_rows(actor: Actor) -> Sequence[AnyRow]:
    """Every received line of the actor's dealer with pieces to register, the first due first."""
    statement = shipped_lines("en").add_columns(Application.reference).where(*open_scope(actor, ""))
    return session.execute(statement.order_by(*FIRST_DUE)).all()


def open_pieces(actor: Actor, language: str, most: int) -> list[AnyRow]:
    """The pieces that headquarters expects of the actor's dealer, a line's row for each (O3)."""
    statement = shipped_lines(language).where(*open_scope(actor, ""), Part.return_required)
    rows = session.execute(statement.order_by(*FIRST_DUE).limit(most)).all()
    return [row for row in rows for _piece in range(row.quantity - row.registered)][:most]


def line_at(shipment: Shipment, position: int, language: str) -> AnyRow:
    """The line at a place within a visible shipment; NotFound if it has none there."""
    rows = session.execute(
        shipped_lines(language)
        .where(ShipmentLine.shipment_id == shipment.id)
        .order_by(ShipmentLine.id)
    ).all()
    if not 1 <= position <= len(rows):
        raise NotFound()
    return rows[position - 1]


def origin_of(old_part: OldPart, language: str) -> AnyRow:
    """The shipped line that a visible old part's new part came from (O2)."""
    return session.execute(
        shipped_lines(language).where(ShipmentLine.id == old_part.shipment_line_id)
    ).one()


def agreed_of(old_part: OldPart) -> AnyRow:
    """What was asked for, quoted and deducted for a visible old part's new part (O2)."""
    its_deduction = (Transfer.document_kind == Application.kind) & (
        Transfer.document_id == Application.id
    )
    return session.execute(
        select(
            Application.public_id,
            Application.number,
            Application.submitted_at,
            Quote.version,
            Quote.made_at,
            QuoteLine.unit_price,
            Transfer.public_id.label("entry"),
            Transfer.at.label("deducted_at"),
        )
        .select_from(ShipmentLine)
        .join(QuoteLine, QuoteLine.id == ShipmentLine.quote_line_id)
        .join(Quote, Quote.id == QuoteLine.quote_id)
        .join(Application, Application.id == Quote.application_id)
        .outerjoin(Transfer, its_deduction & (Transfer.kind == "parts_deduction"))
        .where(ShipmentLine.id == old_part.shipment_line_id)
        .limit(1)
    ).one()


def part_of(old_part: OldPart, language: str) -> AnyRow:
    """The part that was replaced, its dealer, and in words the fault that was found in it."""
    return session.execute(
        select(
            Part.number,
            name_in(language).label("name"),
            Part.return_required,
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            name_of(old_part.fault_code, language).label("fault"),
        )
        .select_from(Part)
        .join(Dealer, Dealer.id == old_part.dealer_id)
        .where(Part.id == old_part.part_id)
    ).one()


def to_register(actor: Actor, now: datetime) -> tuple[int, datetime | None, int]:
    """How many pieces a dealer must register, when the first is due, how many are overdue."""
    count, first, overdue = session.execute(
        select(
            func.coalesce(func.sum(OwedLine.pieces), 0),
            func.min(OwedLine.register_by),
            func.coalesce(func.sum(OwedLine.pieces).filter(OwedLine.register_by < now), 0),
        ).where(*open_scope(actor, ""), OwedLine.state == OWED)
    ).one()
    return int(count), first, int(overdue)


@tells_pieces_to_register
def pieces_to_register(application: Application, actor: Actor) -> int:
    """How many pieces of an application still need their old part registered; 0 for others."""
    if not actor.can(policy.REGISTER):
        return 0
    left = select(func.sum(OwedLine.pieces)).select_from(open_lines())
    mine = (*open_scope(actor, ""), OwedLine.state == OWED, Application.id == application.id)
    return int(session.scalars(left.where(*mine)).one() or 0)


@tells_old_parts
def registered_for(application: Application, actor: Actor) -> list[RegisteredPart]:
    """The old parts of an application that an actor sees, the first ``MOST_LISTED`` of them."""
    if not actor.can(policy.READ):
        return []
    found = session.execute(
        select(OldPart.number, OldPart.public_id, Part.number.label("part"), OldPart.status)
        .join(ShipmentLine, ShipmentLine.id == OldPart.shipment_line_id)
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .join(Part, Part.id == OldPart.part_id)
        .where(Shipment.application_id == application.id, policy.visible_old_parts(actor))
        .order_by(OldPart.id)
        .limit(MOST_LISTED)
    )
    return [
        RegisteredPart(row.number, row.public_id, row.part, OldPart.workflow.state(row.status))
        for row in found
    ]


def count(actor: Actor, status: str) -> int:
    """How many old parts in a state an actor sees."""
    return session.scalars(
        select(func.count())
        .select_from(OldPart)
        .where(policy.visible_old_parts(actor), OldPart.status == status)
    ).one()


@dataclass(frozen=True)
class Whereabouts:
    """With what an old part is on its way, where to read more of that, and where in it it is."""

    number: str
    url: str
    where: str


Told = Callable[[OldPart, Actor], Whereabouts | None]
_whereabouts: list[Told] = []


def tells_whereabouts(function: Told) -> Told:
    """Let a higher feature say where an old part is; None is: with its dealer."""
    _whereabouts.append(function)
    return function


def whereabouts_of(old_part: OldPart, actor: Actor) -> Whereabouts | None:
    """Where an old part is (O9); None if it is with its dealer."""
    told = (place for tell in _whereabouts if (place := tell(old_part, actor)) is not None)
    return next(told, None)


def numbered(number: str, dealer_id: int) -> int | None:
    """The key of a dealer's old part by its number as typed; None if the dealer has none such."""
    theirs = OldPart.number == number.strip().upper(), OldPart.dealer_id == dealer_id
    return session.scalars(select(OldPart.id).where(*theirs)).one_or_none()
