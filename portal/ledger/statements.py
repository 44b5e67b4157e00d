"""Monthly account statements: opening balance, every entry, closing balance (L9).

A month's statement is written once (``months``). Its entries are the ledger's own, which never
change either: those of the month in headquarters' zone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, cast, exists, func, select
from sqlalchemy.orm import aliased

from portal.core.clock import Month
from portal.core.db import AnyRow, AnySelect, Key, session
from portal.core.errors import NotFound
from portal.core.permissions import Actor
from portal.ledger import policy, queries
from portal.ledger.models import (
    Account,
    AccountStatement,
    Reservation,
    ReservationEnd,
    Transfer,
)
from portal.people.models import Dealer
from portal.web.lists import Selection


@dataclass(frozen=True)
class Statement:
    """A dealer's account in one month, amounts in minor units (L9).

    One that is not ``final`` tells how it stands so far.
    """

    month: str
    begins: datetime
    ends: datetime
    zone: ZoneInfo
    opening: int
    money_in: int
    money_out: int
    entry_count: int
    dealer_code: str
    dealer_name: str
    dealer_address: str
    final: bool = False

    @property
    def closing(self) -> int:
        return self.opening + self.money_in - self.money_out

    @classmethod
    def written(cls, row: AccountStatement) -> Self:
        """One that stands for ever."""
        names = (name for name in cls.__dataclass_fields__ if name not in ("zone", "final"))
        facts = {name: getattr(row, name) for name in names}
        return cls(**facts, zone=ZoneInfo(row.zone), final=True)


def months(actor: Actor, of: AnyRow) -> Selection:
    """The statements that are written of an account, the last month first."""
    statement = select(
        AccountStatement.id,
        AccountStatement.begins.label("created_at"),
        AccountStatement.month,
        AccountStatement.opening,
        AccountStatement.money_in,
        AccountStatement.money_out,
        AccountStatement.closing,
        AccountStatement.entry_count,
    ).where(
        AccountStatement.dealer_id == of.dealer_id,
        exists().where(
            Account.dealer_id == AccountStatement.dealer_id, policy.visible_accounts(actor)
        ),
    )
    return Selection(statement, AccountStatement.begins, AccountStatement.id)


def unwritten(dealer_id: int, now: datetime) -> Sequence[Statement]:
    """The months of a dealer's account that have no statement yet, the present one last."""
    return list(so_far(standing(Account.dealer_id == dealer_id), now))


def of_month(actor: Actor, name: str, month: str, now: datetime) -> tuple[AnyRow, Statement]:
    """A dealer's account and its statement of a month; the dealer by its public id.

    NotFound where this actor sees no such account (P1), and for a month that the account has not
    lived to see.
    """
    its = aliased(AccountStatement, name="its")
    account = standing(
        Dealer.public_id == name,
        policy.visible_accounts(actor),
        month=(its, and_(its.dealer_id == Dealer.id, its.month == month)),
    )
    if account is None:
        raise NotFound()
    if account.its is not None:
        return account, Statement.written(account.its)
    found = next((one for one in so_far(account, now) if one.month == month), None)
    if found is None:
        raise NotFound()
    return account, found


def of_days(
    actor: Actor, name: str, first: date | None, last: date, now: datetime
) -> tuple[AnyRow, Statement]:
    """A dealer's account between two days of headquarters', by bare sums over its entries.

    Without a first day: from the beginning of the last one's month. NotFound where this actor sees
    no such account (P1). Three queries, with that of ``reserved_then``.
    """
    zone = now.tzinfo
    assert isinstance(zone, ZoneInfo)
    account = standing(Dealer.public_id == name, policy.visible_accounts(actor))
    if account is None:
        raise NotFound()
    begins = datetime.combine(min(first or last.replace(day=1), last), time(), zone)
    ends = datetime.combine(last + timedelta(days=1), time(), zone)
    comes, early = Transfer.to_account_id == account.id, Transfer.at < begins
    signed = case((comes, Transfer.amount), else_=-Transfer.amount)
    sums = select(
        _total((early, signed)),
        _total((and_(~early, comes), Transfer.amount)),
        _total((and_(~early, ~comes), Transfer.amount)),
        _total((~early, 1)),
    ).where(Transfer.dealer_id == account.dealer_id, Transfer.at < ends)
    return account, Statement(
        "",
        begins,
        ends,
        zone,
        *session.execute(sums).one(),
        account.code,
        account.name,
        _address(account),
        final=ends <= now,
    )


