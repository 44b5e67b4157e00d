"""Figures of money: what dealers have and owe, and what moved in the last months (finance).

Amounts are in the currency's minor units; months are headquarters'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, and_, case, cast, exists, func, select
from sqlalchemy.orm import aliased

from portal.core.clock import Month
from portal.core.db import AnyRow, Key, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.ledger import policy
from portal.ledger.models import DEALER, Account, Transfer

MONTHS = 12
MOVED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "deposits": (_l("Deposits"), ("deposit",)),
    "spent": (_l("Spent on parts and freight"), ("parts_deduction", "freight")),
    "refunds": (_l("Refunds"), ("refund",)),
    "reimbursements": (_l("Reimbursements"), ("reimbursement",)),
    "charges": (_l("Old-part charges and penalties"), ("old_part_charge", "penalty")),
}
"""What is told of each month: its label, and its kinds of entries, but for what was reversed."""

CAME, WENT = ("deposits", "reimbursements", "refunds"), ("spent", "charges")


@dataclass(frozen=True)
class MonthOfMoney:
    """What moved in a month, by the names of ``MOVED``, and all accounts' balance at its end."""

    month: Month
    moved: dict[str, int]
    balance: int


def _total(condition: ColumnElement[bool], amount: Any) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(case((condition, amount), else_=0)), 0), Key)


def standing(actor: Actor) -> AnyRow:
    """What all accounts hold together, what is reserved on them, and how many owe how much.

    One query.
    """
    below = Account.posted < 0
    return session.execute(
        select(
            func.count().label("accounts"),
            _total(~below, Account.posted).label("held"),
            cast(func.coalesce(func.sum(Account.reserved), 0), Key).label("reserved"),
            _total(Account.reserved > 0, 1).label("reserving"),
            _total(below, -Account.posted).label("owed"),
            _total(below, 1).label("owing"),
            cast(func.coalesce(func.sum(Account.posted), 0), Key).label("posted"),
        ).where(policy.visible_accounts(actor))
    ).one()


def months(actor: Actor, posted: int, now: datetime) -> Sequence[MonthOfMoney]:
    """The last months, the present one last; one query over their entries.

    ``posted`` is what all accounts hold now, from which their balances are reckoned back.
    """
    firsts = [Month.of(now).plus(n) for n in range(1 - MONTHS, 2)]
    edges = [datetime.combine(month.first, time(), now.tzinfo) for month in firsts]
    reversal = aliased(Transfer)
    stands = and_(
        Transfer.reverses_id.is_(None), ~exists().where(reversal.reverses_id == Transfer.id)
    )
    rows = (
        select(
            Transfer.at,
            Transfer.kind,
            Transfer.amount,
            case((Account.purpose == DEALER, Transfer.amount), else_=-Transfer.amount).label(
                "change"
            ),
            case((stands, 1), else_=0).label("stands"),
        )
        .join(Account, Account.id == Transfer.to_account_id)
        .where(policy.visible_transfers(actor), Transfer.at >= edges[0])
        .subquery()
    )
    columns = []
    for begins, ends in pairwise(edges):
        within = and_(rows.c.at >= begins, rows.c.at < ends)
        columns.append(_total(within, rows.c.change))
        columns += [
            _total(and_(within, rows.c.stands == 1, rows.c.kind.in_(kinds)), rows.c.amount)
            for _label, kinds in MOVED.values()
        ]
    found = session.execute(select(*columns)).one()
    width, balance = len(MOVED) + 1, posted
    made = []
    for place in reversed(range(MONTHS)):
        change, *moved = found[place * width : (place + 1) * width]
        made.append(MonthOfMoney(firsts[place], dict(zip(MOVED, moved, strict=True)), balance))
        balance -= change
    return made[::-1]
