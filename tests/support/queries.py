"""What a page asks the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event, text

from portal.core.db import db, session


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that an application sends while the block lasts, but for BEGIN and its kin."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split(maxsplit=1)[0] not in ("BEGIN", "SAVEPOINT", "RELEASE"):
            statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plan_of(statement: Any) -> str:
    """How the database would answer a statement, were its tables long; in a transaction."""
    bind = session.get_bind()
    asked = statement.compile(bind, compile_kwargs={"literal_binds": True})
    if bind.dialect.name == "sqlite":
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")
    else:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.connection().exec_driver_sql(f"EXPLAIN {asked}")
    return "\n".join(str(row) for row in plan)
