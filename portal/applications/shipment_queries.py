"""Reads of shipments and of what did not arrive well, within what the actor may see (P1)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from portal.applications import policy
from portal.applications.models import Application, DeliveryReport, Shipment, ShipmentLine
from portal.catalogue.models import Part
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import matches
from portal.people.models import Dealer
from portal.web.lists import Tab

_TO_SETTLE = Shipment.id.in_(
    select(DeliveryReport.shipment_id).where(DeliveryReport.status == "open")
)
TABS = (
    Tab("all", _l("All")),
    Tab("sent", _l("On their way"), Shipment.status == "sent"),
    Tab("received", _l("Received"), Shipment.status == "received"),
    Tab("reported", _l("To resolve"), _TO_SETTLE),
)


def of(application: Application) -> Sequence[Shipment]:
    """What was sent for an application, the oldest first."""
    return session.scalars(_of(), {"application": application.id}).all()


@cache
def _of() -> Select[Shipment]:
    mine = Shipment.application_id == bindparam("application")
    return select(Shipment).where(mine).order_by(Shipment.id)


def reports_of(application: Application) -> Mapping[int, DeliveryReport]:
    """The reports of what did not arrive well for an application, by the shipment's key."""
    statement = (
        select(DeliveryReport)
        .join(Shipment, Shipment.id == DeliveryReport.shipment_id)
        .where(Shipment.application_id == application.id)
    )
    return {report.shipment_id: report for report in session.scalars(statement)}


def report_of(shipment: Shipment) -> DeliveryReport | None:
    """What the dealer reported of a shipment, if anything."""
    mine = DeliveryReport.shipment_id == shipment.id
    return session.scalars(select(DeliveryReport).where(mine)).one_or_none()


def has_open(application: Application) -> bool:
    """Whether the dealer still has to confirm a receipt, or the desk to settle a report."""
    statement = (
        select(Shipment.id)
        .where(
            Shipment.application_id == application.id,
            or_(Shipment.status != "received", _TO_SETTLE),
        )
        .limit(1)
    )
    return session.scalar(statement) is not None


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the shipments that match a text."""
    conditions = [policy.visible_shipments(actor)]
    if text:
        conditions.append(matches(Shipment, text))
    return conditions


def found(actor: Actor, text: str) -> Sequence[AnyRow]:
    """The ten newest shipments that match a text."""
    newest = listed(actor, text, TABS[0]).order_by(Shipment.created_at.desc()).limit(10)
    return session.execute(newest).all()


def listed(actor: Actor, text: str, tab: Tab) -> AnySelect:
    """The rows of a list of shipments, as columns."""
    pieces = (
        select(func.sum(ShipmentLine.sent))
        .where(ShipmentLine.shipment_id == Shipment.id)
        .correlate(Shipment)
        .scalar_subquery()
    )
    statement = (
        select(
            Shipment.id,
            Shipment.created_at,
            Shipment.public_id,
            Shipment.number,
            Shipment.status,
            Shipment.carrier,
            Shipment.tracking_number,
            Shipment.shipped_on,
            Shipment.due_at,
            pieces.label("pieces"),
            Application.number.label("application_number"),
            Application.public_id.label("application_public_id"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            DeliveryReport.status.label("report_status"),
        )
        .join(Application, Application.id == Shipment.application_id)
        .join(Dealer, Dealer.id == Shipment.dealer_id)
        .outerjoin(DeliveryReport, DeliveryReport.shipment_id == Shipment.id)
        .where(*scope(actor, text))
    )
    return statement if tab.where is None else statement.where(tab.where)


def lines_of(shipment: Shipment) -> Sequence[AnyRow]:
    """The lines of a shipment with their parts."""
    return session.execute(_LINES, {"shipment": shipment.id}).all()


_LINES: AnySelect = (
    select(
        ShipmentLine,
        Part.number,
        Part.public_id.label("part_public_id"),
        Part.name,
        Part.name_zh,
        Part.name_pl,
    )
    .join(Part, Part.id == ShipmentLine.part_id)
    .where(ShipmentLine.shipment_id == bindparam("shipment"))
    .order_by(ShipmentLine.id)
)


def arriving(actor: Actor, now: datetime) -> AnyRow:
    """How many shipments an actor has yet to confirm, the first deadline, how many are late."""
    late = func.count().filter(Shipment.due_at < now)
    statement = select(
        func.count().label("number"),
        func.min(Shipment.due_at).label("first"),
        late.label("late"),
    ).where(policy.visible_shipments(actor), Shipment.status == "sent")
    return session.execute(statement).one()


def to_settle() -> int:
    """How many reports headquarters has yet to settle."""
    waiting = select(func.count()).select_from(DeliveryReport)
    return session.scalars(waiting.where(DeliveryReport.status == "open")).one()


def last_carrier(application: Application) -> str:
    """Who took the last shipment to the same dealer."""
    statement = (
        select(Shipment.carrier)
        .where(Shipment.dealer_id == application.dealer_id)
        .order_by(Shipment.created_at.desc(), Shipment.id.desc())
        .limit(1)
    )
    return session.scalar(statement) or ""


def unanswered(now: datetime) -> Sequence[Shipment]:
    """The shipments whose receipt nobody confirmed in time (A8)."""
    late = (Shipment.status == "sent", Shipment.due_at < now)
    return session.scalars(select(Shipment).where(*late).order_by(Shipment.id)).all()


def to_remind(now: datetime, days: int) -> Sequence[Shipment]:
    """The shipments that nobody was reminded of, and that so many days are left for (A8)."""
    soon = (
        Shipment.status == "sent",
        Shipment.due_at >= now,
        Shipment.due_at < now + timedelta(days=days),
        Shipment.reminded_at.is_(None),
    )
    return session.scalars(select(Shipment).where(*soon).order_by(Shipment.id)).all()
