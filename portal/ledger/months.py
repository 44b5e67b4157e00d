"""The months of the accounts: their statements are written by the clock, once, and checked (L9)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, cast, exists, func, select

from portal.core import jobs
from portal.core.clock import Clock, Month
from portal.core.db import AnyRow, Key, reading, session
from portal.ledger.models import DEALER, Account, AccountStatement, Transfer
from portal.ledger.services import locked_account
from portal.ledger.statements import Statement, so_far, standing
from portal.ledger.verify import check

FINAL_AFTER = timedelta(hours=1)
"""After a month's end: by then every booking has ended that began in it."""


@jobs.timer("ledger.statements")
def write_due(clock: Clock) -> None:
    """Write the statements of the months that are over, of every account that lacks them (L9)."""
    now = clock.now()
    over = Month.of(now - FINAL_AFTER)
    assert isinstance(now.tzinfo, ZoneInfo)
    with reading():
        due = session.scalars(
            select(Account)
            .where(
                Account.dealer_id.is_not(None),
                Account.created_at < over.start(now.tzinfo),
                ~exists().where(
                    AccountStatement.dealer_id == Account.dealer_id,
                    AccountStatement.month == str(over.plus(-1)),
                ),
            )
            .order_by(Account.id)
        ).all()
    jobs.each_alone(due, write, clock)


def write(account: Account, *, now: datetime) -> None:
    """Write what is due of an account, each month once: with the names of today, for ever."""
    account = locked_account(account.dealer_id)
    for one in so_far(standing(Account.id == account.id), now):
        if one.ends + FINAL_AFTER <= now:
            facts = {name: getattr(one, name) for name in Statement.__dataclass_fields__}
            del facts["final"]
            row = facts | {"zone": one.zone.key, "closing": one.closing, "written_at": now}
            session.add(AccountStatement(dealer_id=account.dealer_id, **row))
    session.flush()


@check("statement")
def unbroken() -> Iterator[str]:
    """A statement opens with what the one before closed with, and has its entries' sums (L9)."""
    entry = (
        select(
            Transfer.dealer_id,
            Transfer.at,
            case((Account.purpose == DEALER, Transfer.amount), else_=-Transfer.amount).label(
                "amount"
            ),
        )
        .join(Account, Account.id == Transfer.to_account_id)
        .subquery()
    )
    total = cast(func.coalesce(func.sum(entry.c.amount), 0), Key)
    statement = (
        select(
            AccountStatement.dealer_id,
            AccountStatement.month,
            AccountStatement.opening,
            AccountStatement.closing,
            AccountStatement.entry_count,
            total.label("total"),
            func.count(entry.c.at).label("entries"),
        )
        .outerjoin(
            entry,
            and_(
                entry.c.dealer_id == AccountStatement.dealer_id,
                entry.c.at >= AccountStatement.begins,
                entry.c.at < AccountStatement.ends,
            ),
        )
        .group_by(AccountStatement.id)
        .order_by(AccountStatement.dealer_id, AccountStatement.month)
    )
    before: AnyRow | None = None
    for row in session.execute(statement):
        whose = f"statement {row.month} of dealer {row.dealer_id}"
        last = before.closing if before is not None and before.dealer_id == row.dealer_id else None
        if last is not None and row.opening != last:
            yield f"{whose} opens with {row.opening}, the one before closed with {last}"
        if (row.closing - row.opening, row.entry_count) != (row.total, row.entries):
            yield (
                f"{whose} has {row.entry_count} entries of {row.closing - row.opening}, "
                f"the ledger {row.entries} of {row.total}"
            )
        before = row
