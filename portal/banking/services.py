"""Every write of the bank's files and lines (L7): each line once, each booked once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import exists, func, select

from portal.banking import policy, queries
from portal.banking.columns import COLUMNS, merit
from portal.banking.matching import TWICE
from portal.banking.models import BankFile, BankLine
from portal.banking.rows import LineRow, Money, judge, read
from portal.catalogue import uploads
from portal.catalogue.sheet_preview import Preview
from portal.catalogue.uploads import Upload
from portal.core import jobs, workflow
from portal.core.clock import Clock
from portal.core.db import AnyRow, give_way, in_transaction, reading, session, take_turn
from portal.core.documents import Document, relock
from portal.core.errors import Conflict, Invalid, WrongState
from portal.core.events import Event, subscribe
from portal.core.i18n import _, _l
from portal.core.permissions import SYSTEM, Actor
from portal.core.search import normal
from portal.ledger import services as ledger
from portal.ledger.models import Account, Transfer
from portal.people import queries as people
from portal.people.models import Dealer, User
from portal.sheets import memory
from portal.sheets.columns import Mapped, missing
from portal.sheets.table import Table, read_table

SOME = 100
"""How many lines are booked in one transaction: others write between two of them."""
Payer = Dealer | AnyRow
"""Whose money a line is: its ``id``, ``code`` and ``name``."""
ABOUT = "bank"
"""What the headings are about."""


# --- Files ------------------------------------------------------------------------------------


def upload(sent: Upload, *, by: Actor, now: datetime) -> BankFile:
    """Begin a file's preview: its columns are read as those of the last such file, or proposed."""
    by.must(policy.IMPORT)
    file = BankFile(digest=memory.digest(sent.table.headings, ABOUT))
    before = _remembered(file)
    uploads.begin(file, sent, COLUMNS, None, by=by, now=now)
    if before is not None:
        file.mapping = {**file.mapping, "columns": before}
    return file


def _remembered(file: BankFile) -> Mapped | None:
    """How the headings were read that were confirmed last; None if they never were."""
    kept: dict[str, Any] | None = session.scalar(
        select(BankFile.mapping)
        .where(BankFile.digest == file.digest, BankFile.status.in_(("importing", "imported")))
        .order_by(BankFile.id.desc())
        .limit(1)
    )
    return {column.key: kept["columns"].get(column.key) for column in COLUMNS} if kept else None


def needs_asking(file: BankFile) -> bool:
    """Whether its columns have to be looked at: not if such headings were confirmed before."""
    if missing(COLUMNS, file.mapping["columns"]):
        return True
    columns: Mapped = file.mapping["columns"]
    return _remembered(file) != columns


def choose_columns(
    file: BankFile, chosen: Mapping[str, str], *, seen: int, by: Actor, now: datetime
) -> None:
    """Say which column is which. Raises as the catalogue's."""
    uploads.choose_columns(file, COLUMNS, chosen, seen=seen, by=by, now=now)


def table_of(file: BankFile) -> Table:
    """The rows of its file: read outside a transaction."""
    return read_table(uploads.content_of(file), file.file_name, merit)


def preview(file: BankFile, table: Table, money: Money, *, now: datetime) -> Preview[LineRow]:
    """What each row of the file is: to book, to assign, known already, or wrong."""
    rows = read(table, file.mapping["columns"], money, now)
    return judge(table, rows, queries.known(row for row in rows if isinstance(row, LineRow)))


def kept(file: BankFile) -> int:
    """How many lines this file has brought so far."""
    return session.scalars(
        select(func.count()).select_from(BankLine).where(BankLine.file_id == file.id)
    ).one()


def job_key(file: BankFile) -> str:
    """The key of the job that books its lines."""
    return f"banking.file/{file.public_id}"


