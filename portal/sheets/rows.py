"""What is wrong with a row, or worth telling about it; and the file of the rows that are wrong."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.sheets.cells import amount
from portal.sheets.columns import Column, Mapped
from portal.sheets.table import Row, Table

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class RowIssue:
    """A sentence about a row: an error keeps it out, a note does not. No column: the whole row."""

    number: int
    column: str | None
    sentence: str
    level: Literal["error", "note"]


class RowReader:
    """Reads one row's cells through the mapping and collects its issues, in the order of reading.

    >>> reader = RowReader(row, COLUMNS, mapping)
    >>> number = reader.read("number", text, 64)
    >>> cost = reader.amount("cost", exponent=2)
    """

    def __init__(self, row: Row, columns: Sequence[Column], mapping: Mapped) -> None:
        self.row = row
        self.issues: list[RowIssue] = []
        self._columns = columns
        self._mapping = mapping

    @property
    def ok(self) -> bool:
        """Whether the row has no error; notes do not count."""
        return not any(issue.level == "error" for issue in self.issues)

    def cell(self, key: str) -> str:
        """The text of a column's cell, "" if the table has no such column."""
        index = self._mapping.get(key)
        return "" if index is None else self.row.cells[index]

    def read(
        self,
        key: str,
        parse: Callable[Concatenate[str, P], T | None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        """Parse a cell; None if it is blank or wrong, with an issue if wrong or required."""
        try:
            value = parse(self.cell(key), *args, **kwargs)
        except Invalid as refusal:
            self.error(key, refusal.sentence)
            return None
        if value is None:
            column = next(column for column in self._columns if column.key == key)
            if column.required:
                self.error(key, _("%(column)s is missing.", column=column.label))
        return value

    def amount(self, key: str, exponent: int = 2, currency: str | None = None) -> int | None:
        """Money in minor units; a rounding becomes a note on the row."""
        found = self.read(key, amount, exponent, currency)
        if found and found.note:
            self.note(key, found.note)
        return found.minor if found else None

    def error(self, key: str | None, sentence: Any) -> None:
        """Keep the row out, and say why."""
        self.issues.append(RowIssue(self.row.number, key, str(sentence), "error"))

    def note(self, key: str | None, sentence: Any) -> None:
        """Say something that the person should know about the row."""
        self.issues.append(RowIssue(self.row.number, key, str(sentence), "note"))


def refused_rows(
    table: Table, issues: Iterable[RowIssue]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """The rows that have an error, as they came, with one more column: what is wrong.

    Headings and rows for ``write_xlsx`` or ``write_csv``; corrected, the file can be sent again.
    """
    errors: dict[int, list[str]] = {}
    for issue in issues:
        if issue.level == "error":
            errors.setdefault(issue.number, []).append(issue.sentence)
    heading = _("Error")
    # A sheet that was handed back before has the column already.
    kept = [at for at, name in enumerate(table.headings) if name != heading]
    return [*(table.headings[at] for at in kept), heading], [
        (*(row.cells[at] for at in kept), " ".join(errors[row.number]))
        for row in table.rows
        if row.number in errors
    ]
