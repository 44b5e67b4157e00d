"""The rows of a spreadsheet of registrations (O3): what each would register, or why it cannot.

Everything is looked up set by set: a file may have five thousand rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache, partial
from typing import Any

from portal.catalogue.cell_parts import parts_named
from portal.catalogue.models import Part
from portal.catalogue.serials import serial_key
from portal.catalogue.sheet_preview import Preview, counted
from portal.core.db import LINE, TEXT, AnyRow
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.oldparts.batch_columns import COLUMNS
from portal.oldparts.batch_lines import OpenLine, Wanted, open_lines_of
from portal.oldparts.batch_match import Claims, match, named_files
from portal.oldparts.commands import RegisterCommand
from portal.oldparts.services import EARLIEST, registered_before, wrong
from portal.sheets.cells import day, text, whole_number, word
from portal.sheets.columns import Mapped
from portal.sheets.rows import RowIssue, RowReader
from portal.sheets.table import Table
from portal.terms.values import value

MOST_ROWS = 5000
COUNTS = {
    "total": _l("Rows"),
    "new": _l("To register"),
    "done": _l("Registered"),
    "noted": _l("Rows with a note"),
    "wrong": _l("Rows with an error"),
}
"""What is counted. A row is new, done or wrong."""
_LINES = ("customer_name", "customer_phone", "product_model", "fault_code")
_SERIALS = ("product_serial", "old_serial")
_TEXTS = ("complaint", "cause", "remedy")
_DAYS = ("purchase_date", "failed_on", "replaced_on")


@dataclass(frozen=True, slots=True)
class PieceRow:
    """A row that can be registered, or is: then ``number`` is the old part's.

    ``photos`` are keys of the batch's photos.
    """

    row: int
    line_id: int = 0
    command: RegisterCommand | None = None
    photos: tuple[int, ...] = ()
    number: str = ""
    public_id: str = ""

    @property
    def kind(self) -> str:
        return "done" if self.number else "new"

    def is_in(self, share: str) -> bool:
        """Whether this is what the row does."""
        return share == self.kind


@dataclass(frozen=True)
class Judged(Preview[PieceRow]):
    """A preview with the photos of each row, good or not, and those that are of no row."""

    photos: Mapping[int, Sequence[int]] = field(default_factory=dict)
    loose: Sequence[int] = ()


@dataclass(frozen=True)
class Given:
    """What the rows are held against.

    ``photos`` are the names of the batch's photos by key, ``usable`` those that were not refused;
    ``done`` are the old parts that rows of this very file have registered.
    """

    photos: Mapping[int, str]
    usable: frozenset[int]
    done: Mapping[int, AnyRow]


@dataclass
class _Read:
    """A row on its way: its cells, and what was found for it."""

    reader: RowReader
    command: RegisterCommand
    part: Part | None
    shipment: str
    application: str
    line: OpenLine | None = None

    @property
    def specificity(self) -> int:
        """Who names the shipment chooses first, then who names the application."""
        return 0 if self.shipment else 1 if self.application else 2


def judge(table: Table, mapping: Mapped, given: Given, *, by: Actor, now: datetime) -> Judged:
    """Say for each row what it would register, or why it cannot be."""
    readers = [RowReader(row, COLUMNS, mapping) for row in table.rows]
    photos = match(given.photos, (_claims(reader) for reader in readers))
    open_readers = [one for one in readers if one.row.number not in given.done]
    reads = _read(open_readers, now.date())
    _draw(reads, by)
    _check(reads, photos, given, by=by, now=now)
    rows = [
        PieceRow(number, number=old_part.number, public_id=old_part.public_id)
        for number, old_part in given.done.items()
    ]
    rows += [_good(one, photos, given) for one in reads if one.reader.ok and one.line]
    issues = [issue for reader in readers for issue in reader.issues]
    matched = {key for some in photos.values() for key in some}
    return Judged(
        len(table.rows),
        rows,
        issues,
        counted(len(table.rows), rows, issues, ("new", "done")),
        photos,
        [key for key in given.photos if key not in matched],
    )


def _good(one: _Read, photos: Mapping[int, Sequence[int]], given: Given) -> PieceRow:
    assert one.line is not None
    mine = photos.get(one.reader.row.number, ())
    usable = tuple(key for key in mine if key in given.usable)
    return PieceRow(one.reader.row.number, one.line.row.id, one.command, usable)


def _claims(reader: RowReader) -> Claims:
    return Claims(
        reader.row.number,
        number_of(reader),
        reader.cell("old_serial"),
        named_files(reader.cell("photos")),
    )


def number_of(reader: RowReader) -> str:
    """The number of a row: its own, else the one that a spreadsheet program shows."""
    return reader.cell("number") or str(reader.row.number)


def _read(readers: Sequence[RowReader], today: date) -> list[_Read]:
    parts = parts_named(reader.cell("part") for reader in readers)
    read_day = cache(partial(day, earliest=EARLIEST, latest=today))
    return [_row(reader, parts, read_day) for reader in readers]


def _row(reader: RowReader, parts: Mapping[str, tuple[Part, str]], read_day: Any) -> _Read:
    number = reader.read("part", text, TEXT)
    named = parts.get(reader.cell("part"))
    if number and named is None:
        reader.error("part", _("There is no part “%(part)s”.", part=number[:60]))
    quantity = reader.read("quantity", whole_number)
    if quantity not in (None, 1):
        reader.error(
            "quantity", _("One row is one piece: write a row for each, with its own photos.")
        )
    values: dict[str, Any] = {name: reader.read(name, word, LINE) or "" for name in _LINES}
    values |= {name: reader.read(name, word, LINE) or "" for name in _SERIALS}
    values |= {name: reader.read(name, text, TEXT) or "" for name in _TEXTS}
    values |= {name: reader.read(name, read_day) for name in _DAYS}
    return _Read(
        reader,
        RegisterCommand(**values),
        named[0] if named else None,
        reader.read("shipment", word, LINE) or "",
        reader.read("application", word, LINE) or "",
    )


def _draw(reads: Sequence[_Read], by: Actor) -> None:
    """Find each row's shipped line, and fill in from it what the row leaves open."""
    lines = open_lines_of(by, (one.shipment for one in reads), (one.application for one in reads))
    for one in sorted(reads, key=lambda read: read.specificity):
        if one.part is None:
            continue
        wanted = Wanted(one.part, one.shipment, one.application, one.command.product_serial)
        one.line, said = lines.draw(wanted)
        if one.line is None:
            one.reader.error("part", said)
            continue
        if said:
            one.reader.note(None, said)
        one.command = _filled(one.command, one.line.row, one.part)