def reserved_then(dealer_id: int, then: datetime) -> int:
    """What was set aside on a dealer's account at a moment, in minor units (L6)."""
    ended = exists().where(
        ReservationEnd.reservation_id == Reservation.id, ReservationEnd.at < then
    )
    return session.scalars(
        select(cast(func.coalesce(func.sum(Reservation.amount), 0), Key)).where(
            Reservation.dealer_id == dealer_id, Reservation.at < then, ~ended
        )
    ).one()


def entries(actor: Actor, of: AnyRow, statement: Statement) -> Selection:
    """The entries of a statement in their order, each with the ``balance`` that it left."""
    booked = queries.entries(actor, of, booked=(statement.begins, statement.ends)).subquery()
    until_then = func.sum(booked.c.amount).over(order_by=(booked.c.created_at, booked.c.id))
    rows = select(booked, (statement.opening + cast(until_then, Key)).label("balance")).subquery()
    return Selection(select(rows), rows.c.created_at, rows.c.id, oldest_first=True)


def standing(
    *which: ColumnElement[bool], month: tuple[Any, ColumnElement[bool]] | None = None
) -> Any:
    """A dealer's account with its last statement, and perhaps the one of a month."""
    last = aliased(AccountStatement)
    newest = (
        select(func.max(AccountStatement.month))
        .where(AccountStatement.dealer_id == Dealer.id)
        .correlate(Dealer)
        .scalar_subquery()
    )
    statement: AnySelect = (
        select(
            Account.id,
            Account.dealer_id,
            Account.created_at,
            Dealer.public_id,
            Dealer.code,
            Dealer.name,
            Dealer.address,
            Dealer.city,
            last.month.label("last_month"),
            last.ends.label("last_ends"),
            last.closing.label("last_closing"),
        )
        .join(Dealer, Dealer.id == Account.dealer_id)
        .outerjoin(last, and_(last.dealer_id == Dealer.id, last.month == newest))
        .where(*which)
    )
    if month is not None:
        its, condition = month
        statement = statement.outerjoin(its, condition).add_columns(its)
    return session.execute(statement).one_or_none()


def so_far(account: AnyRow, now: datetime) -> Iterator[Statement]:
    """What an account's months come to of which no statement is written, in one query."""
    zone = now.tzinfo
    assert isinstance(zone, ZoneInfo)
    if account.last_month is None:
        month = Month.of(account.created_at.astimezone(zone))
        begins, opening = month.start(zone), 0
    else:
        month = Month.parse(account.last_month).plus(1)
        begins, opening = account.last_ends, account.last_closing
    spans = []
    while month <= Month.of(now):
        spans.append((str(month), begins, month.plus(1).start(zone)))
        month, begins = month.plus(1), spans[-1][2]
    if not spans:
        return
    before, *sums = _sums(account, [span[1:] for span in spans])
    opening += before
    for place, (name, begins, ends) in enumerate(spans):
        money_in, money_out, entry_count = sums[3 * place : 3 * place + 3]
        yield Statement(
            name,
            begins,
            ends,
            zone,
            opening,
            money_in,
            money_out,
            entry_count,
            account.code,
            account.name,
            _address(account),
        )
        opening += money_in - money_out


def _address(account: AnyRow) -> str:
    return ", ".join(filter(None, (account.address, account.city)))


def _total(*of: tuple[ColumnElement[bool], Any]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(case(*of, else_=0)), 0), Key)


def _sums(account: AnyRow, spans: Sequence[tuple[datetime, datetime]]) -> Sequence[int]:
    """What came in, what went out, and the number of entries: of each span that has no statement.

    Before them all stands what was booked before the first of an account's statements.
    """
    comes = Transfer.to_account_id == account.id
    early = Transfer.at < spans[0][0]
    columns = [_total((and_(early, comes), Transfer.amount), (early, -Transfer.amount))]
    for begins, ends in spans:
        within = and_(Transfer.at >= begins, Transfer.at < ends)
        columns += [
            _total((and_(within, comes), Transfer.amount)),
            _total((and_(within, ~comes), Transfer.amount)),
            _total((within, 1)),
        ]
    which = [Transfer.dealer_id == account.dealer_id]
    if account.last_month is not None:
        which.append(Transfer.at >= account.last_ends)
    return list(session.execute(select(*columns).where(*which)).one())
