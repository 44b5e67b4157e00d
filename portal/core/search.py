"""Search in a table's ``search_text``: a trigram index on either database.

SQLite has an FTS5 table beside the searched one, PostgreSQL a GIN index on the column.
"""

from typing import Any

from sqlalchemy import ColumnElement, column, literal_column, select, table

from portal.core.db import session


def normal(*texts: str | None) -> str:
    """The text to search in: lower case, one blank between words."""
    return " ".join(" ".join(filter(None, texts)).lower().split())


def matches(model: Any, text: str) -> ColumnElement[bool]:
    """The condition that a row's search text contains what was typed, all of it, in any case."""
    wanted = normal(text)
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    contains: ColumnElement[bool] = model.search_text.like(f"%{escaped}%", escape="\\")
    if session.get_bind().dialect.name != "sqlite" or len(wanted) < 3:
        return contains
    index = table(f"{model.__tablename__}_search", column("search_text"))
    phrase = '"' + wanted.replace('"', '""') + '"'
    hits: Any = (
        select(literal_column("rowid")).select_from(index).where(index.c.search_text.match(phrase))
    )
    found: ColumnElement[bool] = model.id.in_(hits)
    return found
