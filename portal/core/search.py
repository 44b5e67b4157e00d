"""Search in a table's ``search_text``: a trigram index on either database.

SQLite has an FTS5 table beside the searched one, PostgreSQL a GIN index on the column.
"""

from typing import Any
from unicodedata import normalize

from sqlalchemy import (
    ColumnElement,
    Text,
    bindparam,
    column,
    literal,
    literal_column,
    select,
    table,
)

from portal.core.db import session

LEAST_DIGITS = 7
"""So many of a phone's last digits are enough to look for it."""


def normal(*texts: str | None) -> str:
    """The text to search in: lower case, one blank between words."""
    return " ".join(" ".join(filter(None, texts)).lower().split())


def phone_digits(text: str) -> str:
    """The digits of a text that can be a phone number, or its end; empty if it is none."""
    digits = "".join(filter(str.isdecimal, normalize("NFKC", text)))
    return digits if len(digits) >= LEAST_DIGITS and not any(map(str.isalpha, text)) else ""


def matches(
    model: Any, text: str, *, own: bool = False, newest: int | None = None
) -> ColumnElement[bool]:
    """The condition that a row's search text contains what was typed, all of it, in any case.

    ``own`` is as in ``by_index``, ``newest`` as in ``matching``.
    """
    given = values(text)
    pattern: Any = bindparam(None, given["pattern"], literal_execute=True)
    return _condition(model, by_index(text, own=own), newest, pattern, literal(given["phrase"]))


def matching(model: Any, *, indexed: bool, newest: int | None = None) -> ColumnElement[bool]:
    """The same for any text: ``values`` and ``by_index`` say what it needs of one.

    With ``newest``, SQLite's index gives no more than so many rows, the last ones: a word that is
    in every row would otherwise be looked up in every row.
    """
    pattern: Any = bindparam("pattern", type_=Text(), literal_execute=True)
    return _condition(model, indexed, newest, pattern, bindparam("phrase", type_=Text()))


def values(text: str) -> dict[str, str]:
    """What ``matching`` leaves open."""
    wanted = normal(text)
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"pattern": f"%{escaped}%", "phrase": '"' + wanted.replace('"', '""') + '"'}


def by_index(text: str, *, own: bool = False) -> bool:
    """Whether SQLite looks a text up in its index.

    Not a short one, and not with ``own``: where other conditions leave few rows (one dealer's),
    it looks at those.
    """
    return session.get_bind().dialect.name == "sqlite" and len(normal(text)) >= 3 and not own


def _condition(
    model: Any, indexed: bool, newest: int | None, pattern: Any, phrase: Any
) -> ColumnElement[bool]:
    if not indexed:
        # The pattern stands in the statement itself, where PostgreSQL's planner sees it: a plan for
        # any text reads the whole index for a short one.
        found_in: ColumnElement[bool] = model.search_text.like(pattern, escape="\\")
        return found_in
    index = table(f"{model.__tablename__}_search", column("search_text"))
    rowid: Any = literal_column("rowid")
    hits: Any = select(rowid).select_from(index).where(index.c.search_text.match(phrase))
    if newest is not None:
        hits = hits.order_by(rowid.desc()).limit(literal_column(str(newest)))
    found: ColumnElement[bool] = model.id.in_(hits)
    return found


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """The condition that a column holds a text, whichever way it is written large or small."""
    condition: ColumnElement[bool] = column.icontains(text, autoescape=True)
    return condition