def _filled(command: RegisterCommand, line: AnyRow, part: Part) -> RegisterCommand:
    """What the row leaves open, as its application has it."""
    return replace(
        command,
        part_id=part.id,
        product_model=command.product_model or line.product_model,
        product_serial=command.product_serial or (line.serial if line.quantity == 1 else ""),
        purchase_date=command.purchase_date or line.purchase_date,
        complaint=command.complaint or line.fault,
    )


def _check(
    reads: Sequence[_Read],
    photos: Mapping[int, Sequence[int]],
    given: Given,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Say what is wrong with each row's piece, as of any that is registered (O2, O4)."""
    before = registered_before((one.command, one.part.id) for one in reads if one.part)
    least, today = value("oldpart.photos", on=now.date()), now.date()
    first, came = _First(), _names_of(given.photos.values())
    for one in reads:
        row = one.reader.row
        marked = {issue.column for issue in one.reader.issues if issue.level == "error"}
        usable = [key for key in photos.get(row.number, ()) if key in given.usable]
        found = wrong(
            one.command,
            one.part.id if one.part else 0,
            photos=len(usable),
            least=least,
            before=before,
            dealer_id=by.dealer_id,
            today=today,
        )
        found |= first.repeated(one)
        for name, sentence in found.items():
            if name not in marked:
                one.reader.error(name, sentence)
        _missing_files(one.reader, came)


def _missing_files(reader: RowReader, came: frozenset[str]) -> None:
    """Tell of files that the row names and that did not come."""
    for name in named_files(reader.cell("photos")):
        if name.casefold() not in came:
            sentence = _("There is no photo “%(name)s” among those that were sent.", name=name[:80])
            (reader.note if reader.ok else reader.error)("photos", sentence)


def _names_of(photos: Iterable[str]) -> frozenset[str]:
    last = {name.rpartition("/")[2].casefold() for name in photos}
    return frozenset(last | {name.rpartition(".")[0] for name in last})


class _First:
    """The first row of a file with a serial: the others repeat it (O4)."""

    def __init__(self) -> None:
        self.serials: dict[str, int] = {}
        self.products: dict[tuple[str, int, date], int] = {}

    def repeated(self, one: _Read) -> dict[str, Any]:
        """What the row repeats of one above."""
        found: dict[str, Any] = {}
        number, command = one.reader.row.number, one.command
        if key := serial_key(command.old_serial):
            before = self.serials.setdefault(key, number)
            if before != number:
                found["old_serial"] = _(
                    "This old serial stands in row %(row)d already.", row=before
                )
        product = serial_key(command.product_serial)
        if product and one.part and command.failed_on:
            before = self.products.setdefault((product, one.part.id, command.failed_on), number)
            if before != number:
                found["product_serial"] = _(
                    "This product's part that failed on this day stands in row %(row)d already.",
                    row=before,
                )
        return found


def unregistered(judged: Judged) -> Judged:
    """As shown once all was registered that could be: a row that still is not is handed back."""
    late = [row.row for row in judged.rows if row.kind == "new"]
    rows = [row for row in judged.rows if row.kind == "done"]
    sentence = _("This row was not registered. Send it again.")
    issues = [*judged.issues, *(RowIssue(row, None, sentence, "error") for row in late)]
    counts = counted(judged.total, rows, issues, ("done",))
    return replace(judged, rows=rows, issues=issues, counts=counts)
