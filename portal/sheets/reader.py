"""The child process that opens a workbook, so that a hostile file hurts nobody else.

``table.py`` starts this file by its path, with the workbook on stdin. It imports nothing of the
portal (a fifth of a second and 60 MB less) and limits its own memory and time before it looks at
the first byte. On stdout, each line is JSON: ``[row number, cell, ...]`` for a row that is not
blank, and last an object with ``kind``, ``sheet``, ``sheets`` and ``refused`` (a code or null).
"""

import json
import os
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, time
from decimal import Decimal
from io import BytesIO
from typing import IO, Any
from xml.etree import ElementTree

ROWS = 50_000
COLUMNS = 200
CELLS = 2_000_000
LONGEST_CELL = 32_767
"""Characters in one cell; Excel has the same limit."""
SECONDS = 20
"""Of processor time; on a clock it may take thrice as long, where others work beside it."""
MEMORY = 1 << 30
WRITABLE_MEMORY = 480 << 20
"""Of the address space, what may be filled; with the libraries it stays below 512 MB resident."""
MEMBERS, PICTURES = 100, 1000
UNPACKED = 50 << 20
RATIO = 100
TEXT = 32 << 20
"""Characters in all cells together: a shared string may be named a million times."""

_ERROR_CELL = re.compile(
    rb'<(?:\w+:)?c\b(?=[^<>]*\bt="e")[^<>]*\br="([A-Z]{1,3})([0-9]{1,7})"[^<>]*>'
    rb"(?:<(?:\w+:)?f\b[^<>]*(?:/>|>[^<>]*</(?:\w+:)?f>))?<(?:\w+:)?v>([#A-Z0-9/!?_]{2,20})</"
)
_MIMETYPE_ODS = b"application/vnd.oasis.opendocument.spreadsheet"


class Refused(Exception):
    """The workbook is refused; the argument is a code that ``table.py`` has a sentence for."""


def confine() -> None:
    """Limit this process: address space, writable memory, processor time, no file written.

    It gives way to whoever waits for a page.
    """
    os.nice(7)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_DATA, WRITABLE_MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # macOS knows some of them by name only
            resource.setrlimit(what, (most, most))


def kind_of_archive(archive: zipfile.ZipFile, packed: int) -> str:
    """Tell xlsx, xlsb and ods apart by what is inside; Refused if too large or none of them."""
    members = archive.infolist()
    names = {member.filename.replace("\\", "/").lower() for member in members}
    pictures = [m for m in members if re.search(r"(?i)\b(media|pictures)[/\\]", m.filename)]
    unpacked = sum(member.file_size for member in members)
    if len(members) - len(pictures) > MEMBERS or len(pictures) > PICTURES:
        raise Refused("members")
    if unpacked > UNPACKED or unpacked > RATIO * packed:
        raise Refused("unpacked")
    if any(member.flag_bits & 1 for member in members):
        raise Refused("password")
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "mimetype" in names and archive.read("mimetype").startswith(_MIMETYPE_ODS):
        if b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise Refused("password")
        return "ods"
    raise Refused("archive")


def as_text(value: Any) -> str:
    """A cell as a person reads it: 12 not 12.0, dates as ISO, truth as TRUE and FALSE."""
    if isinstance(value, str):
        if len(value) > LONGEST_CELL:
            raise Refused("cell")
        return value.replace("\0", "").strip()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e17:
            return str(int(value))
        shown = f"{value:.15g}"  # Excel, too, keeps fifteen digits
        return f"{Decimal(shown):f}" if "e-" in shown and abs(value) > 1e-15 else shown
    if isinstance(value, datetime):
        at_midnight = value.time() == time()
        return value.date().isoformat() if at_midnight else value.isoformat(" ", "seconds")
    return str(value)


def error_cells(archive: zipfile.ZipFile, name: str) -> dict[tuple[int, int], str]:
    """The cells of an .xlsx sheet that hold an error such as #N/A, by row and column from 0.

    The reading library gives them as blank, and a price that could not be computed is not a price
    that was left out. In the other formats they stay blank.
    """
    with suppress(KeyError, StopIteration, ElementTree.ParseError, zipfile.BadZipFile):
        # The parser is this process's, within its limits; its expat refuses entity bombs.
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        sheet = next(s for s in book.iterfind(".//{*}sheet") if s.get("name") == name)
        link = next(value for key, value in sheet.items() if key.endswith("}id"))
        target = next(r.get("Target", "") for r in links if r.get("Id") == link)
        content = archive.read(target[1:] if target.startswith("/") else "xl/" + target)
        return {
            (int(row) - 1, _column(letters)): text.decode()
            for letters, row, text in _ERROR_CELL.findall(content)
        }
    return {}


def _column(letters: bytes) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return column - 1


def rows_of(sheet: Any, errors: dict[tuple[int, int], str]) -> Iterator[list[Any]]:
    """Each row that is not blank as [number as in Excel, cell, ...]; Refused beyond the limits."""
    first_column = sheet.start[1]
    rows = cells = characters = 0
    for index, values in enumerate(sheet.iter_rows()):
        if not errors and values.count("") == len(values):
            continue
        shown = [as_text(value) for value in values]
        if errors:
            for column in range(len(shown)):
                shown[column] = shown[column] or errors.get((index, column + first_column), "")
        while shown and not shown[-1]:
            shown.pop()
        if not shown:
            continue
        rows, cells = rows + 1, cells + len(shown)
        characters += sum(map(len, shown))
        if len(shown) > COLUMNS:
            raise Refused("columns")
        if rows > ROWS + 1:  # the headings are one more
            raise Refused("rows")
        if cells > CELLS or characters > TEXT:
            raise Refused("cells")
        yield [index + 1, *shown]


def read(workbook: bytes, answer: IO[str]) -> dict[str, Any]:
    """Write the rows of the first visible sheet that has any to ``answer``; return what it was."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum, load_workbook

    archive = None
    kind = "xls"
    if workbook.startswith(b"PK"):
        archive = zipfile.ZipFile(BytesIO(workbook))
        kind = kind_of_archive(archive, len(workbook))
    elif "EncryptedPackage".encode("utf-16-le") in workbook:
        raise Refused("password")
    book = load_workbook(BytesIO(workbook))
    visible = [
        (index, sheet.name)
        for index, sheet in enumerate(book.sheets_metadata)
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    ]
    for index, name in visible:
        sheet = book.get_sheet_by_index(index)
        if sheet.start is not None:
            errors = error_cells(archive, name) if archive and kind == "xlsx" else {}
            for row in rows_of(sheet, errors):
                answer.write(json.dumps(row, ensure_ascii=False) + "\n")
            return {"kind": kind, "sheet": name, "sheets": len(visible), "refused": None}
    return {"kind": kind, "sheet": "", "sheets": len(visible), "refused": None}


def main() -> None:
    """Read stdin, answer on stdout; every failure is a code, never a traceback."""
    confine()
    with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="\n", closefd=False) as answer:
        try:
            end = read(sys.stdin.buffer.read(), answer)
        except Refused as refused:
            end = {"refused": refused.args[0]}
        except MemoryError:
            end = {"refused": "cells"}
        except BaseException:  # a panic of the library is not an Exception
            end = {"refused": "unreadable"}
        answer.write(json.dumps(end) + "\n")


if __name__ == "__main__":
    main()
