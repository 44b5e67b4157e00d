"""What master data can come by spreadsheet: its columns, what its rows mean, how it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.catalogue import dealer_rows, fault_code_rows, fit_rows, successor_rows, unit_rows
from portal.catalogue.models import Part, SheetImport
from portal.catalogue.services import take_turns
from portal.catalogue.sheet_preview import Preview, SheetRow
from portal.core.db import take_turn
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.people.services import DEALERS
from portal.sheets.columns import Column, Mapped
from portal.sheets.table import Table

Judge = Callable[[Table, Mapped, datetime], Preview[SheetRow]]


@dataclass(frozen=True)
class Subject:
    """One kind of master data.

    ``wait`` waits until nobody else changes what the rows are held against. ``write`` takes the
    rows that do something and gives what the event has to say besides the counts.
    """

    name: str
    label: Any
    asks: Any
    columns: tuple[Column, ...]
    judge: Judge
    wait: Callable[[], None]
    write: Callable[[Sequence[SheetRow], SheetImport, Actor, datetime], dict[str, Any]]


def _write_units(
    rows: Sequence[SheetRow], _sheet: SheetImport, _by: Actor, now: datetime
) -> dict[str, Any]:
    return unit_rows.write(rows, now=now)


def _write_successors(
    rows: Sequence[SheetRow], _sheet: SheetImport, by: Actor, now: datetime
) -> dict[str, Any]:
    successor_rows.write(rows, by=by, now=now)
    return {}


def _write_fits(
    rows: Sequence[SheetRow], sheet: SheetImport, by: Actor, now: datetime
) -> dict[str, Any]:
    fit_rows.write(rows, file_name=sheet.file_name, by=by, now=now)
    return {}


def _write_fault_codes(
    rows: Sequence[SheetRow], sheet: SheetImport, by: Actor, now: datetime
) -> dict[str, Any]:
    fault_code_rows.write(rows, file_name=sheet.file_name, by=by, now=now)
    return {}


def _write_dealers(
    rows: Sequence[SheetRow], sheet: SheetImport, by: Actor, now: datetime
) -> dict[str, Any]:
    dealer_rows.write(rows, file_name=sheet.file_name, by=by, now=now)
    return {}


UNITS = Subject(
    "units",
    _l("Sold units"),
    _l("One row for each unit: product model, serial, the day of the sale, and who sold it."),
    unit_rows.COLUMNS,
    unit_rows.judge,
    lambda: take_turn("sold units"),
    _write_units,
)
SUCCESSORS = Subject(
    "successors",
    _l("Replaced parts"),
    _l("One row for each part that is replaced: its number, and the number that comes instead."),
    successor_rows.COLUMNS,
    successor_rows.judge,
    lambda: take_turns(Part),
    _write_successors,
)
FITS = Subject(
    "fits",
    _l("Parts of models"),
    _l("One row for each part of a model: the model and the part's number. Nothing is removed."),
    fit_rows.COLUMNS,
    fit_rows.judge,
    lambda: take_turn("fits"),
    _write_fits,
)
FAULT_CODES = Subject(
    "faultcodes",
    _l("Fault codes"),
    _l("One row for each fault code: the code, and what it stands for in one language or more."),
    fault_code_rows.COLUMNS,
    fault_code_rows.judge,
    lambda: take_turn("fault codes"),
    _write_fault_codes,
)
DEALER_LIST = Subject(
    "dealers",
    _l("Dealers"),
    _l(
        "One row for each dealer. One that is known by its code, or by company and city, is "
        "changed; what the row leaves open stays."
    ),
    dealer_rows.COLUMNS,
    dealer_rows.judge,
    lambda: take_turn(DEALERS),
    _write_dealers,
)
SUBJECTS = {
    subject.name: subject for subject in (DEALER_LIST, UNITS, SUCCESSORS, FITS, FAULT_CODES)
}
