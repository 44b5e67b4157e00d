"""What a spreadsheet's import would do, and a page of its rows with what is said of each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from portal.core.i18n import _, _l
from portal.sheets.columns import Column, Mapped
from portal.sheets.rows import RowIssue
from portal.sheets.table import Row, Table

SHARES = (
    "wrong", "noted", "new", "open", "changed", "unchanged", "done", "out", "without_price",
    "total",
)  # fmt: skip
"""What can be shown alone, by the names of the counts; the gravest first."""

SIZE = 50
SHOWN = 80
"""How many rows a page has, and how much of a cell it shows."""


class GoodRow(Protocol):
    """A row that can be imported."""

    @property
    def row(self) -> int:
        """Its number in the file."""

    def is_in(self, share: str) -> bool:
        """Whether the row belongs to a share: what it does, or what is special about it."""


R = TypeVar("R", bound=GoodRow, covariant=True)


@dataclass(frozen=True)
class Preview(Generic[R]):
    """What an import would do: the rows that are good, the issues of all, and the counts."""

    total: int
    rows: Sequence[R] = ()
    issues: Sequence[RowIssue] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def wrong(self) -> int:
        """How many rows have an error."""
        return self.counts["wrong"]


def counted(
    total: int, rows: Sequence[GoodRow], issues: Iterable[RowIssue], shares: Iterable[str]
) -> dict[str, int]:
    """How many rows each share has, and how many have a note, or an error."""
    good = {row.row for row in rows}
    noted = {issue.number for issue in issues if issue.level == "note"} & good
    counts = {share: sum(row.is_in(share) for row in rows) for share in shares}
    return {"total": total, **counts, "noted": len(noted), "wrong": total - len(good)}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of master data that can be imported; ``values`` are for whoever writes it.

    ``kind`` is ``new``, ``changed`` or ``unchanged``.
    """

    row: int
    kind: str
    values: tuple[Any, ...] = ()

    def is_in(self, share: str) -> bool:
        """Whether this is what the row does."""
        return share == self.kind


COUNTS = {
    "total": _l("Rows"),
    "new": _l("New"),
    "changed": _l("Changed"),
    "unchanged": _l("Unchanged"),
    "noted": _l("Rows with a note"),
    "wrong": _l("Rows with an error"),
}
"""What a preview of master data counts. A row is new, changed, unchanged or wrong."""


def previewed(
    total: int, rows: Sequence[SheetRow], issues: Sequence[RowIssue]
) -> Preview[SheetRow]:
    """The preview of master data."""
    return Preview(
        total, rows, issues, counted(total, rows, issues, ("new", "changed", "unchanged"))
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file; ``said`` is None if it has an error."""

    row: int
    cells: Mapping[str, str]
    said: GoodRow | None
    errors: Sequence[str]
    notes: Sequence[str]


def share_shown(preview: Preview[GoodRow], wanted: str | None) -> str:
    """The share that is asked for, or the gravest that there is."""
    if wanted in SHARES and wanted in preview.counts:
        return wanted
    return next((name for name in SHARES[:2] if preview.counts[name]), "total")


def in_words(columns: Sequence[Column]) -> Callable[[RowIssue], str]:
    """What makes an issue a sentence that names its column."""
    labels = {column.key: column.label for column in columns}

    def write(issue: RowIssue) -> str:
        label = labels.get(issue.column or "")
        if not label:
            return issue.sentence
        return _("%(field)s: %(sentence)s", field=label, sentence=issue.sentence)

    return write


def told(issues: Iterable[RowIssue], columns: Sequence[Column]) -> list[RowIssue]:
    """The issues with the names of their columns in their sentences."""
    write = in_words(columns)
    return [replace(issue, sentence=write(issue)) for issue in issues]


def lines(
    preview: Preview[GoodRow],
    table: Table,
    columns: Sequence[Column],
    mapping: Mapped,
    share: str,
    page: int,
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
    write = in_words(columns)
    made = [
        Line(
            row.number,
            {key: "" if at is None else row.cells[at][:SHOWN] for key, at in mapping.items()},
            said.get(row.number),
            [write(issue) for issue in issues[row.number] if issue.level == "error"],
            [write(issue) for issue in issues[row.number] if issue.level == "note"],
        )
        for row in shown
    ]
    return made, len(rows) > page * SIZE


def _belongs(said: GoodRow | None, row: Row, share: str, noted: set[int]) -> bool:
    if share == "total":
        return True
    if share == "wrong" or said is None:
        return share == "wrong" and said is None
    return row.number in noted if share == "noted" else said.is_in(share)
