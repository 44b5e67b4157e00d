"""Seals: once a day, one digest over all events since the seal before (P4).

A document's chain says that its own history is whole; who has the database's password could write a
chain anew, from its beginning. A seal is a line of text that can be kept elsewhere: whatever was
changed before it, whole documents included, gives another one.
"""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import Integer, Select, String, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import events, jobs
from portal.core.db import Base, Key, session, streamed
from portal.core.events import Event

KIND = "events.seal"
"""The job that makes a seal, each night."""
LATE, TOLD_FOR = timedelta(days=2), 7
"""So long an event may be in no seal; so many seals a wrong clock is told for, after it."""
TIMED_OUT = "55P03"
"""What PostgreSQL calls a lock that was not to be had in time."""
PATIENCE = 3
"""Seconds to wait for those who write events; whoever comes meanwhile waits as well."""


class Seal(Base):
    """The seal of a day: of the events after those of the seal before, up to ``last_id``.

    ``events`` is how many they are. The database refuses UPDATE and DELETE.
    """

    __tablename__ = "event_seal"

    day: Mapped[date] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    last_id: Mapped[int] = mapped_column(Key)
    events: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))


class _Digest:
    """The digest of a seal on its way."""

    def __init__(self, before: str, day: date) -> None:
        self.count = 0
        self._hash = hashlib.sha256(f"{before}\n{day.isoformat()}\n".encode())

    def add(self, event_hash: str) -> None:
        self.count += 1
        self._hash.update(f"{event_hash}\n".encode())

    @property
    def text(self) -> str:
        return self._hash.hexdigest()


def settled() -> int:
    """The key of the last event, below which none can come any more; 0 if there is none.

    In a transaction of its own, and a short one. PostgreSQL gives keys out before it commits, so a
    lower one may still be under way: whoever has one holds a lock that this waits for, a moment;
    Away if it does not end by then. SQLite has one writer at a time.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}s'"))
        try:
            session.execute(text("LOCK TABLE event IN SHARE MODE"))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") != TIMED_OUT:
                raise
            raise jobs.Away("events are being written all the time") from None
    return session.scalar(select(func.max(Event.id))) or 0


def in_order(*, newest_first: bool = False) -> Select[Seal]:
    """The seals as they were made, whatever day the clock had then.

    Several end with one event where nothing happened: their days tell the order (``next_seal``).
    """
    keys = (Seal.last_id, Seal.day)
    return select(Seal).order_by(*((key.desc() for key in keys) if newest_first else keys))


def next_seal(last_id: int, now: datetime) -> Seal | None:
    """The seal of the events up to a ``settled`` one, for the caller to keep; in a ``snapshot``.

    None if there is no event, or the day has its seal; also if the seal before is of a later day,
    by a clock that was wrong, and nothing happened since.
    """
    before = session.scalars(in_order(newest_first=True).limit(1)).one_or_none()
    if not last_id or session.get(Seal, now.date()) is not None:
        return None
    if before is not None and before.last_id == last_id and before.day > now.date():
        return None
    digest = _Digest(before.digest if before else "", now.date())
    first = before.last_id if before else 0
    hashes = select(Event.hash).where(Event.id > first, Event.id <= last_id).order_by(Event.id)
    for (event_hash,) in streamed(hashes):
        digest.add(event_hash)
    return Seal(
        day=now.date(), made_at=now, last_id=last_id, events=digest.count, digest=digest.text
    )


def differences() -> Iterator[str]:
    """Each document whose chain is broken, and each day whose seal no longer holds; in English.

    Call it in a ``snapshot``.
    """
    for broken in events.verify():
        yield str(broken)
    yield from verify()


def verify() -> Iterator[str]:
    """Make every seal again, from the one before as it is kept; tells those that differ.

    Reads each event once, in the order of their keys. Call it in a ``snapshot``.
    """
    seals = session.scalars(in_order()).all()
    if not seals:
        return
    known = select(Event.id, Event.hash).where(Event.id <= seals[-1].last_id).order_by(Event.id)
    rows, before = streamed(known), ""
    event = next(rows, None)
    for seal in seals:
        digest = _Digest(before, seal.day)
        while event is not None and event.id <= seal.last_id:
            digest.add(event.hash)
            event = next(rows, None)
        if digest.count != seal.events:
            yield f"seal of {seal.day}: {seal.events} events were sealed, {digest.count} are there"
        elif digest.text != seal.digest:
            yield f"seal of {seal.day}: the events are not those that were sealed"
        before = seal.digest


def late(now: datetime) -> Iterator[str]:
    """What keeps seals from being made each night: a clock that was wrong, or a job that fails.

    In English. The job of last night must have been promised: no worker is a thing of its own.
    """
    for seal in session.scalars(in_order(newest_first=True).limit(TOLD_FOR)):
        if seal.made_at > now + timedelta(days=1):
            yield f"seal of {seal.day}: the clock was wrong when it was made, or is now"
    sealed = session.scalar(select(func.max(Seal.last_id))) or 0
    first = select(Event.at).where(Event.id > sealed).order_by(Event.id).limit(1)
    at = session.scalar(first)
    is_promised = jobs.state_of(f"{KIND}/{now.date() - timedelta(days=1)}") is not None
    if is_promised and at is not None and at < now - LATE:
        yield f"no seal for two nights: what happened since {at:%Y-%m-%d} is in none"


def known_as(digest: str) -> Seal | None:
    """The seal of that digest, as a letter has it."""
    return session.scalars(select(Seal).where(Seal.digest == digest.strip().lower())).first()
