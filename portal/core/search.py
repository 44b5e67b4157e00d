"""Search in a table's ``search_text``: a trigram index on either database.

SQLite has an FTS5 table beside the searched one, PostgreSQL a GIN index on the column.
"""

from typing import Any

from sqlalchemy import ColumnElement, bindparam, column, literal_column, select, table

from portal.core.db import session


def normal(*texts: str | None) -> str:
    """The text to search in: lower case, one blank between words."""
    return " ".join(" ".join(filter(None, texts)).lower().split())


def matches(
    model: Any, text: str, *, own: bool = False, newest: int | None = None
) -> ColumnElement[bool]:
    """The condition that a row's search text contains what was typed, all of it, in any case.

    ``own`` says that other conditions leave few rows (one dealer's): SQLite then looks at those
    rather than in the index of all. With ``newest`` its index gives no more than so many rows,
    the last ones: a word that is in every row would otherwise be looked up in every row.
    """
    wanted = normal(text)
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # In the statement itself: PostgreSQL's plan for any text reads the whole index for a short one.
    pattern: Any = bindparam(None, f"%{escaped}%", literal_execute=True)
    contains: ColumnElement[bool] = model.search_text.like(pattern, escape="\\")
    if session.get_bind().dialect.name != "sqlite" or len(wanted) < 3 or own:
        return contains
    index = table(f"{model.__tablename__}_search", column("search_text"))
    phrase = '"' + wanted.replace('"', '""') + '"'
    rowid: Any = literal_column("rowid")
    hits: Any = select(rowid).select_from(index).where(index.c.search_text.match(phrase))
    if newest is not None:
        hits = hits.order_by(rowid.desc()).limit(literal_column(str(newest)))
    found: ColumnElement[bool] = model.id.in_(hits)
    return found