def import_all(
    file: BankFile,
    found: Preview[LineRow] | None,
    money: Money,
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Promise that a job books the lines of the file that are new.

    ``found`` is what a preview says of them, made before this transaction: a long file takes its
    time, and nobody else could write. None if the columns are not chosen. Invalid if they are not,
    or if no line is new; Stale, WrongState.
    """
    file = relock(file)
    workflow.check(file, "import", by=by, seen=seen)
    if found is None:
        raise Invalid(_("Choose the columns first."))
    counts = found.counts
    if not counts["new"] + counts["open"]:
        raise Invalid(_("No line of this file is new."))
    file.mapping = {**file.mapping, "counts": dict(counts)}
    values = {name: counts[name] for name in ("new", "open")}
    workflow.apply(file, "import", by=by, now=now, seen=seen, values=values)
    _promise(file, money, by, now)


def go_on(file: BankFile, money: Money, *, by: Actor, now: datetime) -> None:
    """Set a booking that has given up going again; harmless while it is at work."""
    by.must(policy.IMPORT)
    if file.status != "importing":
        raise WrongState()
    _promise(file, money, by, now)


def _promise(file: BankFile, money: Money, by: Actor, now: datetime) -> None:
    payload = {"file": file.id, "by": by.id, "currency": money.currency, "digits": money.digits}
    jobs.enqueue("banking.file", payload, key=job_key(file), now=now)


@jobs.handler("banking.file", label=_l("Booking of a bank file"))
def book_rows(payload: dict[str, Any], clock: Clock) -> None:
    """Keep the new lines of a file and book those whose dealer is known, some at a time.

    Killed at any point and started again, it goes on where it was: a line is kept and booked in
    one transaction, and its key is there once.
    """
    with reading():
        file = session.get_one(BankFile, payload["file"])
        by = people.acting(payload["by"])
    table, money = table_of(file), Money(payload["currency"], payload["digits"])
    with reading():
        rows = preview(file, table, money, now=clock.now()).rows
    new = [row for row in rows if row.kind in ("new", "open")]
    for start in range(0, len(new), SOME):
        some = new[start : start + SOME]
        in_transaction(partial(book_some, file.id, some, by=by, now=clock.now()))
        give_way()
    in_transaction(partial(finish, file.id, now=clock.now()))


def book_some(file_id: int, rows: Sequence[LineRow], *, by: Actor, now: datetime) -> None:
    """Keep some lines that are not there yet, and book those that name their dealer.

    A row like a line that another file has brought since it was judged waits for a person.
    """
    take_turn("bank lines")
    file = _locked(file_id)
    if file.status != "importing":
        return
    keys = [row.key for row in rows]
    there = set(session.scalars(select(BankLine.key).where(BankLine.key.in_(keys))))
    new = [row for row in rows if row.key not in there]
    brought = queries.brought_since(new, file)
    new = [
        replace(row, kind="open", why=TWICE, payer=None) if row.fingerprint in brought else row
        for row in new
    ]
    made = [(_line(file, row, now), row) for row in new]
    session.add_all(line for line, _row in made)
    session.flush()
    came = {"file": file.file_name}
    workflow.begin_many(
        [line for line, _row in made],
        by=by,
        now=now,
        values={line.id: came | {"row": row.row} for line, row in made},
    )
    due = [(line, row.payer) for line, row in made if row.payer is not None]
    _book(due, by=by, now=now)


def _line(file: BankFile, row: LineRow, now: datetime) -> BankLine:
    line = BankLine(
        status="open",
        created_at=now,
        key=row.key,
        fingerprint=row.fingerprint,
        file_id=file.id,
        row=row.row,
        day=row.day,
        amount=row.amount,
        reference=row.reference,
        remitter=row.remitter,
        purpose=row.purpose,
        why=row.why,
    )
    _belongs_to(line, None)
    return line


def _belongs_to(line: BankLine, payer: Payer | None) -> None:
    """Say whose money a line is: it is found by that as well."""
    line.payer_id = payer.id if payer else None
    named = (payer.code, payer.name) if payer else ()
    line.search_text = normal(line.reference, line.remitter, line.purpose, *named)


def _locked(file_id: int) -> BankFile:
    """The row of a file is the lock that lets one worker at a time book its lines."""
    return session.scalars(
        select(BankFile)
        .where(BankFile.id == file_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def finish(file_id: int, *, now: datetime) -> None:
    """Say that the lines of a file are kept, and how many of them wait for their dealer."""
    file = _locked(file_id)
    if file.status != "importing":
        return
    is_open = BankLine.payer_id.is_(None)
    all_, left = session.execute(
        select(func.count(), func.count().filter(is_open)).where(BankLine.file_id == file.id)
    ).one()
    counts = {**file.mapping["counts"], "new": all_ - left, "open": left}
    file.mapping = {**file.mapping, "counts": counts}
    workflow.apply(file, "finish", by=SYSTEM, now=now, values=counts)


def discard(file: BankFile, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Give up a preview; its file goes with it. Stale, WrongState."""
    uploads.discard(file, seen=seen, by=by, now=now)


# --- Lines ------------------------------------------------------------------------------------


def assign(line: BankLine, dealer_id: int, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Book a line as the deposit of a dealer. Conflict if it was booked; Stale, WrongState."""
    line = relock(line)
    workflow.check(line, "book", by=by, seen=seen)
    _book([(line, session.get_one(Dealer, dealer_id))], by=by, now=now)


def _book(due: Sequence[tuple[BankLine, Payer]], *, by: Actor, now: datetime) -> None:
    """Book lines, each for its payer; the caller has locked them, or just made them."""
    keys = [line.key for line, _payer in due]
    before = set(session.scalars(select(Transfer.cause).where(Transfer.cause.in_(keys))))
    arrivals = []
    values = {}
    for line, payer in due:
        cause = _cause_of(line) if line.key in before else line.key
        arrivals.append(ledger.Arrival(payer.id, line.amount, line.reference, cause, line))
        values[line.id] = {
            "dealer": payer.code,
            "amount": line.amount,
            "day": line.day.isoformat(),
        }
        _belongs_to(line, payer)
    workflow.apply_many([line for line, _payer in due], "book", by=by, now=now, values=values)
    ledger.deposit_each(arrivals, by=by, now=now)


def _cause_of(line: BankLine) -> str:
    """The cause of a line's deposit: its key, or what follows on it if that one was reversed.

    Conflict if one of them stands: a line is booked once (L4, L7).
    """
    cause, number = line.key, 1
    while (before := ledger.booked(cause)) is not None:
        if not session.scalar(select(exists().where(Transfer.reverses_id == before.id))):
            raise Conflict(_("This line has already been booked."))
        number += 1
        cause = f"{line.key}#{number}"
    return cause


def act(
    line: BankLine,
    step: str,
    *,
    seen: int | None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Set a line aside, or take it up again. Stale, WrongState, Invalid without a reason."""
    workflow.apply(relock(line), step, by=by, now=now, seen=seen, reason=reason)


@subscribe
def follow_the_ledger(happened: Sequence[tuple[Event, Document]]) -> None:
    """What is done by hand beside the bank's lines: they stay what the books say.

    The reversal of a deposit lets its line wait for a dealer again. A deposit by hand is refused,
    with Invalid, where the bank's line waits to be assigned: it would be there twice.
    """
    of_accounts = [event for event, document in happened if isinstance(document, Account)]
    for event in of_accounts:
        if event.name == "reverse":
            _release(event)
    deposits = [event.values for event in of_accounts if event.name == "deposit"]
    if references := [values["reference"] for values in deposits if "reference" in values]:
        _refuse_twice(references)


def _release(event: Event) -> None:
    reversed_ = select(Transfer.document_id).where(
        Transfer.dealer_id == event.dealer_id,
        Transfer.kind == "reversal",
        Transfer.at == event.at,
        Transfer.document_kind == BankLine.kind,
    )
    for line in session.scalars(
        select(BankLine)
        .where(BankLine.id.in_(reversed_), BankLine.status == "booked")
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all():
        by = SYSTEM if event.actor_id is None else session.get_one(User, event.actor_id).actor
        _belongs_to(line, None)
        workflow.apply(line, "release", by=by, now=event.at, reason=event.reason)


def _refuse_twice(references: Sequence[str]) -> None:
    keys = [ledger.bank_cause(reference) for reference in references]
    waits = exists().where(BankLine.key.in_(keys), BankLine.status != "booked")
    if session.scalar(select(waits)):
        raise Invalid(
            _("The bank's line with this reference is among the lines to assign. Book it there."),
            field="reference",
        )
