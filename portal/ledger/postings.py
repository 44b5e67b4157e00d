"""Every entry of some days, as another system takes it: one row, one debit, one credit (L2).

An entry moves an amount from one account to another: it debits the first, and credits the second.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import cast, func, literal, select
from sqlalchemy.orm import aliased

from portal.core.db import AnyRow, AnySelect, Key, session
from portal.core.permissions import Actor
from portal.ledger import policy
from portal.ledger.models import Account, Transfer
from portal.people.models import Dealer


def between(actor: Actor, begins: datetime, ends: datetime) -> AnySelect:
    """The entries from one moment until just before another, in their order."""
    debit, credit = aliased(Account), aliased(Account)
    return (
        select(
            Transfer.id,
            Transfer.at,
            Transfer.kind,
            debit.purpose.label("debit"),
            credit.purpose.label("credit"),
            Dealer.code,
            Transfer.amount,
            literal("").label("currency"),
            Transfer.document_title,
            Transfer.cause,
            Transfer.values.label("details"),
            Transfer.reverses_id,
        )
        .join(debit, debit.id == Transfer.from_account_id)
        .join(credit, credit.id == Transfer.to_account_id)
        .join(Dealer, Dealer.id == Transfer.dealer_id)
        .where(policy.visible_transfers(actor), Transfer.at >= begins, Transfer.at < ends)
        .order_by(Transfer.at, Transfer.id)
    )


def by_kind(actor: Actor, begins: datetime, ends: datetime) -> Sequence[AnyRow]:
    """How many entries of each kind there are between two moments, and their amounts."""
    return session.execute(
        select(
            Transfer.kind,
            func.count().label("entries"),
            cast(func.sum(Transfer.amount), Key).label("amount"),
        )
        .where(policy.visible_transfers(actor), Transfer.at >= begins, Transfer.at < ends)
        .group_by(Transfer.kind)
        .order_by(Transfer.kind)
    ).all()
