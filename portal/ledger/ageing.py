"""What dealers owe: accounts below zero on a day, by how long (in minor units).

What came in pays the oldest first, so what is owed is what was booked off an account last: as far
as the debits of the last 30 days reach it is that young, then those of the 30 days before. What was
reversed by then, and its reversal, are no debits: a mistake makes no debt younger.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, and_, case, cast, func, select
from sqlalchemy.orm import aliased

from portal.core.db import AnyRow, AnySelect, Key, session
from portal.core.permissions import Actor
from portal.ledger import policy
from portal.ledger.models import Account, Transfer
from portal.people.models import Dealer

STEP = timedelta(days=30)
AGES = ("age_0", "age_1", "age_2", "age_3")
"""The shares of what is owed: up to 30 days old, up to 60, up to 90, and older."""


def _total(condition: ColumnElement[bool], amount: Any) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(case((condition, amount), else_=0)), 0), Key)


def _least(one: Any, other: Any) -> ColumnElement[int]:
    return case((one < other, one), else_=other)


def owed(actor: Actor, ends: datetime) -> AnySelect:
    """The accounts that were below zero just before ``ends``, with the shares of their debts.

    It reads the entries of the ninety days before, and whatever was booked since.
    """
    edges = [ends - number * STEP for number in range(4)]
    out, back = Transfer.from_account_id == Account.id, aliased(Transfer)
    stands = and_(Transfer.reverses_id.is_(None), back.id.is_(None))
    shares = [
        _total(and_(out, stands, Transfer.at < young, Transfer.at >= old), Transfer.amount).label(
            f"out_{number}"
        )
        for number, (young, old) in enumerate(pairwise(edges))
    ]
    signed = case((out, -Transfer.amount), else_=Transfer.amount)
    recent = (
        select(Transfer.dealer_id, _total(Transfer.at >= ends, signed).label("after"), *shares)
        .join(Account, Account.dealer_id == Transfer.dealer_id)
        .outerjoin(back, and_(back.reverses_id == Transfer.id, back.at < ends))
        .where(Transfer.at >= edges[-1])
        .group_by(Transfer.dealer_id)
        .subquery()
    )
    debt = func.coalesce(recent.c.after, 0) - Account.posted
    debts = (
        select(
            Dealer.public_id,
            Dealer.code,
            Dealer.name,
            Account.credit_limit,
            debt.label("owed"),
            *(func.coalesce(recent.c[f"out_{n}"], 0).label(f"out_{n}") for n in range(3)),
        )
        .join(Dealer, Dealer.id == Account.dealer_id)
        .outerjoin(recent, recent.c.dealer_id == Account.dealer_id)
        .where(policy.visible_accounts(actor), debt > 0)
        .subquery()
    )
    left: Any = debts.c.owed
    ages = []
    for number in range(3):
        share = _least(left, debts.c[f"out_{number}"])
        ages.append(share.label(AGES[number]))
        left = left - share
    whole = select(debts, *ages, left.label(AGES[3])).subquery()
    return select(whole)


def totals(statement: AnySelect) -> AnyRow:
    """How many accounts a statement of ``owed`` has, what they owe, and its shares by age."""
    rows = statement.subquery()
    sums = [
        cast(func.coalesce(func.sum(rows.c[name]), 0), Key).label(name) for name in ("owed", *AGES)
    ]
    return session.execute(select(func.count().label("accounts"), *sums)).one()
