"""The rows of a bank's file (L7): which are new, whose money each is, or what is wrong with it.

Nothing is written here. Everything is looked up set by set: a file may have twenty thousand rows.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from portal.banking.columns import COLUMNS
from portal.banking.matching import Dealers, why_none
from portal.banking.models import REFERENCE
from portal.catalogue.sheet_preview import Preview, counted
from portal.core.db import LINE, AnyRow
from portal.core.errors import Invalid
from portal.core.i18n import _, _l
from portal.ledger.services import LONGEST_CAUSE, bank_cause
from portal.sheets.cells import amount, day, says_day_first, word
from portal.sheets.columns import Mapped
from portal.sheets.rows import RowIssue, RowReader
from portal.sheets.table import Table
from portal.web.forms import clean

COUNTS = {
    "total": _l("Rows"),
    "new": _l("To book"),
    "open": _l("To assign by hand"),
    "done": _l("Known already"),
    "out": _l("No money that came in"),
    "noted": _l("Rows with a note"),
    "wrong": _l("Rows with an error"),
}
"""What a preview counts. A row is new, open, done, out or wrong."""

EARLIEST = timedelta(days=3660)
PURPOSE = 1000
"""Characters of a purpose that are kept."""
AGAIN = 8
"""Characters of a cause that are left for what tells a second booking from the first."""

_OUT = {"借", "借方", "D", "DR", "DT", "DEBIT", "支出", "支", "付", "转出", "往账", "WN",
        "OBCIĄŻENIE", "WYCHODZĄCY", "OUT"}  # fmt: skip
_IN = {"贷", "贷方", "C", "CR", "CT", "CREDIT", "收入", "收", "转入", "来账", "MA", "UZNANIE",
       "PRZYCHODZĄCY", "IN"}  # fmt: skip
_MANGLED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_MINUS, _SIGNS = re.compile("[-−–(]"), re.compile("[-−–+()]")


@dataclass(frozen=True, slots=True)
class LineRow:
    """A row that is understood; the amount in minor units.

    ``kind`` is ``new``, ``open``, ``done`` or ``out``. ``known`` is the public id of the line that
    it is already, ``last`` the id of the newest line when it was judged.
    """

    row: int
    kind: str
    day: date
    amount: int
    reference: str = ""
    remitter: str = ""
    purpose: str = ""
    key: str = ""
    fingerprint: str = ""
    why: str = ""
    payer: AnyRow | None = None
    known: str = ""
    last: int = 0

    def is_in(self, share: str) -> bool:
        """Whether this is what the row is."""
        return share == self.kind


@dataclass(frozen=True)
class Known:
    """What the portal has already: lines by key and by fingerprint, deposits by their cause.

    ``last`` is the id of the newest line.
    """

    lines: Mapping[str, AnyRow] = field(default_factory=dict)
    alike: Mapping[str, Counter[bool]] = field(default_factory=dict)
    deposits: Mapping[str, AnyRow] = field(default_factory=dict)
    dealers: Dealers = field(default_factory=Dealers)
    last: int = 0


@dataclass(frozen=True)
class Money:
    """The installation's currency and its decimals."""

    currency: str
    digits: int


def read(table: Table, mapping: Mapped, money: Money, now: datetime) -> list[RowReader | LineRow]:
    """Each row as it is understood by itself, or its reader with the errors."""
    index = mapping.get("day")
    first = None
    if index is not None:
        cells = [row.cells[index] for row in table.rows]
        first = says_day_first(cells)
        if first is None and any("-" in cell for cell in cells):
            first = True  # with dashes nobody begins with the month
    found: list[RowReader | LineRow] = []
    seen: Counter[str] = Counter()
    for line in table.rows:
        reader = RowReader(line, COLUMNS, mapping)
        row = _row(reader, money, now, first, seen)
        found.append(reader if row is None else row)
    return found


def _row(
    reader: RowReader, money: Money, now: datetime, day_first: bool | None, seen: Counter[str]
) -> LineRow | None:
    today = now.date()
    on = reader.read("day", day, today - EARLIEST, today, day_first=day_first)
    came = _came_in(reader, money)
    reference = reader.read("reference", _reference) or ""
    if not reader.ok or on is None or came is None:
        return None
    if came <= 0:
        return LineRow(reader.row.number, "out", on, came)
    remitter, purpose = _text(reader.cell("remitter")), _text(reader.cell("purpose"))
    print_ = fingerprint(on, came, remitter, purpose)
    seen[print_] += 1
    return LineRow(
        reader.row.number,
        "open",
        on,
        came,
        reference,
        remitter[:LINE],
        purpose[:PURPOSE],
        bank_cause(reference) if reference else f"bankline/{print_}/{seen[print_]}",
        print_,
    )


def fingerprint(on: date, came: int, remitter: str, purpose: str) -> str:
    """What tells a line from others where the bank gives no reference."""
    said = [
        "".join(unicodedata.normalize("NFKC", text).upper().split()) for text in (remitter, purpose)
    ]
    return hashlib.sha256("|".join([on.isoformat(), str(came), *said]).encode()).hexdigest()


def _text(cell: str) -> str:
    """A cell as one line, without what no line holds."""
    return " ".join(clean(cell).split())


def _reference(cell: str) -> str | None:
    found = word(cell, REFERENCE)
    if found is None:
        return None
    if _MANGLED.fullmatch(found):
        raise Invalid(
            _("A spreadsheet program has made a number of this reference: %(text)s. Send the "
              "bank's own file.", text=found)
        )  # fmt: skip
    if len(bank_cause(found)) > LONGEST_CAUSE - AGAIN:
        raise Invalid(_("This reference is too long."))
    return found


