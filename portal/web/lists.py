"""Lists: filters in the URL, tabs with cheap counts, and keyset paging.

A list page costs a fixed number of queries whatever its length: one for the rows and one for
all the tabs' counts, each of which stops counting at a thousand.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from flask import request
from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from portal.core.clock import parse_day
from portal.core.db import AnyRow, AnySelect, rows
from portal.core.workflow import State, Workflow
from portal.web import languages
from portal.web.forms import clean
from portal.web.links import url_for

SIZE = 50
MOST = 1000


@dataclass(frozen=True)
class Tab:
    """A named share of a list: some states, or all rows if ``where`` is None.

    ``parts`` are conditions that make up ``where`` and have an index each: where there are
    several, a page is the first rows of the first rows of each.
    """

    name: str
    label: Any
    where: ColumnElement[bool] | None = None
    parts: tuple[ColumnElement[bool], ...] = ()


def tab_of(name: str, label: Any, column: Any, *values: str) -> Tab:
    """The share of a list that has one of these values in a column."""
    # Written into the statement: planners know how many rows have which.
    words: list[Any] = [literal_column(f"'{value}'") for value in values]
    parts = tuple(column == word for word in words)
    return Tab(name, label, column.in_(words) if len(words) > 1 else parts[0], parts)


@dataclass(frozen=True)
class Listed:
    """One page of a list; ``next_url`` and ``first_url`` where there is more on either side."""

    rows: Sequence[AnyRow]
    next_url: str | None
    first_url: str | None


@dataclass(frozen=True)
class Selection:
    """All rows that a list shows under its filters, newest first if not told otherwise.

    ``at`` and ``key`` are the columns that order it, as ``page`` takes them.
    """

    statement: AnySelect
    at: Any
    key: Any
    tab: Tab | None = None
    oldest_first: bool = False

    def page(self) -> Listed:
        """The page of it that the URL's ``after`` names."""
        return page(self.statement, self.at, self.key, tab=self.tab, oldest_first=self.oldest_first)

    @property
    def whole(self) -> AnySelect:
        """The statement of all its rows, in the same order."""
        own = () if self.tab is None or self.tab.where is None else (self.tab.where,)
        return self.statement.where(*own).order_by(*_order(self.at, self.key, self.oldest_first))


def states(workflow: Workflow) -> Callable[[str], State]:
    """The states of a list's rows by name, in the reader's words."""
    key = id(workflow), languages.code()
    if key not in _in_words:
        _in_words[key] = {
            state.name: replace(
                state, label=str(state.label), waits_for=state.waits_for and str(state.waits_for)
            )
            for state in workflow.states
        }
    return _in_words[key].__getitem__


_in_words: dict[tuple[int, str], dict[str, State]] = {}


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
    return with_filters(str(request.endpoint), request.view_args or {}, changes)


def typed(name: str = "q") -> str:
    """What the URL's parameter says, as it can be searched for: at most 100 characters."""
    return str(clean(request.args.get(name, "")))[:100]


def filters_on() -> list[tuple[str, str]]:
    """The filters of this page's URL, by name, for a form to carry along."""
    return filters_of(request.args.to_dict())


