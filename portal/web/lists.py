"""Lists: filters in the URL, tabs with cheap counts, and keyset paging.

A list page costs a fixed number of queries whatever its length: one for the rows and one for
all the tabs' counts, each of which stops counting at a thousand.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from flask import request
from sqlalchemy import ColumnElement, ScalarSelect, func, literal_column, or_, select

from portal.core.db import AnyRow, AnySelect, session
from portal.core.workflow import State, Workflow
from portal.web.links import url_for

SIZE = 50
MOST = 1000


@dataclass(frozen=True)
class Tab:
    """A named share of a list: some states, or all rows if ``where`` is None."""

    name: str
    label: Any
    where: ColumnElement[bool] | None = None


@dataclass(frozen=True)
class Listed:
    """One page of a list; ``next_url`` and ``first_url`` where there is more on either side."""

    rows: Sequence[AnyRow]
    next_url: str | None
    first_url: str | None


def states(workflow: Workflow) -> Callable[[str], State]:
    """The states of a list's rows, each with its words looked up once."""

    @cache
    def shown(name: str) -> State:
        state = workflow.state(name)
        next_ = str(state.waits_for) if state.waits_for else None
        return State(state.name, str(state.label), state.tone, next_)

    return shown


def _cursor(at: datetime, key: int) -> str:
    return urlsafe_b64encode(f"{at.isoformat()}|{key}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[datetime, int] | None:
    try:
        at, _bar, key = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
        last = datetime.fromisoformat(at), int(key)
        last[0].astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return last if last[0].tzinfo and 0 <= last[1] < 2**63 else None


def here(**changes: Any) -> str:
    """This page's address with some of its parameters changed; None takes one out."""
    own = request.view_args or {}
    values = request.args.to_dict() | changes
    kept = {
        name: value
        for name, value in values.items()
        # A stranger's parameter must not be taken for one of url_for's.
        if value not in (None, "") and name not in own and name not in ("endpoint", "self")
        if not name.startswith("_")
    }
    return url_for(str(request.endpoint), **own, **kept)


def page(
    statement: AnySelect, at: Any, key: Any, *, size: int = SIZE, oldest_first: bool = False
) -> Listed:
    """The page of a statement that the URL's ``after`` names, newest first if not told otherwise.

    ``at`` and ``key`` are the columns that order it; the statement selects them under the names
    ``created_at`` and ``id``.
    """
    after = _read_cursor(request.args.get("after", ""))
    if after is not None:
        # Spelled out, because SQLite does not use an index for a comparison of rows of a join;
        # the first condition is where the index begins, so that what is before is not read.
        if oldest_first:
            beyond = (at >= after[0], or_(at > after[0], key > after[1]))
        else:
            beyond = (at <= after[0], or_(at < after[0], key < after[1]))
        statement = statement.where(*beyond)
    order = (at.asc(), key.asc()) if oldest_first else (at.desc(), key.desc())
    limit: Any = literal_column(str(size + 1))
    rows = session.execute(statement.order_by(*order).limit(limit)).all()
    more = len(rows) > size
    rows = rows[:size]
    return Listed(
        rows,
        here(after=_cursor(rows[-1].created_at, rows[-1].id)) if more else None,
        here(after=None) if after is not None else None,
    )


def page_by(statement: AnySelect, column: Any, *, size: int = SIZE) -> Listed:
    """The page of a statement that the URL's ``after`` names, in the order of a text column.

    Every row has a text of its own there; the statement selects it under the column's name.
    """
    after = _read_text_cursor(request.args.get("after", ""))
    if after is not None:
        statement = statement.where(column > after)
    limit: Any = literal_column(str(size + 1))
    rows = session.execute(statement.order_by(column).limit(limit)).all()
    more = len(rows) > size
    rows = rows[:size]
    last = getattr(rows[-1], column.key) if more else ""
    return Listed(
        rows,
        here(after=urlsafe_b64encode(last.encode()).decode().rstrip("=")) if more else None,
        here(after=None) if after is not None else None,
    )


def _read_text_cursor(text: str) -> str | None:
    try:
        last = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    return last if last and "\0" not in last else None


def capped(model: Any, *where: ColumnElement[bool]) -> ScalarSelect[int]:
    """A column with the number of a table's rows, counted no further than a page shows it."""
    limit: Any = literal_column(str(MOST + 1))
    some: AnySelect = select(literal_column("1")).select_from(model).where(*where).limit(limit)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def in_words(count: int) -> str:
    """A capped count as text: exact up to a thousand, then ``1000+``."""
    return f"{MOST}+" if count > MOST else str(count)


def counts(model: Any, scope: Iterable[ColumnElement[bool]], tabs: Sequence[Tab]) -> list[str]:
    """How many rows each tab has, as text: exact up to a thousand, then ``1000+``."""
    scope = tuple(scope)
    columns = (capped(model, *scope, *(() if tab.where is None else (tab.where,))) for tab in tabs)
    return [in_words(count) for count in session.execute(select(*columns)).one()]


def current(tabs: Sequence[Tab]) -> Tab:
    """The tab that the URL names, or the first."""
    name = request.args.get("tab")
    return next((tab for tab in tabs if tab.name == name), tabs[0])


def tab_items(tabs: Sequence[Tab], numbers: Sequence[str]) -> list[tuple[Any, str, str, bool]]:
    """The tabs for the ``tabs`` component: label, count, address, whether it is this one."""
    chosen = current(tabs)
    return [
        (
            tab.label,
            number,
            here(tab=None if tab is tabs[0] else tab.name, after=None),
            tab is chosen,
        )
        for tab, number in zip(tabs, numbers, strict=True)
    ]
