"""The check of the books (L10): everything that is kept is worked out again and compared.

The ledger knows no feature: whoever reserves money adds a check of its own, which compares its
documents with the ledger.
"""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import ColumnElement, Integer, case, cast, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal.core.db import AnySelect, session
from portal.core.documents import kinds
from portal.ledger.models import Account, Reservation, ReservationEnd, Transfer

Check = Callable[[], Iterable[str]]
_checks: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Add a check: a function that yields a sentence, in English, for each difference it finds."""

    def add(function: Check) -> Check:
        _checks[name] = function
        return function

    return add


def verify() -> Iterator[str]:
    """Every difference between what is kept and what it follows from; there should be none."""
    for name, function in _checks.items():
        for sentence in function():
            yield f"{name}: {sentence}"


def _total(amount: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[int]:
    # PostgreSQL's sum of big integers is a decimal number.
    return cast(func.coalesce(func.sum(amount), 0), Account.posted.type)


def _of_accounts(kept: InstrumentedAttribute[int], recomputed: AnySelect) -> Iterator[str]:
    """Each account's kept figure beside what the statement (account_id, total) makes of it."""
    found = recomputed.subquery()
    total = func.coalesce(found.c.total, 0)
    statement = (
        select(Account.id, Account.dealer_id, kept.label("kept"), total.label("total"))
        .outerjoin(found, found.c.account_id == Account.id)
        .where(kept != total)
        .order_by(Account.id)
    )
    for row in session.execute(statement):
        whose = f"dealer {row.dealer_id}" if row.dealer_id else "headquarters"
        yield f"account {row.id} of {whose} keeps {row.kept}, its entries make {row.total}"


@check("posted balance")
def posted_balances() -> Iterator[str]:
    """Posted is what came in less what went out, for dealers; headquarters' is not kept (L5)."""
    sides = (
        select(Transfer.to_account_id.label("account_id"), Transfer.amount.label("amount"))
        .union_all(select(Transfer.from_account_id, -Transfer.amount))
        .subquery()
    )
    recomputed = (
        select(sides.c.account_id, _total(sides.c.amount).label("total"))
        .join(Account, Account.id == sides.c.account_id)
        .where(Account.dealer_id.is_not(None))
        .group_by(sides.c.account_id)
    )
    yield from _of_accounts(Account.posted, recomputed)


@check("reserved")
def reserved_sums() -> Iterator[str]:
    """Reserved is the sum of the reservations that have not ended (L6)."""
    recomputed = (
        select(Reservation.account_id, _total(Reservation.amount).label("total"))
        .outerjoin(ReservationEnd, ReservationEnd.reservation_id == Reservation.id)
        .where(ReservationEnd.reservation_id.is_(None))
        .group_by(Reservation.account_id)
    )
    yield from _of_accounts(Account.reserved, recomputed)


@check("reservation")
def posted_reservations() -> Iterator[str]:
    """What a posted reservation turned into has its amount; of a voided one nothing came (L6)."""
    came = aliased(Transfer)
    prefix = Reservation.cause + "/"
    posted = _total(came.amount)
    statement = (
        select(
            Reservation.id,
            Reservation.cause,
            Reservation.amount,
            ReservationEnd.outcome,
            posted.label("posted"),
        )
        .join(ReservationEnd, ReservationEnd.reservation_id == Reservation.id)
        .outerjoin(
            came,
            (came.document_kind == Reservation.document_kind)
            & (came.document_id == Reservation.document_id)
            & (came.reverses_id.is_(None))
            & (came.from_account_id == Reservation.account_id)
            & (func.substr(came.cause, 1, func.length(prefix)) == prefix),
        )
        .group_by(Reservation.id, Reservation.cause, Reservation.amount, ReservationEnd.outcome)
        .having(posted != case((ReservationEnd.outcome == "posted", Reservation.amount), else_=0))
        .order_by(Reservation.id)
    )
    for row in session.execute(statement):
        yield (
            f"{row.cause} held {row.amount} and was {row.outcome}, "
            f"but {row.posted} was booked for it"
        )


@check("owner")
def owners() -> Iterator[str]:
    """An entry moves money of the dealer that it names, a reservation holds it (L2)."""
    source, target = aliased(Account), aliased(Account)
    entries = (
        select(Transfer.cause)
        .join(source, source.id == Transfer.from_account_id)
        .join(target, target.id == Transfer.to_account_id)
        .where(
            func.coalesce(source.dealer_id, target.dealer_id) != Transfer.dealer_id,
        )
        .order_by(Transfer.id)
    )
    held = (
        select(Reservation.cause)
        .join(Account, Account.id == Reservation.account_id)
        .where(func.coalesce(Account.dealer_id, 0) != Reservation.dealer_id)
        .order_by(Reservation.id)
    )
    for statement in (entries, held):
        for cause in session.scalars(statement):
            yield f"{cause} names another dealer than its account"


@check("reversal")
def reversals() -> Iterator[str]:
    """A reversal is its original the other way round (L3)."""
    original = aliased(Transfer)
    statement = (
        select(Transfer.cause, original.cause.label("original"))
        .join(original, original.id == Transfer.reverses_id)
        .where(
            or_(
                Transfer.amount != original.amount,
                Transfer.from_account_id != original.to_account_id,
                Transfer.to_account_id != original.from_account_id,
            )
        )
        .order_by(Transfer.id)
    )
    for row in session.execute(statement):
        yield f"{row.cause} does not undo {row.original}"


@check("document")
def documents() -> Iterator[str]:
    """Every entry and reservation leads to a document that exists."""
    known = [kind.name for kind in kinds()]
    for table in (Transfer, Reservation):
        strange = select(table.cause).where(table.document_kind.not_in(known))
        for cause in session.scalars(strange.order_by(table.id)):
            yield f"{cause} leads to a kind of document that nobody knows"
    for kind in kinds():
        model = kind.model
        for table in (Transfer, Reservation):
            there = select(literal(1, Integer)).where(
                model.id == table.document_id, model.public_id == table.document_name
            )
            statement = select(table.cause).where(table.document_kind == kind.name, ~there.exists())
            for cause in session.scalars(statement.order_by(table.id)):
                yield f"{cause} leads to no {kind.name}"
