"""Lists as files: written to disk row by row, then sent. And other files made for a request."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import wraps
from io import BytesIO
from operator import itemgetter
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

from flask import Flask, current_app, request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.core.db import AnySelect, snapshot, streamed
from portal.core.permissions import Actor
from portal.core.workflow import Workflow
from portal.web import kept_views, languages, lists
from portal.web.routes import Pages

KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
LABELS = {"xlsx": "Excel", "csv": "CSV"}

Write = Callable[[IO[bytes], Sequence[str], Iterable[Sequence[Any]]], None]
"""What writes a table into a file: its headings, then its rows as they come."""


class Column(NamedTuple):
    """A column of a list as a file: its heading, whose name it has in the rows, how it is written.

    Without ``write`` a cell is the value itself. ``beside`` are other values of the row
    that ``write`` is given as well.
    """

    heading: str
    name: str
    write: Callable[..., Any] | None = None
    beside: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """A list as a file: what it is called, the statement of all its rows in order, its columns.

    ``values`` are those that the statement leaves open.
    """

    title: str
    statement: AnySelect
    columns: Sequence[Column]
    values: Mapping[str, Any] = field(default_factory=dict)

    def rows(self) -> Iterator[Sequence[Any]]:
        """The cells of row after row; within ``snapshot()``."""
        names = self.statement.selected_columns.keys()
        places = [names.index(column.name) for column in self.columns]
        chosen = itemgetter(*places)
        writes = [
            (place, column.write, [names.index(name) for name in column.beside])
            for place, column in enumerate(self.columns)
            if column.write is not None
        ]
        for row in streamed(self.statement, self.values):
            cells = list(chosen(row))
            for place, write, others in writes:
                cells[place] = write(cells[place], *(row[other] for other in others))
            yield cells


_exports: dict[str, str] = {}
_whole: list[tuple[str, Callable[[], Table]]] = []
"""The capability of each list that is no one document's, and what tells all of it."""


def offers(
    pages: Pages, rule: str, *, of: str, needs: str
) -> Callable[[Callable[..., Table]], Callable[..., Table]]:
    """Let people take a list along, and keep views of it.

    ``of`` is the endpoint of its page, ``rule`` its address, ``needs`` its capability. The
    decorated function tells what the list shows under the URL's filters.
    """

    def declare(table: Callable[..., Table]) -> Callable[..., Table]:
        @wraps(table)
        def export(ending: str, **values: Any) -> ResponseReturnValue:
            with snapshot():
                return file_of(table(**values), ending)

        route = pages.get(
            f"{rule}/export/<any(xlsx, csv):ending>", needs=needs, own_transactions=True
        )
        route(export)
        _exports[of] = f"{pages.name}.{table.__name__}"
        if "<" not in rule:
            _whole.append((needs, table))
        kept_views.keeps(of)
        return table

    return declare


def exported() -> dict[str, str]:
    """The endpoint that makes a list's file, by the endpoint of its page."""
    return dict(_exports)


def whole(who: Actor) -> list[Callable[[], Table]]:
    """What tells each whole list that somebody may read, in a request without filters."""
    return [table for needs, table in _whole if who.can(needs)]


def files() -> list[tuple[str, str]]:
    """This page's whole list under its filters as a file of each kind: label and address."""
    export, own = _exports[str(request.endpoint)], request.view_args or {}
    return [
        (label, lists.with_filters(export, {**own, "ending": ending}, {"after": None}))
        for ending, label in LABELS.items()
    ]


def file_of(table: Table, ending: str) -> Response:
    """A table as a file, to be saved under its name; within ``snapshot()``."""
    return sheet(table.title, _headings(table), table.rows(), ending)


def _headings(table: Table) -> list[str]:
    return [column.heading for column in table.columns]


def written(table: Table, ending: str) -> IO[bytes]:
    """A table as an open file, from its beginning; within ``snapshot()``."""
    return _written(_headings(table), table.rows(), ending)


def sheet(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], ending: str
) -> Response:
    """Rows as they come, as a file of a kind of ``KINDS``, to be saved under a title."""
    # The server closes it when it is sent.
    return saved(_written(headings, rows, ending), f"{title}.{ending}", KINDS[ending])


def saved(file: IO[bytes], name: str, media_type: str = "application/octet-stream") -> Response:
    """A file to be saved under a name; no browser and no proxy keeps a copy."""
    answer = send_file(file, media_type, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _written(headings: Sequence[str], rows: Iterable[Sequence[Any]], ending: str) -> IO[bytes]:
    write: Write = current_app.extensions["table_writers"][ending]
    file = TemporaryFile()  # noqa: SIM115 - whoever asked for it closes it
    try:
        write(file, headings, rows)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def attachment(content: bytes, name: str, kind: str) -> Response:
    """A file that is small enough to be made in memory, to be saved under a name."""
    return saved(BytesIO(content), f"{name}.{kind}", KINDS[kind])


def money() -> Callable[[int | None], Decimal | None]:
    """What writes amounts in minor units as a sheet has them: in major ones."""
    exponent: int = current_app.extensions["settings"].exponent
    return lambda amount: None if amount is None else Decimal(amount).scaleb(-exponent)


def moments() -> Callable[[datetime | None], datetime | None]:
    """What writes instants as a sheet has them: in the reader's zone, of which no cell knows."""
    zone = languages.zone()
    return lambda at: at and at.astimezone(zone).replace(tzinfo=None, microsecond=0)


def states(workflow: Workflow) -> Callable[[str], str]:
    """What writes the names of states in the reader's words."""
    state = lists.states(workflow)
    return lambda name: str(state(name).label)


def init_app(app: Flask, writers: Mapping[str, Write]) -> None:
    """Give the ways to write a table, by a file's ending; templates show what can be taken."""
    app.extensions["table_writers"] = writers
    app.jinja_env.globals.update(list_files=files, kept_views=kept_views.saved)
