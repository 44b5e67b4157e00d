"""Presses: a form that is sent twice has one effect, whatever it makes.

Every form carries a key of the page that it stands on. The first request that takes effect leaves,
in its own transaction, a mark with the place that it led to. An equal one, of the same person and
with the same key, address and contents, is led to that place and changes nothing; sent at the same
time, it waits for the first. A form that was changed and sent again is another press.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask, g, redirect, request
from flask_login import current_user
from sqlalchemy import Index, String, bindparam, delete, select, text, update
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import Base, UtcDateTime, in_transaction, reading, session

FIELD = "press"
KEPT_FOR = timedelta(days=7)
_KEY = re.compile("[A-Za-z0-9_-]{16,64}")


class Press(Base):
    """A request that took effect: the digest of all that it said, and where it led."""

    __tablename__ = "press"
    __table_args__ = (Index("ix_press_at", "at"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    location: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


_MARK = text(
    "INSERT INTO press (digest, location, at) VALUES (:digest, '', :at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=UtcDateTime()))
"""On either database it waits for an equal one that is under way."""


def key() -> str:
    """The key of the page that is being shown; a form that is shown again keeps its own."""
    if "press" not in g:
        g.press = _sent() or secrets.token_urlsafe(12)
    made: str = g.press
    return made


def _sent() -> str | None:
    if request.method != "POST":
        return None
    given = request.form.get(FIELD, "")
    return given if _KEY.fullmatch(given) else None


def digest() -> str | None:
    """What tells this request from any other; None for one that carries no key.

    What a script saves as one types carries the key of its page, and may be sent ever again.
    """
    if not (sent := _sent()) or not current_user.is_authenticated:
        return None
    if request.headers.get("HX-Request") == "true":
        return None
    if "press_digest" not in g:
        typed = [one for one in request.form.items(multi=True) if one[0] != "csrf_token"]
        files = [
            (name, item.filename, _digest_of(item))
            for name, item in request.files.items(multi=True)
        ]
        said = [current_user.actor.id, sent, request.full_path, typed, files]
        g.press_digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    made: str = g.press_digest
    return made


def _digest_of(item: FileStorage) -> str:
    """What tells a file from another of the same name: a phone calls every photo the same."""
    found = hashlib.file_digest(item.stream, "sha256").hexdigest()  # type: ignore[arg-type]
    item.stream.seek(0)
    return found


def _led_to() -> Response | None:
    where = session.scalars(select(Press.location).where(Press.digest == digest())).one_or_none()
    return None if where is None else redirect(where, 303)


def repeated() -> Response | None:
    """The answer to a request that took effect before: for who works before the transaction."""
    if digest() is None:
        return None
    with reading():
        return _led_to()


def once(work: Callable[[], Response], *, now: datetime) -> Response:
    """Do this request's work in the present transaction, unless an equal one did it already."""
    if digest() is None:
        return work()
    marked = session.execute(_MARK, {"digest": digest(), "at": now})
    if not marked.rowcount and (done := _led_to()) is not None:  # type: ignore[attr-defined]
        return done
    answer = work()
    mine = Press.digest == digest()
    if answer.status_code == 303:
        session.execute(update(Press).where(mine).values(location=answer.location))
    else:
        session.execute(delete(Press).where(mine))
    return answer


@jobs.timer("presses.sweep")
def sweep(clock: Clock) -> None:
    """Forget presses that nobody repeats any more."""
    old = Press.at < clock.now() - KEPT_FOR
    with reading():
        found = session.scalars(select(Press.digest).where(old).limit(1)).first()
    if found:
        in_transaction(lambda: session.execute(delete(Press).where(old)))


BY_SCRIPT = "X-By-Script"
"""The header of a form that a script sends in the page's stead."""


def _place(response: Response) -> Response:
    """Tell a script where its form led: it cannot read that of a redirect, nor leave it unread."""
    if BY_SCRIPT in request.headers and response.status_code == 303:
        response.status_code = 204
        response.set_data(b"")
        response.headers["X-Place"] = response.headers.pop("Location")
    return response


def init_app(app: Flask) -> None:
    """Let every form carry the key of its page."""
    app.jinja_env.globals["press_key"] = key
    app.after_request(_place)
