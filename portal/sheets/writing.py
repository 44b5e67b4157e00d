"""Writing tables as .xlsx and .csv, in which no text can become a formula."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from itertools import chain
from typing import IO

from xlsxwriter import Workbook

from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.sheets.reader import LONGEST_CELL
from portal.sheets.table import FORMULA, INNER_FORMULA

MOST_ROWS = 1_048_576
"""In a sheet, with its headings."""

Cell = str | int | Decimal | date | datetime | None
"""What can be written. An amount of money is a Decimal in major units."""


def write_xlsx(
    headings: Sequence[str], rows: Iterable[Sequence[Cell]], sheet: str = "Sheet1"
) -> bytes:
    """A workbook as ``write_xlsx_to`` makes it."""
    file = BytesIO()
    write_xlsx_to(file, headings, rows, sheet)
    return file.getvalue()


def write_xlsx_to(
    file: IO[bytes],
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    sheet: str = "Sheet1",
) -> None:
    """One sheet with a bold heading row that stays in view; numbers and days are real ones.

    Its rows are written as they come: memory does not grow with them. Invalid if they are more
    than a sheet can hold.
    """
    book = Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        },
    )
    page = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", sheet)[:31].strip() or "Sheet1")
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    quoted = book.add_format({"quote_prefix": True})  # stays text when somebody edits the cell
    on = book.add_format({"num_format": "yyyy-mm-dd"})
    at = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    page.freeze_panes(1, 0)
    for column, heading in enumerate(headings):
        page.set_column(column, column, min(max(12, len(heading) + 2), 40))
    for column, heading in enumerate(headings):
        page.write_string(0, column, heading[:LONGEST_CELL], bold)
    text, moment, number = page.write_string, page.write_datetime, page.write_number
    for line, cells in enumerate(rows, 1):
        if line >= MOST_ROWS:
            raise Invalid(_("These are more rows than a sheet can hold. Filter them, or take CSV."))
        for column, cell in enumerate(cells):
            if cell is None or cell == "":
                continue
            if isinstance(cell, str):
                looks_so = quoted if _looks_like_formula(cell) else None
                text(line, column, cell[:LONGEST_CELL], looks_so)
            elif isinstance(cell, datetime):
                moment(line, column, cell, at)
            elif isinstance(cell, date):
                moment(line, column, cell, on)
            else:
                number(line, column, float(cell))
    book.close()


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A file as ``write_csv_to`` makes it."""
    file = BytesIO()
    write_csv_to(file, headings, rows)
    return file.getvalue()


def write_csv_to(file: IO[bytes], headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """UTF-8 with the mark that Excel needs; a text that looks like a formula gets a leading '."""
    text = TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text)
    for cells in chain([headings], rows):
        writer.writerow([_guarded(cell) if isinstance(cell, str) else cell for cell in cells])
    text.detach()


_DIVIDERS = frozenset(";\t\r\n")
_INNER = re.compile(INNER_FORMULA % "")
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def _looks_like_formula(text: str) -> bool:
    # Most texts begin with a letter or a digit: asking so is quicker than the expression.
    return text[:1] not in _PLAIN and FORMULA.match(text) is not None


def _guarded(text: str) -> str:
    if not _DIVIDERS.isdisjoint(text):
        text = _INNER.sub("'", text)
    return "'" + text if _looks_like_formula(text) else text
