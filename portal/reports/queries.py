"""The figures of the home page: two or three for each role, one query each, over all features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Literal

from sqlalchemy import and_, case, exists, func, select
from sqlalchemy.orm import aliased

from portal.applications import policy as applications
from portal.applications.models import Application, Shipment
from portal.claims import policy as claims
from portal.claims.models import Claim, Run
from portal.core.clock import Month
from portal.core.db import session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.ledger import policy as ledger
from portal.ledger.models import Account, Transfer
from portal.oldparts.models import OldPart
from portal.people import policy as people
from portal.people.models import Dealer, LoginSession, User

Step = Literal["day", "week", "month"]
MONTHS, WEEKS, DAYS = 6, 8, 14
SPENT = {"parts_deduction": 1, "freight": 1, "refund": -1}


@dataclass(frozen=True)
class Figure:
    """One figure: money in minor units or a count, perhaps with how it came about.

    ``note`` names ``%(amount)s`` where there is a ``note_amount``.

    ``points`` are the first days of periods with their amounts, the present one last.
    ``done_of`` is how much of how much is done. ``endpoint`` shows what the figure is made of.
    """

    label: Any
    value: int
    is_money: bool = False
    endpoint: str | None = None
    note: Any = ""
    note_amount: int | None = None
    points: tuple[tuple[date, int], ...] = ()
    step: Step = "month"
    done_of: tuple[int, int] | None = None


def of(actor: Actor, now: datetime) -> list[Figure]:
    """The figures of somebody's home page, for the first of their roles that has some."""
    for capability, figures in _BY_CAPABILITY:
        if actor.can(capability):
            return figures(actor, now)
    return []


def _periods(step: Step, count: int, now: datetime) -> list[date]:
    """The first days of the last periods, the present one last, and of the one to come."""
    if step == "month":
        return [Month.of(now).plus(n).first for n in range(1 - count, 2)]
    length = timedelta(days=1 if step == "day" else 7)
    first = now.date() - timedelta(days=now.weekday() if step == "week" else 0)
    return [first + length * n for n in range(1 - count, 2)]


def _each(
    column: Any, amount: Any, step: Step, count: int, now: datetime
) -> tuple[list[date], list[Any], Any]:
    """For each period the sum of an amount, and the condition that a row is in one of them."""
    days = _periods(step, count, now)
    edges = [datetime.combine(day, time(), tzinfo=now.tzinfo) for day in days]
    sums = [
        func.coalesce(func.sum(case((and_(column >= a, column < b), amount), else_=0)), 0)
        for a, b in pairwise(edges)
    ]
    return days[:-1], sums, column >= edges[0]


def _points(days: Sequence[date], amounts: Sequence[Any]) -> tuple[tuple[date, int], ...]:
    return tuple((day, int(amount)) for day, amount in zip(days, amounts, strict=True))


def _counted(
    label: Any, column: Any, step: Step, count: int, now: datetime, endpoint: str, *where: Any
) -> Figure:
    days, sums, recent = _each(column, 1, step, count, now)
    points = _points(days, session.execute(select(*sums).where(recent, *where)).one())
    return Figure(label, points[-1][1], endpoint=endpoint, points=points, step=step)


def _dealer(actor: Actor, now: datetime) -> list[Figure]:
    account = session.execute(
        select(Account.posted, Account.reserved, Account.credit_limit).where(
            ledger.visible_accounts(actor)
        )
    ).one()
    available = account.posted + account.credit_limit - account.reserved
    spent = case(SPENT, value=Transfer.kind, else_=0) * Transfer.amount
    back = case((Transfer.kind == "reimbursement", Transfer.amount), else_=0)
    days, spent_sums, recent = _each(Transfer.at, spent, "month", MONTHS, now)
    _days, back_sums, _recent = _each(Transfer.at, back, "month", MONTHS, now)
    sums = session.execute(
        select(*spent_sums, *back_sums).where(ledger.visible_transfers(actor), recent)
    ).one()
    spent_points, back_points = _points(days, sums[:MONTHS]), _points(days, sums[MONTHS:])
    return [
        Figure(
            _l("Available on the account"),
            available,
            is_money=True,
            endpoint="ledger.account",
            note=_l("%(amount)s reserved for confirmed quotes"),
            note_amount=account.reserved,
        ),
        Figure(
            _l("Spent on parts this month"), spent_points[-1][1], is_money=True, points=spent_points
        ),
        Figure(_l("Reimbursed this month"), back_points[-1][1], is_money=True, points=back_points),
    ]


