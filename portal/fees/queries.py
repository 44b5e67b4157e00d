"""Reads of schedules of service fees, each within what the actor may see (F1, P1)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from statistics import median_high, median_low
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from portal.catalogue.queries import name_in, number_key
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import contains
from portal.fees import policy
from portal.fees.models import FeeLine, FeeSchedule, ServiceItem
from portal.people import queries as people
from portal.people.models import Dealer
from portal.web import filters
from portal.web.lists import Tab, tab_of

# --- Which schedule counts --------------------------------------------------------------------


def in_force(dealer_id: int, on: date) -> FeeSchedule | None:
    """The schedule that is in force at a dealer on a day of headquarters, if there is one (F1)."""
    mine = FeeSchedule.dealer_id == dealer_id, FeeSchedule.in_force_from <= on
    return session.scalars(select(FeeSchedule).where(*mine).order_by(*_LATEST).limit(1)).first()


def rates_on(
    dealer_id: int, days: Collection[date], language: str
) -> Mapping[date, Sequence[AnyRow]]:
    """The lines of the schedules that are in force at a dealer on some days; two queries."""
    if not days:
        return {}
    known = session.execute(
        select(FeeSchedule.id, FeeSchedule.in_force_from)
        .where(FeeSchedule.dealer_id == dealer_id, FeeSchedule.in_force_from <= max(days))
        .order_by(*_LATEST)
    ).all()
    on = {day: next((one.id for one in known if one.in_force_from <= day), None) for day in days}
    lines: dict[int | None, list[AnyRow]] = {}
    for row in session.execute(
        select(
            FeeLine.schedule_id,
            FeeLine.id,
            FeeLine.position,
            FeeLine.unit,
            FeeLine.amount,
            func.coalesce(name_in(language, ServiceItem), FeeLine.name).label("name"),
        )
        .join(FeeSchedule, FeeSchedule.id == FeeLine.schedule_id)
        .outerjoin(ServiceItem, ServiceItem.id == FeeLine.item_id)
        .where(FeeLine.schedule_id.in_(set(on.values()) - {None}))
        .where(FeeLine.revision == FeeSchedule.revision)
        .order_by(FeeLine.position)
    ):
        lines.setdefault(row.schedule_id, []).append(row)
    return {day: lines.get(schedule, []) for day, schedule in on.items()}


_LATEST = FeeSchedule.in_force_from.desc(), FeeSchedule.id.desc()


def is_in_force(on: date) -> ColumnElement[bool]:
    """The condition of a schedule that is in force at its dealer on a day."""
    other = aliased(FeeSchedule)
    latest = (
        select(other.id)
        .where(other.dealer_id == FeeSchedule.dealer_id, other.in_force_from <= on)
        .order_by(other.in_force_from.desc(), other.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return and_(FeeSchedule.status == "approved", FeeSchedule.id == latest)


# --- The list ---------------------------------------------------------------------------------


def tabs_for(actor: Actor, on: date) -> tuple[Tab, ...]:
    """The shares of the list."""
    draft = (tab_of("draft", _l("Drafts"), FeeSchedule.status, "draft"),) if actor.is_dealer else ()
    return (
        Tab("all", _l("All")),
        tab_of("submitted", _l("To decide"), FeeSchedule.status, "submitted"),
        Tab("in_force", _l("In force"), is_in_force(on)),
        *draft,
        tab_of("rejected", _l("Rejected"), FeeSchedule.status, "rejected"),
    )


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the schedules whose number or dealer contains a text."""
    conditions = [policy.visible_schedules(actor)]
    if text:
        of_dealer = FeeSchedule.dealer_id.in_(people.called(text))
        conditions.append(or_(contains(FeeSchedule.number, text), of_dealer))
    return conditions


