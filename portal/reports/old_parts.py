"""Figures of old parts: what comes back, what is owed, and what fails, within one's scope (P1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, and_, case, extract, func, select

from portal.applications.models import Shipment
from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.core.clock import Month
from portal.core.db import AnyRow, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.oldparts import policy
from portal.oldparts.charge_models import OWED, VOLUNTARY, OwedLine
from portal.oldparts.models import OldPart
from portal.oldparts.workflow import REJECTION_REASONS

MONTHS, TOP = 6, 10
DAYS = timedelta(days=1)
AGES = ((3, _l("Up to 3 months")), (6, _l("4 to 6 months")), (12, _l("7 to 12 months")),
        (24, _l("13 to 24 months")))  # fmt: skip
"""How old products are when a part of them fails: up to so many months."""
OLDER, UNKNOWN = _l("More than 24 months"), _l("Purchase date unknown")


@dataclass(frozen=True)
class Returned:
    """The pieces that arrived in a month and whose old parts are wanted; how many came."""

    month: date
    wanted: int
    registered: int

    @property
    def percent(self) -> int:
        """The share that is registered, rounded down: a hundred means all."""
        return self.registered * 100 // self.wanted if self.wanted else 0


def _months(now: datetime) -> list[date]:
    """The first days of the last months, the present one last, and of the one to come."""
    return [Month.of(now).plus(n).first for n in range(1 - MONTHS, 2)]


def _sum(condition: ColumnElement[bool], amount: Any) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, amount), else_=0)), 0)


def returns(actor: Actor, now: datetime) -> list[Returned]:
    """How much of what arrived in each month is registered; one query."""
    months = _months(now)
    edges = [datetime.combine(day, time(), tzinfo=now.tzinfo) for day in months]
    at = Shipment.received_at
    sums = [
        _sum(and_(at >= begin, at < end), amount)
        for begin, end in pairwise(edges)
        for amount in (OwedLine.quantity, OwedLine.quantity - OwedLine.pieces)
    ]
    found = session.execute(
        select(*sums)
        .select_from(OwedLine)
        .join(Shipment, Shipment.id == OwedLine.shipment_id)
        .where(policy.visible_owed(actor), OwedLine.state != VOLUNTARY, at >= edges[0])
    ).one()
    return [
        Returned(month, int(found[2 * n]), int(found[2 * n + 1]))
        for n, month in enumerate(months[:-1])
    ]


def ages_of_owed(actor: Actor, now: datetime) -> list[tuple[Any, int]]:
    """How many pieces are owed, by how long there is still, or has been; one query."""
    due = OwedLine.register_by
    shares = (
        (_l("Due in more than 7 days"), due > now + 7 * DAYS),
        (_l("Due within 7 days"), and_(due >= now, due <= now + 7 * DAYS)),
        (_l("Overdue up to 7 days"), and_(due < now, due >= now - 7 * DAYS)),
        (_l("Overdue up to 30 days"), and_(due < now - 7 * DAYS, due >= now - 30 * DAYS)),
        (_l("Overdue for longer"), due < now - 30 * DAYS),
    )
    found = session.execute(
        select(*(_sum(condition, OwedLine.pieces) for _label, condition in shares)).where(
            policy.visible_owed(actor), OwedLine.state == OWED
        )
    ).one()
    return [(label, int(sum_)) for (label, _condition), sum_ in zip(shares, found, strict=True)]


def rejections(actor: Actor, now: datetime) -> list[tuple[Any, int]]:
    """How many of the last months' pieces were rejected, by reason, the most frequent first."""
    count = func.count().label("pieces")
    rows = session.execute(
        select(OldPart.rejection_code, count)
        .where(_recent(actor, now), OldPart.rejection_code.is_not(None))
        .group_by(OldPart.rejection_code)
        .order_by(count.desc(), OldPart.rejection_code)
    )
    return [(REJECTION_REASONS[row.rejection_code], row.pieces) for row in rows.all()]


def _recent(actor: Actor, now: datetime) -> ColumnElement[bool]:
    first = datetime.combine(_months(now)[0], time(), tzinfo=now.tzinfo)
    return and_(policy.visible_old_parts(actor), OldPart.created_at >= first)


def top_failing(actor: Actor, language: str, now: datetime) -> Sequence[AnyRow]:
    """The parts that fail most, by model, with how many in each month; one query."""
    months, total = _months(now), func.count().label("total")
    each = [
        _sum(and_(OldPart.failed_on >= begin, OldPart.failed_on < end), 1).label(f"month_{n}")
        for n, (begin, end) in enumerate(pairwise(months))
    ]
    return session.execute(
        select(
            Part.number,
            Part.public_id,
            name_in(language).label("name"),
            OldPart.product_model,
            total,
            *each,
        )
        .join(Part, Part.id == OldPart.part_id)
        .where(
            policy.visible_old_parts(actor),
            OldPart.failed_on >= months[0],
            OldPart.failed_on < months[-1],
        )
        .group_by(Part.id, OldPart.product_model)
        .order_by(total.desc(), Part.number, OldPart.product_model)
        .limit(TOP)
    ).all()


def failure_ages(actor: Actor, now: datetime) -> list[tuple[Any, int]]:
    """How old the products of the last months' pieces were when they failed; one query."""
    failed, bought = OldPart.failed_on, OldPart.purchase_date
    age = (extract("year", failed) - extract("year", bought)) * 12 + (
        extract("month", failed) - extract("month", bought)
    )
    known = bought.is_not(None)
    edges = (-1, *(most for most, _label in AGES))
    conditions = [and_(known, age > less, age <= most) for less, most in pairwise(edges)]
    conditions += [and_(known, age > edges[-1]), bought.is_(None)]
    found = session.execute(
        select(*(_sum(condition, 1) for condition in conditions)).where(_recent(actor, now))
    ).one()
    labels = [*(label for _most, label in AGES), OLDER, UNKNOWN]
    return [(label, int(number)) for label, number in zip(labels, found, strict=True)]
