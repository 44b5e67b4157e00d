"""Reads of the bank's files and lines, each within what the actor may see (P1, L7)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from portal.banking import policy
from portal.banking.matching import Dealers
from portal.banking.models import BankFile, BankLine
from portal.banking.rows import Known, LineRow
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.ledger.models import Account, Transfer
from portal.people import queries as people
from portal.people.models import Dealer, User
from portal.web.lists import Tab, tab_of

AT_ONCE = 10_000
"""How many values a statement may carry: fewer than either database allows."""

TABS = (
    tab_of("open", _l("To assign"), BankLine.status, "open"),
    tab_of("booked", _l("Booked"), BankLine.status, "booked"),
    tab_of("set_aside", _l("Set aside"), BankLine.status, "set_aside"),
    Tab("all", _l("All")),
)
FILE_TABS = (
    Tab("all", _l("All")),
    *(
        tab_of(state.name, state.label, BankFile.status, state.name)
        for state in BankFile.workflow.states
    ),
)


def _by(texts: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(set(texts))
    for start in range(0, len(wanted), AT_ONCE):
        yield wanted[start : start + AT_ONCE]


def known(rows: Iterable[LineRow]) -> Known:
    """What there is already of some rows: lines, lines like them, deposits; and all dealers."""
    rows = [row for row in rows if row.kind != "out"]
    last = session.scalar(select(func.max(BankLine.id))) or 0  # before all else is read
    columns = (
        BankLine.public_id,
        BankLine.key,
        BankLine.fingerprint,
        BankLine.day,
        BankLine.amount,
    )
    lines = {
        line.key: line
        for some in _by(row.key for row in rows)
        for line in session.execute(select(*columns).where(BankLine.key.in_(some)))
    }
    alike: dict[str, Counter[bool]] = defaultdict(Counter)
    has_reference = BankLine.reference != ""
    for some in _by(row.fingerprint for row in rows):
        for print_, named, count in session.execute(
            select(BankLine.fingerprint, has_reference, func.count())
            .where(BankLine.fingerprint.in_(some))
            .group_by(BankLine.fingerprint, has_reference)
        ):
            alike[print_][bool(named)] += count
    return Known(lines, alike, _deposits(row.key for row in rows), Dealers.of(coded()), last)


def brought_since(rows: Sequence[LineRow], file: BankFile) -> set[str]:
    """The fingerprints of some rows that another file has brought since they were judged."""
    return set(
        session.scalars(
            select(BankLine.fingerprint).where(
                BankLine.fingerprint.in_({row.fingerprint for row in rows}),
                BankLine.file_id != file.id,
                BankLine.id > min((row.last for row in rows), default=0),
            )
        )
    )


def _deposits(causes: Iterable[str]) -> dict[str, AnyRow]:
    """The deposits of some causes that stand, with their amounts and dealers' codes."""
    back = aliased(Transfer)
    return {
        deposit.cause: deposit
        for some in _by(causes)
        for deposit in session.execute(
            select(Transfer.cause, Transfer.amount, Dealer.code)
            .join(Dealer, Dealer.id == Transfer.dealer_id)
            .where(Transfer.cause.in_(some), ~exists().where(back.reverses_id == Transfer.id))
        )
    }


def coded() -> Sequence[AnyRow]:
    """Every dealer that has an account, with its code."""
    statement = select(Dealer.id, Dealer.public_id, Dealer.code, Dealer.name)
    return session.execute(
        statement.join(Account, Account.dealer_id == Dealer.id).order_by(Dealer.code)
    ).all()


def files(actor: Actor) -> AnySelect:
    """The rows of the list of files."""
    return (
        select(
            BankFile.id,
            BankFile.public_id,
            BankFile.created_at,
            BankFile.status,
            BankFile.file_name,
            User.name.label("sent_by"),
        )
        .join(User, User.id == BankFile.uploaded_by_id)
        .where(policy.visible(actor))
    )


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the lines whose reference, remitter, purpose or dealer has a text."""
    conditions = [policy.visible(actor)]
    if text:
        of_dealer = BankLine.payer_id
        conditions.append(people.matches_or_called(BankLine, of_dealer, text, actor))
    return conditions


def lines(actor: Actor, text: str) -> AnySelect:
    """The rows of the list of lines, as columns."""
    return (
        select(
            BankLine.id,
            BankLine.public_id,
            BankLine.created_at,
            BankLine.status,
            BankLine.day,
            BankLine.amount,
            BankLine.reference,
            BankLine.remitter,
            BankLine.purpose,
            BankLine.why,
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .outerjoin(Dealer, Dealer.id == BankLine.payer_id)
        .where(*scope(actor, text))
    )


def found(actor: Actor, text: str) -> Sequence[AnyRow]:
    """At most ten lines for the search at the top."""
    order = BankLine.created_at.desc(), BankLine.id.desc()
    return session.execute(lines(actor, text).order_by(*order).limit(10)).all()


def waiting(actor: Actor) -> tuple[int, int]:
    """How many lines wait for their dealer, and how many files to be booked."""
    counts = (
        select(func.count())
        .select_from(model)
        .where(model.status == status, policy.visible(actor))
        .scalar_subquery()
        for model, status in ((BankLine, "open"), (BankFile, "preview"))
    )
    to_assign, to_book = session.execute(select(*counts)).one()
    return int(to_assign), int(to_book)


def entry_of(line: BankLine) -> str | None:
    """The public id of the deposit of a line, if one stands."""
    back = aliased(Transfer)
    return session.scalar(
        select(Transfer.public_id).where(
            Transfer.document_kind == line.kind,
            Transfer.document_id == line.id,
            Transfer.reverses_id.is_(None),
            ~exists().where(back.reverses_id == Transfer.id),
        )
    )


def likely_payer(line: BankLine) -> str | None:
    """The public id of the dealer whose money a line may be: a guess, for a person to look at.

    The dealer of whom the same remitter's last line was, or the one of the remitter's name.
    """
    if not line.remitter:
        return None
    before = (
        select(Dealer.public_id)
        .join(BankLine, BankLine.payer_id == Dealer.id)
        .where(BankLine.remitter == line.remitter, BankLine.status == "booked")
        .order_by(BankLine.id.desc())
        .limit(1)
    )
    same_name = select(Dealer.public_id).where(Dealer.name == line.remitter).limit(1)
    return session.scalar(before) or session.scalar(same_name)


def next_open(line: BankLine) -> BankLine | None:
    """The line that waits for its dealer next to this one: of the same file first."""
    return session.scalars(
        select(BankLine)
        .where(BankLine.status == "open", BankLine.id != line.id)
        .order_by(BankLine.file_id != line.file_id, BankLine.id)
        .limit(1)
    ).one_or_none()
