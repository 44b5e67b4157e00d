"""Reading a .csv, .xlsx, .xlsm, .xlsb, .xls or .ods file as a table of text.

The kind is decided by the content. What cannot be read is refused with a sentence (SheetRefused).
"""

import codecs
import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from portal.core.errors import Invalid
from portal.core.i18n import _, _l, ngettext
from portal.sheets import reader

Lines = Iterator[tuple[int, list[str]]]
"""Rows that are not blank, each with its number; blank cells at their ends are cut off."""

LARGEST = 40 << 20
"""Bytes of a file that is looked at."""

FORMULA = re.compile(r"[\s']*[=+\-@＝＋－＠]|'*[\t\r\n]")
"""What a spreadsheet program might take for a formula; ``write_csv`` puts an apostrophe before."""
INNER_FORMULA = r"(?<=[;\t\r\n])%s(?=[ ']*[=+\-@＝＋－＠])"
"""The place of such an apostrophe within a text: a program that divides cells by ``;``, as those of
half of Europe do, begins a new cell there, whatever is quoted."""
_INNER_APOSTROPHE = re.compile(INNER_FORMULA % "'")

_ENDINGS = {
    "csv": {"csv", "txt", "tsv", "tab"},
    "xlsx": {"xlsx", "xlsm", "xltx", "xltm"},
    "xlsb": {"xlsb"},
    "xls": {"xls", "xlt"},
    "ods": {"ods", "ots"},
}
_KINDS = {"csv": _l("a text file (CSV)"), "xlsx": "Excel (.xlsx)", "xlsb": "Excel (.xlsb)",
          "xls": "Excel (.xls)", "ods": "OpenDocument (.ods)"}  # fmt: skip
_REFUSALS = {
    "members": _l("This workbook has too many parts. Copy the table to a new file and send that."),
    "unpacked": _l("This workbook is larger than 50 MB when unpacked. Send it in smaller files."),
    "password": _l("This workbook is protected by a password. Save it without one."),
    "archive": _l("This is an archive or another document, not a spreadsheet."),
    "other": _l("This is neither a spreadsheet nor a CSV file. Send the table as .xlsx or .csv."),
    "cell": _l("A cell of this workbook holds more than 32,767 characters."),
    "columns": _l("This table has more than 200 columns. Leave out those that are not needed."),
    "rows": _l("This table has more than 50,000 rows. Send it in smaller files."),
    "cells": _l("This table is too large to be read. Send it in smaller files."),
    "slow": _l("This workbook takes too long to read. Copy the table to a new file and send that."),
    "unreadable": _l(
        "This workbook is damaged or protected. Open it, save it anew without a password "
        "and send that file."
    ),
}
_WEB_PAGE = re.compile(rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml|table|meta|head)")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NEAR_TOP = 30
_SAMPLE = 1 << 16
_DELIMITERS = "\t;|,"
"""In the order of preference: a comma is the likeliest to stand inside a text."""


class SheetRefused(Invalid):
    """The file cannot be read as a table; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; ``number`` is the one that a spreadsheet program shows beside it (from 1)."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text: each row has as many cells as there are headings, blank rows are left out.

    A column without a heading is called ``Column C``, or is "" if nothing is in it at all.
    ``notes`` are sentences about the reading that the person should see (encoding, other sheets).
    ``above`` are the cells of the rows above the headings.
    """

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    above: tuple[tuple[str, ...], ...] = ()


Merit = Callable[[Sequence[str]], int]
"""How many cells of a row are headings that somebody knows."""


def read_table(source: bytes | Path, filename: str, merit: Merit | None = None) -> Table:
    """Read a file that a person sent; at most 40 MB, 50,000 rows and 200 columns.

    The name serves only to refuse a file that lies about its kind. ``merit`` finds the headings
    where it knows two of them. SheetRefused, with a sentence, for everything that is not a table
    with a row of headings.
    """
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size > LARGEST:
        raise SheetRefused(_("This file is larger than %(count)d MB.", count=LARGEST >> 20))
    content = source.read_bytes() if isinstance(source, Path) else source
    if not content.strip():
        raise SheetRefused(_("This file is empty."))
    if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return _table(*_workbook_lines(content, filename), merit)
    return _table(*_text_lines(content, filename), merit)