def filters_of(parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    """The filters among a list's parameters; not the place in the list."""
    return sorted(
        (name, value[:200])
        for name, value in parameters.items()
        if value and name != "after" and _is_free(name)
    )


def _is_free(name: str) -> bool:
    """A stranger's parameter must not be taken for one of url_for's."""
    return name not in ("endpoint", "self") and not name.startswith("_") and len(name) <= 40


def with_filters(endpoint: str, own: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """The address of a page that ``own`` names, with this one's parameters, some changed."""
    values = {**request.args.to_dict(), **changes}
    kept = {
        name: value
        for name, value in values.items()
        if value not in (None, "") and name not in own and _is_free(name)
    }
    return url_for(endpoint, **own, **kept)


def days_asked() -> tuple[datetime | None, datetime | None]:
    """The time between the days that the URL names as ``from`` and ``to``, in the reader's zone.

    From the first moment of the one to the last of the other: the end is the first that is not
    meant. None for a day that is not named, or is none.
    """
    first, last = _day_asked("from"), _day_asked("to")
    zone = languages.zone()
    return (
        datetime.combine(first, time(), zone) if first else None,
        datetime.combine(last + timedelta(days=1), time(), zone) if last else None,
    )


def _day_asked(name: str) -> date | None:
    try:
        day = parse_day(request.args.get(name, ""))
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2999 else None


def page(
    statement: AnySelect,
    at: Any,
    key: Any,
    *,
    tab: Tab | None = None,
    size: int = SIZE,
    oldest_first: bool = False,
    values: Mapping[str, Any] | None = None,
    at_of: Callable[[AnyRow], datetime] = attrgetter("created_at"),
) -> Listed:
    """The page of a statement that the URL's ``after`` names, newest first if not told otherwise.

    ``at`` and ``key`` are the columns that order it, neither of them ever NULL; ``at_of`` gives
    the first of a row, the second is its ``id``. ``values`` are those that the statement leaves
    open: then it should be made once, and so is what this makes of it.
    """
    after = _read_cursor(request.args.get("after", ""))
    made = _made.setdefault(statement, {})
    shape = tab and tab.name, size, oldest_first, after is not None
    if shape not in made:
        made[shape] = _page(statement, at, key, tab, size, oldest_first, after is not None)
    cursor = {"after_at": after[0], "after_key": after[1]} if after else {}
    found = rows(made[shape], {**(values or {}), **cursor})
    more = len(found) > size
    found = found[:size]
    return Listed(
        found,
        here(after=_cursor(at_of(found[-1]), found[-1].id)) if more else None,
        here(after=None) if after is not None else None,
    )


_made: WeakKeyDictionary[AnySelect, dict[Any, AnySelect]] = WeakKeyDictionary()
"""The pages' statements, for as long as the statement that they were made of is there."""


def _page(
    statement: AnySelect,
    at: Any,
    key: Any,
    tab: Tab | None,
    size: int,
    oldest_first: bool,
    further: bool,
) -> AnySelect:
    if further:
        after_at: Any = bindparam("after_at", type_=at.type)
        after_key: Any = bindparam("after_key", type_=key.type)
        # Spelled out, because SQLite does not use an index for a comparison of rows of a join;
        # the first condition is where the index begins, so that what is before is not read.
        if oldest_first:
            beyond = (at >= after_at, or_(at > after_at, key > after_key))
        else:
            beyond = (at <= after_at, or_(at < after_at, key < after_key))
        statement = statement.where(*beyond)
    order = _order(at, key, oldest_first)
    limit: Any = literal_column(str(size + 1))
    if tab is not None and tab.where is not None:
        if len(tab.parts) > 1:
            firsts = (
                statement.with_only_columns(key).where(part).order_by(*order).limit(limit)
                for part in tab.parts
            )
            union = union_all(*(select(first.subquery()) for first in firsts))
            statement = statement.where(key.in_(union))
        else:
            statement = statement.where(tab.where)
    return statement.order_by(*order).limit(limit)


def _order(at: Any, key: Any, oldest_first: bool) -> tuple[Any, Any]:
    return (at.asc(), key.asc()) if oldest_first else (at.desc(), key.desc())


def page_by(statement: AnySelect, column: Any, *, size: int = SIZE) -> Listed:
    """The page of a statement that the URL's ``after`` names, in the order of a text column.

    Every row has a text of its own there; the statement selects it under the column's name.
    """
    after = _read_text_cursor(request.args.get("after", ""))
    if after is not None:
        statement = statement.where(column > after)
    limit: Any = literal_column(str(size + 1))
    found = rows(statement.order_by(column).limit(limit))
    more = len(found) > size
    found = found[:size]
    last = getattr(found[-1], column.key) if more else ""
    return Listed(
        found,
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


def counting(model: Any, scope: Iterable[ColumnElement[bool]], tabs: Sequence[Tab]) -> AnySelect:
    """The statement that counts the rows of each tab, each for itself along its index."""
    scope = tuple(scope)
    return select(
        *(capped(model, *scope, *(() if tab.where is None else (tab.where,))) for tab in tabs)
    )


def counting_found(
    model: Any, scope: Iterable[ColumnElement[bool]], tabs: Sequence[Tab]
) -> AnySelect:
    """The statement that counts the rows of each tab in one go, among the first thousand found.

    For a search, which has no index for each tab.
    """
    limit: Any = literal_column(str(MOST + 1))
    marks = (
        literal_column("1") if tab.where is None else case((tab.where, literal_column("1")))
        for tab in tabs
    )
    some = (
        select(*(mark.label(f"tab_{place}") for place, mark in enumerate(marks)))
        .select_from(model)
        .where(*scope)
        .limit(limit)
        .subquery()
    )
    return select(*(func.count(mark) for mark in some.c), func.count().label("found"))


def counts(model: Any, scope: Iterable[ColumnElement[bool]], tabs: Sequence[Tab]) -> list[str]:
    """How many rows each tab has, as text: exact up to a thousand, then ``1000+``."""
    return counted(counting(model, scope, tabs))


def counted(statement: AnySelect, values: Mapping[str, Any] | None = None) -> list[str]:
    """What a statement of ``counting`` or ``counting_found`` counts, as text.

    ``values`` are those that the statement leaves open.
    """
    (numbers,) = rows(statement, values)
    if "found" not in numbers._fields:
        return [in_words(number) for number in numbers]
    *shares, found = numbers
    return [f"{min(share, MOST)}+" if found > MOST else str(share) for share in shares]


def current(tabs: Sequence[Tab]) -> Tab:
    """The tab that the URL names, or the first."""
    name = request.args.get("tab")
    return next((tab for tab in tabs if tab.name == name), tabs[0])


def tab_items(
    tabs: Sequence[Tab], numbers: Sequence[str | None]
) -> list[tuple[Any, str | None, str, bool]]:
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