def listed(actor: Actor, text: str, on: date) -> AnySelect:
    """The rows of a list of schedules, as columns."""
    return (
        select(
            FeeSchedule.id,
            FeeSchedule.created_at,
            FeeSchedule.public_id,
            FeeSchedule.number,
            FeeSchedule.status,
            FeeSchedule.line_count,
            FeeSchedule.effective_on,
            FeeSchedule.in_force_from,
            FeeSchedule.submitted_at,
            is_in_force(on).label("in_force"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            Dealer.region,
        )
        .join(Dealer, Dealer.id == FeeSchedule.dealer_id)
        .where(*scope(actor, text))
    )


def found(actor: Actor, text: str, on: date) -> Sequence[AnyRow]:
    """At most ten schedules for the search at the top."""
    order = FeeSchedule.created_at.desc(), FeeSchedule.id.desc()
    return session.execute(listed(actor, text, on).order_by(*order).limit(10)).all()


def waiting(actor: Actor, status: str) -> int:
    """How many schedules wait for somebody in a state; of drafts those that were returned."""
    return session.scalars(
        select(func.count(FeeSchedule.id)).where(
            policy.visible_schedules(actor),
            FeeSchedule.status == status,
            FeeSchedule.submitted_at.is_not(None),
        )
    ).one()


# --- One schedule -----------------------------------------------------------------------------


def lines_of(schedule: FeeSchedule, language: str) -> Sequence[AnyRow]:
    """The lines of a visible schedule as it was last submitted."""
    mine = FeeLine.schedule_id == schedule.id, FeeLine.revision == schedule.revision
    return session.execute(
        select(
            FeeLine.item_id,
            FeeLine.name.label("own_name"),
            FeeLine.unit,
            FeeLine.amount,
            FeeLine.grounds,
            ServiceItem.public_id.label("item"),
            ServiceItem.code,
            func.coalesce(name_in(language, ServiceItem), FeeLine.name).label("name"),
        )
        .outerjoin(ServiceItem, ServiceItem.id == FeeLine.item_id)
        .where(*mine)
        .order_by(FeeLine.position)
    ).all()


def typed_of(schedule: FeeSchedule) -> dict[str, str]:
    """A submitted schedule as if it had just been typed: what a corrected or next one begins with.

    Its day is left open.
    """
    typed = {"grounds": schedule.grounds}
    for index, row in enumerate(lines_of(schedule, "en")):
        line = {
            "item": row.item or "",
            "service": row.own_name,
            "unit": row.unit,
            "amount": filters.amount(row.amount),
            "grounds": row.grounds,
        }
        typed |= {f"lines-{index}-{name}": text for name, text in line.items()}
    return typed


# --- Beside others ----------------------------------------------------------------------------


class Beside(NamedTuple):
    """What a line's rate is compared with, in minor units, and by how much it is above.

    ``before`` is the dealer's rate before, ``median`` that of the rates in force at ``dealers``
    others; None without any. ``rise`` and ``above`` are hundredths of a percent of them.
    """

    before: int | None
    rise: int | None
    median: int | None
    above: int | None
    dealers: int


def beside(
    schedule: FeeSchedule, lines: Iterable[AnyRow], on: date, *, others: bool
) -> list[Beside]:
    """Each line beside the rate in force and, for headquarters, the median of the region (F1)."""
    lines = list(lines)
    before = _rates_before(schedule, on)
    region = _rates_around(schedule, {row.item_id for row in lines}, on) if others else {}
    return [_beside(row, before, region) for row in lines]


Service = tuple[int | None, str, str]
"""What makes two lines of schedules the same service: the item, or the name's key and the unit."""


def service(item_id: int | None, name: str, unit: str) -> Service:
    """Which service a line is for."""
    return (item_id, "", "") if item_id else (None, number_key(name), unit)


def rates_of(schedule: FeeSchedule) -> dict[Service, int]:
    """What each service costs by a schedule, in minor units."""
    return {
        service(row.item_id, row.own_name, row.unit): row.amount for row in lines_of(schedule, "en")
    }


def _beside(
    row: AnyRow, earlier: Mapping[Service, int], region: Mapping[int | None, list[int]]
) -> Beside:
    before = earlier.get(service(row.item_id, row.own_name, row.unit))
    rates = region.get(row.item_id, [])
    # Half a cent is rounded up, as everywhere (L1).
    middle = (median_low(rates) + median_high(rates) + 1) // 2 if rates else None
    return Beside(
        before, _above(row.amount, before), middle, _above(row.amount, middle), len(rates)
    )


def _above(rate: int, other: int | None) -> int | None:
    return ((rate - other) * 20_000 // other + 1) // 2 if other else None


def _rates_before(schedule: FeeSchedule, on: date) -> dict[Service, int]:
    """The rates that were in force before a schedule, or are if it is not approved."""
    others = FeeSchedule.dealer_id == schedule.dealer_id, FeeSchedule.id != schedule.id
    last = schedule.in_force_from or on
    latest = session.scalars(
        select(FeeSchedule)
        .where(*others, FeeSchedule.id < schedule.id, FeeSchedule.in_force_from <= last)
        .order_by(*_LATEST)
        .limit(1)
    ).first()
    return rates_of(latest) if latest else {}


def _rates_around(
    schedule: FeeSchedule, item_ids: set[int | None], on: date
) -> dict[int | None, list[int]]:
    """The rates in force at the other dealers of the region, by headquarters' service."""
    dealer = session.get_one(Dealer, schedule.dealer_id)
    rows = session.execute(
        select(FeeLine.item_id, FeeLine.amount)
        .join(FeeSchedule, FeeSchedule.id == FeeLine.schedule_id)
        .join(Dealer, Dealer.id == FeeSchedule.dealer_id)
        .where(
            FeeLine.revision == FeeSchedule.revision,
            FeeLine.item_id.in_(item_ids - {None}),
            Dealer.region == dealer.region,
            Dealer.country == dealer.country,
            Dealer.id != dealer.id,
            Dealer.status == "active",
            is_in_force(on),
        )
    )
    around: dict[int | None, list[int]] = {}
    for item_id, amount in rows:
        around.setdefault(item_id, []).append(amount)
    return around