def pasted(text: str) -> list[list[str]]:
    """The rows of a piece of a table that somebody pasted, blank ones left out."""
    delimiter = _delimiter(text)
    try:
        return [cells for _number, cells in _records(text, delimiter)]
    except SheetRefused:  # a quotation mark may just mean inches
        lines = ([cell.strip() for cell in line.split(delimiter)] for line in text.splitlines())
        return [cells for cells in lines if any(cells)]


def _ending(filename: str) -> str:
    return Path(filename).suffix.lower().lstrip(".")


def _refuse_lie(kind: str, filename: str) -> None:
    ending = _ending(filename)
    if ending and ending not in _ENDINGS[kind]:
        raise SheetRefused(
            _(
                "The name of this file ends in .%(ending)s, but it is %(kind)s. "
                "Save it anew as .xlsx or .csv.",
                ending=ending[:10],
                kind=_KINDS[kind],
            )
        )


def _table(lines: Lines, notes: list[str], merit: Merit | None) -> Table:
    """Find the headings: what stands above them (a title, who exported it) is no row.

    They are the row near the top of which most is known; else the first one with two texts and
    half as many as any row there.
    """
    body = list(lines)
    if not body:
        raise SheetRefused(_("This file is empty."))
    texts = [_texts(cells) for _number, cells in body[:_NEAR_TOP]]
    enough = max(2, max(texts) / 2)
    place = next((index for index, count in enumerate(texts) if count >= enough), None)
    known = [merit(cells) for _number, cells in body[:_NEAR_TOP]] if merit else [0]
    if max(known) > 1:
        place = known.index(max(known))
    if place is None:
        raise SheetRefused(
            _("No row with headings was found. The first row of a table names its columns.")
        )
    headings = [" ".join(heading.split()) for heading in body[place][1]]
    above = tuple(tuple(cells) for _number, cells in body[:place])
    body = body[place + 1 :]
    width = max([len(headings), *(len(cells) for _number, cells in body)])
    filled = {index for _number, cells in body for index, cell in enumerate(cells) if cell}
    named = [*headings, *[""] * (width - len(headings))]
    repeated = sorted({name for name in named if name and named.count(name) > 1})
    notes += [
        _("More than one column is called “%(heading)s”.", heading=name[:80]) for name in repeated
    ]
    return Table(
        tuple(
            name or (_("Column %(letters)s", letters=_letters(index)) if index in filled else "")
            for index, name in enumerate(named)
        ),
        tuple(Row(number, (*cells, *[""] * (width - len(cells)))) for number, cells in body),
        tuple(notes),
        above,
    )


def _texts(cells: list[str]) -> int:
    return sum(any(map(str.isalpha, cell)) for cell in cells)