def _signed(cell: str, money: Money) -> int | None:
    """An amount in minor units, below zero if the bank says so. A bank rounds nothing."""
    if not cell:
        return None
    text = unicodedata.normalize("NFKC", cell).strip()
    found = amount(_SIGNS.sub("", text).strip(), money.digits, money.currency)
    if found is None:
        return None
    if found.note:
        raise Invalid(_("“%(text)s” has more decimals than money has.", text=text[:40]))
    return -found.minor if _MINUS.search(text) else found.minor


def _came_in(reader: RowReader, money: Money) -> int | None:
    """What a row brought, in minor units; not above zero where money went out."""
    out = reader.read("debit", _signed, money)
    direction = reader.cell("direction").strip().upper()
    if direction in _OUT and not out:
        return -abs(reader.read("amount", _signed, money) or 0)
    if out:
        came: int | None = None
        if direction not in _OUT and reader.cell("amount").strip():
            came = reader.read("amount", _signed, money)
        if came:
            reader.error("debit", _("Money cannot have come in and gone out in one row."))
        return -abs(out)
    if direction and direction not in _IN:
        sentence = _("“%(text)s” does not say whether money came in or went out.")
        reader.error("direction", sentence % {"text": direction[:40]})
    return reader.read("amount", _signed, money)


def judge(table: Table, read_rows: Iterable[RowReader | LineRow], known: Known) -> Preview[LineRow]:
    """Hold the rows against what is known: each is new, open, done, out or wrong."""
    rows: list[LineRow] = []
    issues: list[RowIssue] = []
    read_rows = list(read_rows)
    first: dict[str, LineRow] = {}
    alike = _there(read_rows, known)
    for row in read_rows:
        if isinstance(row, RowReader):
            issues += row.issues
            continue
        judged, said = _held(row, known, first, alike)
        if said:
            level = "error" if judged is None else "note"
            column = "reference" if judged is None else None
            issues.append(RowIssue(row.row, column, said, level))  # type: ignore[arg-type]
        if judged is not None:
            rows.append(judged)
    total = len(table.rows)
    return Preview(
        total, rows, issues, counted(total, rows, issues, ("new", "open", "done", "out"))
    )


def _there(rows: Iterable[RowReader | LineRow], known: Known) -> Counter[tuple[str, bool]]:
    """How many known lines of a fingerprint, with and without a reference, are no row's own."""
    left = Counter(
        {
            (print_, named): count
            for print_, counts in known.alike.items()
            for named, count in counts.items()
        }
    )
    named = {row.key: bool(row.reference) for row in rows if isinstance(row, LineRow)}
    left.subtract(
        (known.lines[key].fingerprint, has) for key, has in named.items() if key in known.lines
    )
    return left


def _held(
    row: LineRow, known: Known, first: dict[str, LineRow], alike: Counter[tuple[str, bool]]
) -> tuple[LineRow | None, str]:
    """A row as it is now, and what to say of it; None if it contradicts what is known."""
    if row.kind == "out":
        return row, ""
    before = first.setdefault(row.key, row)
    if before is not row:
        if (before.day, before.amount) != (row.day, row.amount):
            return None, _(
                "Row %(row)d has the same bank reference, but another amount or day.",
                row=before.row,
            )
        if before.fingerprint != row.fingerprint:
            return None, _(
                "Row %(row)d has the same bank reference, but another remitter or purpose.",
                row=before.row,
            )
        return replace(row, kind="done"), _("It stands in row %(row)d already.", row=before.row)
    line, deposit = known.lines.get(row.key), known.deposits.get(row.key)
    if line is not None:
        if (line.day, line.amount) != (row.day, row.amount):
            return None, _("This reference was read before, with another amount or day.")
        return replace(row, kind="done", known=line.public_id), _doubt(row, line)
    if deposit is not None:
        if deposit.amount != row.amount:
            return None, _("This reference was booked by hand, with another amount.")
        return replace(row, kind="done"), _("Booked by hand for %(dealer)s.", dealer=deposit.code)
    return _new(row, known, alike)


def _doubt(row: LineRow, line: AnyRow) -> str:
    """What a person should know of a row that is a known line; "" if there is no doubt."""
    if not row.reference:
        return _("Without a bank reference: a line of this day with the same amount, remitter "
                 "and purpose was read before.")  # fmt: skip
    if line.fingerprint != row.fingerprint:
        return _("This reference was read before, with another remitter or purpose.")
    return ""


def _new(row: LineRow, known: Known, alike: Counter[tuple[str, bool]]) -> tuple[LineRow, str]:
    """A row whose key is not known: perhaps it came before without its reference, or with another.

    Each known line that is like it, and is no other row's, stands for one such row.
    """
    with_reference, without = (row.fingerprint, True), (row.fingerprint, False)
    if not row.reference and alike[with_reference] > 0:
        alike[with_reference] -= 1
        return replace(row, kind="done"), _("It was read before, with its bank reference.")
    like = without if alike[without] > 0 else with_reference
    looks_known = bool(row.reference) and alike[like] > 0
    if looks_known:
        alike[like] -= 1
    named = known.dealers.named_in(row.purpose, row.remitter)
    why = why_none(named, looks_known=looks_known)
    payer = None if why else named[0]
    kind = "open" if why else "new"
    return replace(row, kind=kind, why=why, payer=payer, last=known.last), (
        _("A line like this was read before, without a bank reference or with another one.")
        if looks_known
        else ""
    )
