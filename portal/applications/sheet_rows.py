"""The rows of a dealer's own form, or of what is pasted, as lines of an application (A11).

Nothing is lost: what no field takes goes into the remark of its line, and what a field cannot read
stays in it as it came, so that the form says what is wrong with it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from portal.applications.editor import Row, new_line
from portal.applications.models import STOCK, WARRANTY
from portal.applications.services import MOST_LINES, MOST_PIECES
from portal.applications.sheet_columns import (
    COLUMNS,
    EXAMPLE,
    HEAD,
    counts_only,
    head_key,
    merit,
    proposed,
)
from portal.catalogue.cell_parts import parts_named
from portal.catalogue.models import Part
from portal.catalogue.queries import find_parts
from portal.core.errors import Invalid
from portal.core.search import normal
from portal.sheets.cells import day, whole_number
from portal.sheets.columns import Mapped

Cells = Sequence[str]

_EARLIEST = date(1990, 1, 1)
_PIECES = re.compile(
    r"([0-9]+)\s*(szt|kpl|pcs?|pieces?|sets?|ea|个|件|只|套|支|台)\.?", re.IGNORECASE
)
_COUNT = re.compile("[0-9]+")
_FOR_WARRANTY = re.compile("warranty|guarantee|保修|保内|三包|gwaranc", re.IGNORECASE)
_NOT_WARRANTY = re.compile("out of|保外|pogwaranc", re.IGNORECASE)
_FOR_STOCK = re.compile("stock|库存|备货|magazyn|zapas", re.IGNORECASE)
_EVIDENCE = ("product_model", "serial", "purchase_date", "fault")


def pasted_table(records: Sequence[Cells]) -> tuple[Cells, Sequence[Cells], Mapped]:
    """Headings, rows and columns of what was pasted.

    Its first row may be headings; if not, the first two columns are part and quantity.
    """
    first = records[0]
    if merit(first) > 1 or (merit(first) and len(first) == 1):
        return first, records[1:], proposed(first)
    records = [*_counted(records[:MOST_LINES]), *records[MOST_LINES:]]
    width = max(map(len, records))
    mapping: Mapped = {column.key: None for column in COLUMNS} | {"part": 0}
    mapping["quantity"] = 1 if width > 1 else None
    return [str(number + 1) for number in range(width)], records, mapping


def _counted(records: Sequence[Cells]) -> list[Cells]:
    """Rows with the count that follows a part after a mere blank in a cell of its own.

    Unless the whole of it is a part's number. One query.
    """
    cut: dict[str, Cells] = {
        cell: words
        for cell, *beside in records
        if not any(beside)
        and len(words := cell.rsplit(maxsplit=1)) == 2
        and _COUNT.fullmatch(words[1])
    }
    for number in find_parts(cut):
        del cut[number]
    return [record if any(record[1:]) else cut.get(record[0], record) for record in records]


def lines_of(
    headings: Cells, rows: Iterable[Cells], mapping: Mapped, today: date
) -> tuple[list[Row], dict[str, str]]:
    """The lines of a table, and what it says of the application as a whole (``HEAD``)."""
    table = [_Cells(headings, row, mapping) for row in rows if list(row) != list(headings)]
    table = [cells for cells in table if cells["part"] != EXAMPLE]
    found = parts_named(cells["part"] for cells in table)
    head = _head(table)
    usual = WARRANTY if any(mapping.get(key) is not None for key in _EVIDENCE) else STOCK
    return [_line(cells, found.get(cells["part"]), head, usual, today) for cells in table], head


class _Cells:
    """A row's cells by the keys of the columns; ``beside`` are those that no column takes."""

    def __init__(self, headings: Cells, cells: Cells, mapping: Mapped) -> None:
        self.headings, self.cells, self.mapping = headings, cells, mapping
        taken = set(mapping.values())
        self.beside = [
            (heading, cell)
            for index, (heading, cell) in enumerate(zip(headings, cells, strict=False))
            if cell and index not in taken and not counts_only(heading)
        ]

    def has(self, key: str) -> bool:
        """Whether the table has such a column."""
        return self.mapping.get(key) is not None

    def __getitem__(self, key: str) -> str:
        index = self.mapping.get(key)
        return "" if index is None or index >= len(self.cells) else self.cells[index].strip()

    def heading(self, key: str) -> str:
        """What the table calls a column that it has."""
        index = self.mapping[key]
        assert index is not None
        return self.headings[index]


def _line(
    cells: _Cells, part: tuple[Part, str] | None, head: Mapping[str, str], usual: str, today: date
) -> Row:
    beside = list(cells.beside)
    purpose = _purpose(cells["purpose"], usual)
    if not purpose:
        beside.append((cells.heading("purpose"), cells["purpose"]))
    beside += [
        (cells.heading(key), cells[key])
        for key in HEAD
        if cells[key] and cells[key] != head.get(key)
    ]
    number = " ".join((cells["part"] or cells["part_name"]).split())
    names = {"", normal(number)}
    if part:
        number, rest = part[0].number, part[1]
        names |= {normal(name) for name in (part[0].name, part[0].name_zh, part[0].name_pl)}
        if normal(rest) not in names:
            beside.append((cells.heading("part"), rest))
    if normal(cells["part_name"]) not in names:
        beside.append((cells.heading("part_name"), cells["part_name"]))
    said = [cells["remark"]] if cells["remark"] else []
    return new_line(
        part=number,
        quantity=_quantity(cells["quantity"]) if cells.has("quantity") else "1",
        purpose=purpose,
        product_model=" ".join(cells["product_model"].split()),
        serial=" ".join(cells["serial"].split()),
        purchase_date=_day(cells["purchase_date"], today),
        fault=cells["fault"],
        remark="\n".join([*said, *(f"{heading}: {cell}" for heading, cell in beside)]),
    )


def _purpose(cell: str, usual: str) -> str:
    if not cell:
        return usual
    if _FOR_WARRANTY.search(cell) and not _NOT_WARRANTY.search(cell):
        return WARRANTY
    return STOCK if _FOR_STOCK.search(cell) else ""


def _quantity(cell: str) -> str:
    try:
        found = _PIECES.fullmatch(cell)
        return str(whole_number(found[1] if found else cell, 1, MOST_PIECES) or cell)
    except Invalid:
        return cell


def _day(cell: str, today: date) -> str:
    try:
        found = day(cell, _EARLIEST, today)
    except Invalid:
        return cell
    return found.isoformat() if found else cell


# What an application has only one of


def _head(table: Sequence[_Cells]) -> dict[str, str]:
    """What all rows agree on; of contacts and addresses the first one that is named."""
    head = {}
    for key in HEAD:
        named = dict.fromkeys(cells[key] for cells in table if cells[key])
        if named and (len(named) == 1 or key != "reference"):
            head[key] = next(iter(named))
    return head


def head_above(rows: Iterable[Cells]) -> tuple[dict[str, str], str]:
    """What stands above a table: the fields with their labels, and the rest as a text."""
    head: dict[str, str] = {}
    rest = []
    for row in rows:
        cells = [cell.strip() for cell in row if cell.strip()]
        left = []
        while cells:
            cell = cells.pop(0)
            label, _colon, value = cell.replace("：", ":").partition(":")
            key = head_key(label)
            if key and key not in head and (value.strip() or cells):
                head[key] = value.strip() or cells.pop(0)
            else:
                left.append(cell)
        rest.append(" ".join(left))
    return head, "\n".join(filter(None, rest))