def _letters(index: int) -> str:
    """The name that a spreadsheet program gives a column: 0 is A, 26 is AA."""
    return (_letters(index // 26 - 1) if index >= 26 else "") + chr(65 + index % 26)


# Workbooks


def _workbook_lines(content: bytes, filename: str) -> tuple[Lines, list[str]]:
    """Let the child process read a workbook; its rows, and notes."""
    # By path and without the environment: the child needs neither the portal nor its secrets.
    command = [sys.executable, "-I", reader.__file__]
    try:
        child = subprocess.run(  # noqa: S603 - a fixed command
            command, input=content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=3 * reader.SECONDS, env={}, cwd="/", check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SheetRefused(_REFUSALS["slow"]) from None
    if child.returncode != 0:  # it was stopped: out of memory (an abort) or of processor time
        raise SheetRefused(_REFUSALS["cells"])
    *answers, end = [json.loads(line) for line in child.stdout.splitlines()]
    if end["refused"]:
        raise SheetRefused(_REFUSALS[end["refused"]])
    _refuse_lie(end["kind"], filename)
    notes = []
    if end["sheets"] > 1 and end["sheet"]:
        notes.append(
            ngettext(
                "This workbook has %(num)d sheet; “%(sheet)s” was read.",
                "This workbook has %(num)d sheets; “%(sheet)s” was read.",
                end["sheets"],
                sheet=end["sheet"],
            )
        )
    return ((number, cells) for number, *cells in answers), notes


# Text


def _text_lines(content: bytes, filename: str) -> tuple[Lines, list[str]]:
    """Decode a text, find its delimiter; its rows, and notes."""
    if _WEB_PAGE.match(content):
        raise SheetRefused(
            _("This is a web page, not a spreadsheet. Open it in Excel and save it as .xlsx.")
        )
    if content.startswith((b"%PDF", b"{\\rtf")):
        raise SheetRefused(_REFUSALS["archive"])
    if _is_other(content, filename):
        raise SheetRefused(_REFUSALS["other"])
    _refuse_lie("csv", filename)
    text, encoding = _decoded(content)
    notes = []
    if encoding:
        notes.append(
            _("The text was read as %(encoding)s. Look whether its letters are right.",
              encoding=encoding)
        )  # fmt: skip
    declared = re.match(r"sep=([\t;|,])\r?\n", text)  # Excel hides this line, and counts without it
    if declared:
        text = text[declared.end() :]
    return _records(text, declared[1] if declared else _delimiter(text)), notes


def _is_other(content: bytes, filename: str) -> bool:
    """Whether a file is neither a text nor called one: a picture, for instance."""
    is_text = b"\0" not in content[:_SAMPLE] or content.startswith(_UTF_16)
    return not is_text and _ending(filename) not in _ENDINGS["csv"]


def _decoded(content: bytes) -> tuple[str, str | None]:
    """The text, and the name of its encoding if that was a guess."""
    text, guess = None, None
    if content.startswith(_UTF_16):
        encodings = ["utf-16"]
    elif _one_byte_letters(content):
        encodings = ["utf-8-sig", "cp1250", "gb18030"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        guess = {"cp1250": "Windows-1250", "gb18030": "GB18030"}.get(encoding)
        break
    if text is None or "\0" in text:
        raise SheetRefused(
            _("This is not a text in a known encoding. Save it as “CSV UTF-8” or as .xlsx.")
        )
    return text, guess


def _one_byte_letters(content: bytes) -> bool:
    """Whether bytes beyond ASCII stand alone or are odd in number: Polish, not Chinese."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", content[: 1 << 20])]
    return max(runs, default=0) <= 4 and sum(run % 2 for run in runs) * 4 > len(runs)


def _delimiter(text: str) -> str:
    """The character that cuts most of the first records into equally many cells."""
    sample = text[:_SAMPLE]

    def merit(delimiter: str) -> tuple[float, int]:
        try:
            records = [record for record in _csv(sample, delimiter) if record]
        except csv.Error:
            return (0, 0)
        if len(sample) < len(text) and len(records) > 1:
            records.pop()  # it may be cut
        widths = [len(record) for record in records]
        usual = max(set(widths) - {1}, key=lambda width: (widths.count(width), width), default=0)
        stray = sum(cell.count('"') for record in records for cell in record)
        return (widths.count(usual) / max(1, len(widths)), -stray)

    return max(_DELIMITERS, key=merit)


def _csv(text: str, delimiter: str, strict: bool = False) -> Iterator[list[str]]:
    return csv.reader(
        StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=strict
    )


def _records(text: str, delimiter: str) -> Lines:
    """Each record that is not blank, with its number; SheetRefused beyond the limits."""
    rows = cells = number = 0
    try:
        for number, record in enumerate(_csv(text, delimiter, strict=True), 1):
            shown = [_unguarded(cell.strip()) for cell in record]
            while shown and not shown[-1]:
                shown.pop()
            if not shown:
                continue
            rows, cells = rows + 1, cells + len(shown)
            if len(shown) > reader.COLUMNS:
                raise SheetRefused(_REFUSALS["columns"])
            if rows > reader.ROWS + 1:
                raise SheetRefused(_REFUSALS["rows"])
            if cells > reader.CELLS:
                raise SheetRefused(_REFUSALS["cells"])
            yield number, shown
    except csv.Error:
        raise SheetRefused(
            _("The quotation marks of row %(number)d do not pair, or a cell is too long.",
              number=number + 1)
        ) from None  # fmt: skip


def _unguarded(cell: str) -> str:
    """Take back the apostrophes that ``write_csv`` puts before what looks like a formula."""
    if "'" not in cell:
        return cell
    cell = _INNER_APOSTROPHE.sub("", cell)
    return cell[1:].strip() if cell.startswith("'") and FORMULA.match(cell[1:]) else cell