def _finance(_actor: Actor, now: datetime) -> list[Figure]:
    held = session.execute(
        select(func.sum(Account.posted), func.sum(Account.reserved)).where(
            Account.dealer_id.is_not(None)
        )
    ).one()
    days, sums, recent = _each(Transfer.at, Transfer.amount, "month", MONTHS, now)
    reversal = aliased(Transfer)
    stands = ~exists().where(reversal.reverses_id == Transfer.id)
    deposits = _points(
        days, session.execute(select(*sums).where(recent, Transfer.kind == "deposit", stands)).one()
    )
    return [
        Figure(
            _l("On the dealers’ accounts"),
            int(held[0] or 0),
            is_money=True,
            endpoint="ledger.accounts",
            note=_l("%(amount)s reserved for confirmed quotes"),
            note_amount=int(held[1] or 0),
        ),
        Figure(_l("Deposits this month"), deposits[-1][1], is_money=True, points=deposits),
        *_runs(),
    ]


def _desk(_actor: Actor, now: datetime) -> list[Figure]:
    return [
        _counted(
            _l("Applications this week"),
            Application.created_at,
            "week",
            WEEKS,
            now,
            "applications.index",
            Application.number.is_not(None),
        ),
        _counted(
            _l("Old parts registered this week"),
            OldPart.created_at,
            "week",
            WEEKS,
            now,
            "oldparts.index",
        ),
    ]


def _warehouse(_actor: Actor, now: datetime) -> list[Figure]:
    return [
        _counted(
            _l("Shipments this week"),
            Shipment.created_at,
            "week",
            WEEKS,
            now,
            "shipments.index",
        )
    ]


def _reviewer(_actor: Actor, now: datetime) -> list[Figure]:
    latest = select(func.max(Run.id)).scalar_subquery()
    is_done = case((Claim.status.in_(("decided", "settled")), 1), else_=0)
    run = session.execute(
        select(func.count(), func.coalesce(func.sum(is_done), 0)).where(Claim.run_id == latest)
    ).one()
    total, done = int(run[0]), int(run[1])
    label = _l("Claims of the latest run that are decided")
    progress = Figure(label, done, endpoint="runs.index", done_of=(done, total))
    return [
        *([progress] if total else []),
        _counted(
            _l("Claims submitted this month"),
            Claim.submitted_at,
            "month",
            MONTHS,
            now,
            "claims.index",
        ),
        *_runs(),
    ]


def _runs() -> list[Figure]:
    """What the closed runs paid, appeals included."""
    rows = session.execute(
        select(Run.month, Run.claimed, (Run.approved + Run.appealed).label("paid"))
        .where(Run.status == "closed")
        .order_by(Run.month.desc())
        .limit(MONTHS)
    ).all()
    if not rows:
        return []
    return [
        Figure(
            _l("Reimbursed by the latest run"),
            rows[0].paid,
            is_money=True,
            endpoint="runs.index",
            note=_l("%(amount)s claimed"),
            note_amount=rows[0].claimed,
            points=tuple((Month.parse(row.month).first, row.paid) for row in reversed(rows)),
        )
    ]


def _administrator(_actor: Actor, now: datetime) -> list[Figure]:
    active = select(func.count()).where(User.status == "active").scalar_subquery()
    everybody = session.execute(
        select(active, select(func.count()).select_from(Dealer).scalar_subquery())
    ).one()
    return [
        Figure(_l("Dealers"), everybody[1], endpoint="dealers.index"),
        Figure(_l("People who can sign in"), everybody[0], endpoint="people.users"),
        _counted(_l("Sign-ins today"), LoginSession.created_at, "day", DAYS, now, "people.users"),
    ]


_BY_CAPABILITY: tuple[tuple[str, Callable[[Actor, datetime], list[Figure]]], ...] = (
    (ledger.OWN, _dealer),
    (applications.QUOTE, _desk),
    (claims.DECIDE, _reviewer),
    (ledger.ACCOUNTS, _finance),
    (applications.SHIP, _warehouse),
    (people.DEALER_MANAGE, _administrator),
)
