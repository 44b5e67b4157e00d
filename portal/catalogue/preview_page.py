"""A preview as its page shows it: shares of its rows, and each row with what is said of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from portal.catalogue.price_columns import COLUMNS
from portal.catalogue.price_rows import Preview, PriceRow
from portal.sheets.columns import Mapped
from portal.sheets.rows import RowIssue
from portal.sheets.table import Row, Table

SHARES = ("wrong", "noted", "new", "changed", "unchanged", "without_price", "total")
"""What can be shown alone, by the names of the counts; the gravest first."""

SIZE = 50
_LABELS = {column.key: column.label for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file; ``said`` is None if it has an error."""

    row: int
    number: str
    name: str
    said: PriceRow | None
    errors: Sequence[str]
    notes: Sequence[str]


def share_shown(preview: Preview, wanted: str | None) -> str:
    """The share that is asked for, or the gravest that there is."""
    if wanted in SHARES:
        return wanted
    return next((name for name in SHARES[:2] if preview.counts[name]), "total")


def in_words(issue: RowIssue) -> str:
    """An issue as a sentence that names its column."""
    label = _LABELS.get(issue.column or "")
    return f"{label}: {issue.sentence}" if label else issue.sentence


def told(issues: Iterable[RowIssue]) -> list[RowIssue]:
    """The issues with the names of their columns in their sentences."""
    return [replace(issue, sentence=in_words(issue)) for issue in issues]


def lines(
    preview: Preview, table: Table, mapping: Mapped, share: str, page: int
) -> tuple[list[Line], bool]:
    """A page of a share of the rows, counted from 1, and whether there is more."""
    said = {row.row: row for row in preview.rows}
    noted = {issue.number for issue in preview.issues if issue.level == "note"}
    rows = [row for row in table.rows if _belongs(said.get(row.number), row, share, noted)]
    shown = rows[(page - 1) * SIZE : page * SIZE]
    issues: dict[int, list[RowIssue]] = {row.number: [] for row in shown}
    for issue in preview.issues:
        if issue.number in issues:
            issues[issue.number].append(issue)
    made = [_line(row, said.get(row.number), issues[row.number], mapping) for row in shown]
    return made, len(rows) > page * SIZE


def _belongs(said: PriceRow | None, row: Row, share: str, noted: set[int]) -> bool:
    if share == "total":
        return True
    if share == "wrong" or said is None:
        return share == "wrong" and said is None
    if share == "noted":
        return row.number in noted
    if share == "without_price":
        return said.cost == 0
    return said.kind == share


def _line(row: Row, said: PriceRow | None, issues: list[RowIssue], mapping: Mapped) -> Line:
    def cell(key: str) -> str:
        index = mapping.get(key)
        return "" if index is None else row.cells[index][:80]

    return Line(
        row.number,
        said.number if said else cell("number"),
        said.name if said else cell("name") or cell("name_zh") or cell("name_pl"),
        said,
        [in_words(issue) for issue in issues if issue.level == "error"],
        [in_words(issue) for issue in issues if issue.level == "note"],
    )
