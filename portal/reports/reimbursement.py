"""Figures of reimbursement: what it costs, why it is cut, what is still to come; in one's scope.

Amounts are in the currency's minor units. Months are those that were claimed for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from statistics import median
from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, case, cast, exists, func, null, select, union_all

from portal.advances.models import Advance
from portal.advances.policy import visible_advances
from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.claims import eligibility, policy
from portal.claims.appeal_models import Appeal
from portal.claims.appeal_workflow import GRANTED
from portal.claims.figures import total
from portal.claims.models import Claim, ClaimLine
from portal.claims.workflow import DECIDED, REASONS
from portal.core.clock import Month
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.oldparts import policy as oldparts
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.terms.values import value

MONTHS, TOP = 6, 10
A_BREAK = timedelta(minutes=10)
"""Who decided nothing for so long was not at work on the next line."""


@dataclass(frozen=True)
class Paid:
    """What was claimed and approved for a month."""

    month: Month
    lines: int
    claimed: int
    approved: int


@dataclass(frozen=True)
class Work:
    """How many lines were decided, how many of them one by one, and the seconds that one took.

    ``seconds`` is the median; None if nobody decided two in a row.
    """

    lines: int
    alone: int
    seconds: float | None

    @property
    def percent(self) -> int:
        """The share that was approved without a look at each, rounded down."""
        return (self.lines - self.alone) * 100 // self.lines


@dataclass(frozen=True)
class Due:
    """What may still have to be reimbursed: ``lines`` of it, at most ``amount``."""

    label: Any
    lines: int
    amount: int


def months_of(now: datetime) -> list[Month]:
    """The last months, the present one last."""
    return [Month.of(now).plus(n) for n in range(1 - MONTHS, 1)]


def _recent(actor: Actor, now: datetime) -> ColumnElement[bool]:
    months = [str(month) for month in months_of(now)]
    return and_(policy.visible_claims(actor), Claim.month.in_(months), Claim.status == "settled")


def paid(actor: Actor, now: datetime) -> list[Paid]:
    """What was reimbursed for each month, up to the last one that is settled; two queries."""
    rows = session.execute(
        select(Claim.month, total(Claim.line_count), total(Claim.claimed), total(Claim.approved))
        .where(_recent(actor, now))
        .group_by(Claim.month)
    )
    found = {month: sums for month, *sums in rows}
    appealed = (
        select(Claim.month, total(Appeal.amount))
        .join(Appeal, Appeal.claim_id == Claim.id)
        .where(_recent(actor, now), Appeal.status == "settled")
        .group_by(Claim.month)
    )
    for month, amount in session.execute(appealed):
        found[month][2] += amount
    months = months_of(now)
    while len(months) > 1 and str(months[-1]) not in found:
        months.pop()
    return [Paid(month, *found.get(str(month), (0, 0, 0))) for month in months]


def reasons(actor: Actor, now: datetime) -> Sequence[AnyRow]:
    """Why most was taken off, by dealer: how many lines and how much; one query."""
    off = total(ClaimLine.claimed - ClaimLine.approved).label("taken_off")
    return session.execute(
        _lines(actor, now, Dealer.code, Dealer.name, ClaimLine.reason_code)
        .add_columns(func.count().label("lines"), off)
        .join(Dealer, Dealer.id == ClaimLine.dealer_id)
        .where(ClaimLine.reason_code.in_(REASONS))
        .order_by(off.desc(), Dealer.code, ClaimLine.reason_code)
        .limit(TOP)
    ).all()


def costs(actor: Actor, language: str, now: datetime) -> tuple[Sequence[AnyRow], Sequence[AnyRow]]:
    """The parts and the product models that cost most, with what was approved for each month.

    One query, which reads the lines once for both.
    """
    read = _read(actor, now)
    of_both = union_all(*(_most(read, now, key) for key in _keys(read))).subquery()
    rows = session.execute(
        select(of_both, Part.number, Part.public_id, name_in(language).label("name"))
        .outerjoin(Part, Part.id == of_both.c.part_id)
        .order_by(of_both.c.total.desc(), Part.number, of_both.c.product_model)
    ).all()
    return [row for row in rows if row.number], [row for row in rows if not row.number]


def _read(actor: Actor, now: datetime) -> CTE:
    """What was approved for each part of each model by month, appeals included."""
    granted = and_(Appeal.line_id == ClaimLine.id, Appeal.status == "settled")
    approved = func.coalesce(ClaimLine.approved, 0) + func.coalesce(Appeal.amount, 0)
    return (
        _lines(actor, now, ClaimLine.part_id, OldPart.product_model, Claim.month)
        .add_columns(total(approved).label("approved"))
        .join(OldPart, OldPart.id == ClaimLine.old_part_id)
        .outerjoin(Appeal, granted)
        .cte("read")
    )


def _keys(read: CTE) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return read.c.part_id, read.c.product_model


def _most(read: CTE, now: datetime, by: ColumnElement[Any]) -> AnySelect:
    """What costs most by one of the keys; the other one is NULL."""
    keys = [one if one is by else cast(null(), one.type).label(one.name) for one in _keys(read)]
    whole = total(read.c.approved).label("total")
    each = [
        total(case((read.c.month == str(month), read.c.approved), else_=0)).label(f"month_{n}")
        for n, month in enumerate(months_of(now))
    ]
    top = select(*keys, whole, *each).group_by(by).order_by(whole.desc(), by).limit(TOP)
    return select(top.subquery())


def _lines(actor: Actor, now: datetime, *by: Any) -> AnySelect:
    return (
        select(*by)
        .select_from(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(_recent(actor, now))
        .group_by(*by)
    )


def still_due(actor: Actor, now: datetime) -> list[Due]:
    """What may still have to be reimbursed (accruals), from what is nearest to being paid back.

    Freight counts from when its claim is submitted: before, it is the dealer's draft.
    """
    # Who files late files for the month before: what it claims reaches one month further back.
    lapse_months = value("claim.lapse_months", now.date()) + 1
    return [
        _granted(_l("Granted on appeal, not paid yet"), actor),
        _claimed(_l("Approved, not paid yet"), actor, Claim.approved, "decided"),
        _claimed(_l("Submitted, not decided yet"), actor, Claim.claimed, "submitted", "in_review"),
        _pieces(
            _l("Accepted, not submitted yet"),
            actor,
            eligibility.claimable(Month.of(now), now, lapse_months),
        ),
        _compensations(_l("Compensation approved, not submitted yet"), actor, now, lapse_months),
        _pieces(
            _l("Registered, not accepted yet"),
            actor,
            OldPart.status.in_(("registered", "returned")),
        ),
    ]


def _granted(label: Any, actor: Actor) -> Due:
    where = policy.visible_appeals(actor), Appeal.status.in_(GRANTED)
    return _due(label, select(func.count(), total(Appeal.amount)).where(*where))


def _claimed(label: Any, actor: Actor, amount: Any, *statuses: str) -> Due:
    where = policy.visible_claims(actor), Claim.status.in_(statuses)
    return _due(label, select(total(Claim.line_count), total(amount)).where(*where))


def _pieces(label: Any, actor: Actor, which: ColumnElement[bool]) -> Due:
    submitted = (
        exists()
        .where(ClaimLine.old_part_id == OldPart.id, ClaimLine.claim_id == Claim.id)
        .where(Claim.status != "draft")
    )
    where = oldparts.visible_old_parts(actor), which, ~submitted
    return _due(label, select(func.count(), total(OldPart.unit_price)).where(*where))


def _compensations(label: Any, actor: Actor, now: datetime, lapse_months: int) -> Due:
    submitted = (
        exists()
        .where(ClaimLine.advance_id == Advance.id, ClaimLine.claim_id == Claim.id)
        .where(Claim.status != "draft")
    )
    in_time = eligibility.in_time(Advance.decided_at, Month.of(now), now, lapse_months)
    where = visible_advances(actor), Advance.status == "approved", in_time, ~submitted
    return _due(label, select(func.count(), total(Advance.approved)).where(*where))


def _due(label: Any, sums: AnySelect) -> Due:
    return Due(label, *session.execute(sums).one())


def work(now: datetime) -> Work | None:
    """How headquarters decided the last months' lines; None without any. Two queries."""
    months = [str(month) for month in months_of(now)]
    done = Claim.month.in_(months), Claim.status.in_(DECIDED)
    lines = session.scalars(select(total(Claim.line_count)).where(*done)).one()
    if not lines:
        return None
    steps = session.execute(
        select(ClaimLine.decided_by_id, ClaimLine.decided_at)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(*done, ClaimLine.alone)
        .order_by(ClaimLine.decided_by_id, ClaimLine.decided_at)
    ).all()
    return Work(lines, len(steps), _pace(steps))


def _pace(steps: Sequence[AnyRow]) -> float | None:
    """The seconds from one decision of a person to the next, as the middle one of all."""
    taken = [
        (after.decided_at - before.decided_at).total_seconds()
        for _person, own in groupby(steps, key=lambda step: step.decided_by_id)
        for before, after in pairwise(own)
        if after.decided_at - before.decided_at <= A_BREAK
    ]
    return median(taken) if taken else None
