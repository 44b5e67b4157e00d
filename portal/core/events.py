"""Events (P4): who, when, from, to, why, and the values used. Never changed, never removed.

The events of one document form a chain: each holds the hash of the one before it, and the
document holds the hash of the last. The database refuses UPDATE and DELETE, but for one thing:
what opens the personal values of an event can be removed (``personal.py``).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Index, Integer, Select, String, UniqueConstraint, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import AnyRow, Base, Key, session
from portal.core.documents import Document, kinds, personal_values
from portal.core.permissions import Actor
from portal.core.personal import ANONYMISE, has_gone, is_whole, seal


class Event(Base):
    """One thing that happened to one document.

    ``values`` hold of a personal one only what seals it; ``personal`` opens it, and is not hashed.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("document_kind", "document_id", "seq"),
        Index("ix_event_actor_id_at", "actor_id", "at"),
        Index("ix_event_at_id", "at", "id"),
        Index("ix_event_document_kind_at_id", "document_kind", "at", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    dealer_id: Mapped[int | None] = mapped_column(Key)
    document_kind: Mapped[str] = mapped_column(String(20))
    document_id: Mapped[int] = mapped_column(Key)
    seq: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(Key)
    actor_name: Mapped[str] = mapped_column(String(200))
    actor_side: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(30))
    from_status: Mapped[str] = mapped_column(String(20))
    to_status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(default="")
    values: Mapped[dict[str, Any]]
    personal: Mapped[dict[str, Any] | None]
    hash: Mapped[str] = mapped_column(String(64))


COMMENT = "comment"
"""The name of an event that is only words."""
ATTACH = "attach"
"""The name of an event that is only files."""

Subscriber = Callable[[Sequence[tuple[Event, Document]]], None]
"""Takes the events that are recorded together, each with its document."""

_subscribers: list[Subscriber] = []


def subscribe(subscriber: Subscriber) -> Subscriber:
    """Have a function called, in the same transaction, with the events that are recorded."""
    if subscriber not in _subscribers:
        _subscribers.append(subscriber)
    return subscriber


def digest(previous: str, event: Any) -> str:
    """The hash that chains an event to the one before it."""
    content = [
        previous,
        event.document_kind,
        event.document_id,
        event.dealer_id,
        event.seq,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.actor_id,
        event.actor_name,
        event.actor_side,
        event.name,
        event.from_status,
        event.to_status,
        event.reason,
        event.values,
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _next(
    document: Document,
    name: str,
    by: Actor,
    now: datetime,
    from_status: str | None,
    reason: str,
    values: Mapping[str, Any] | None,
) -> Event:
    """The event that follows on a document's chain; its head moves on to it."""
    sealed, personal = seal(values or {}, personal_values(document.kind))
    event = Event(
        dealer_id=document.tenant_id,
        document_kind=document.kind,
        document_id=document.id,
        seq=(document.event_count or 0) + 1,
        at=now,
        actor_id=by.id,
        actor_name=by.name,
        actor_side=by.side,
        name=name,
        from_status=document.status if from_status is None else from_status,
        to_status=document.status,
        reason=reason.strip(),
        values=sealed,
        personal=personal,
    )
    event.hash = digest(document.event_hash or "", event)
    document.event_count = event.seq
    document.event_hash = event.hash
    return event


def record(
    document: Document,
    name: str,
    *,
    by: Actor,
    now: datetime,
    from_status: str | None = None,
    reason: str = "",
    values: Mapping[str, Any] | None = None,
) -> Event:
    """Write the next event of a document whose row the caller has locked or just made (P4)."""
    session.flush()
    event = _next(document, name, by, now, from_status, reason, values)
    session.add(event)
    for subscriber in _subscribers:
        subscriber([(event, document)])
    return event


def record_each(
    happened: Sequence[tuple[Document, Mapping[str, Any] | None]],
    name: str,
    *,
    by: Actor,
    now: datetime,
    from_status: str | None = None,
) -> list[Event]:
    """Write an event of that name for each, with one statement; a document may come again (P4).

    Each is a locked document with the values used.
    """
    events = [
        _next(document, name, by, now, from_status, "", values) for document, values in happened
    ]
    session.add_all(events)
    session.flush()
    documents = [document for document, _values in happened]
    for subscriber in _subscribers:
        subscriber(list(zip(events, documents, strict=True)))
    return events


def record_many(
    documents: Sequence[Document],
    name: str,
    *,
    by: Actor,
    now: datetime,
    from_status: str,
    values: Mapping[int, Mapping[str, Any]],
) -> list[Event]:
    """Write one event for each of many locked documents, all with one statement (P4).

    ``values`` holds, by the document's key, the values used.
    """
    happened = [(document, values.get(document.id)) for document in documents]
    return record_each(happened, name, by=by, now=now, from_status=from_status)


def record_first(
    documents: Sequence[Document],
    *,
    by: Actor,
    now: datetime,
    values: Mapping[int, Mapping[str, Any]],
) -> None:
    """Write the first event of each of very many documents that were just made (P4).

    Two statements, whatever their number, and past the session: the documents need not be in it.
    ``values`` holds, by the document's key, what is to be known of it. Nobody is told.
    """
    if not documents:
        return
    model = type(documents[0])
    columns = [column.key for column in Event.__table__.columns if column.key != "id"]
    events = [
        _next(document, "create", by, now, "", "", values.get(document.id))
        for document in documents
    ]
    session.execute(
        insert(Event), [{name: getattr(event, name) for name in columns} for event in events]
    )
    session.execute(
        update(model),
        [
            {"id": one.id, "event_count": one.event_count, "event_hash": one.event_hash}
            for one in documents
        ],
    )


def forget_personal(document: Document) -> None:
    """Remove what opens the personal values of a document's events; nothing else can be changed.

    The caller records, in the same transaction, that it was done: else ``verify`` misses them.
    """
    session.execute(
        update(Event)
        .where(
            Event.document_kind == document.kind,
            Event.document_id == document.id,
            Event.personal.is_not(None),
        )
        .values(personal=None)
    )


def steps_taken(document: Document, names: Sequence[str]) -> list[AnyRow]:
    """The last time that each of some steps was taken, as long as none before it came again.

    ``names`` are in their order. Each with its ``actor_name``, ``to_status`` and ``at``.
    """
    taken = session.execute(
        select(Event.seq, Event.name, Event.to_status, Event.actor_name, Event.at)
        .where(
            Event.document_kind == document.kind,
            Event.document_id == document.id,
            Event.name.in_(names),
        )
        .order_by(Event.seq)
    ).all()
    last = {event.name: event for event in taken}
    found: list[AnyRow] = []
    for name in names:
        if name not in last or (found and last[name].seq < found[-1].seq):
            break
        found.append(last[name])
    return found


@dataclass(frozen=True)
class Break:
    """The first place where a document's chain does not hold."""

    document_kind: str
    document_id: int
    seq: int
    problem: str

    def __str__(self) -> str:
        return f"{self.document_kind} {self.document_id}, event {self.seq}: {self.problem}"


def verify() -> Iterator[Break]:
    """Recompute every chain; yields the first broken event of each document (P4).

    Holds one chain at a time, whatever the table's length. Call it in a ``snapshot``: a document
    that moves on in between would look broken.
    """
    for kind in kinds():
        for document_id, chain in groupby(_events(kind.model), attrgetter("document_id")):
            problem = _first_break(chain)
            if problem:
                seq, sentence = problem
                yield Break(kind.name, document_id, seq, sentence)
        for document_id in session.scalars(_without_events(kind.model)).all():
            yield Break(kind.name, document_id, 1, "its events are missing")


def _events(model: Any) -> Iterator[AnyRow]:
    """Every event of a kind, chain after chain, beside the head that its document keeps."""
    statement = (
        select(Event.__table__, model.event_count, model.event_hash, model.status)
        .outerjoin(model, model.id == Event.document_id)
        .where(Event.document_kind == model.kind)
        .order_by(Event.document_id, Event.seq)
    )
    return iter(session.execute(statement.execution_options(yield_per=1000)))


def _without_events(model: Any) -> Select[int]:
    chained = select(Event.id).where(
        Event.document_kind == model.kind, Event.document_id == model.id
    )
    return select(model.id).where(model.event_count > 0, ~chained.exists()).order_by(model.id)


def _first_break(chain: Iterator[Any]) -> tuple[int, str] | None:
    previous, gone = "", 0
    for seq, event in enumerate(chain, start=1):
        if event.event_count is None:
            return seq, "its document is missing"
        if event.seq != seq:
            return seq, "an event is missing"
        if digest(previous, event) != event.hash:
            return seq, "the event is not as it was written"
        if not is_whole(event.values, event.personal):
            return seq, "its personal data is not as it was written"
        if event.name == ANONYMISE:
            gone = 0
        elif has_gone(event.values, event.personal):
            gone = gone or seq
        previous = event.hash
    if gone:
        return gone, "its personal data is missing, and nobody removed it"
    if seq != event.event_count or previous != event.event_hash:
        return seq + 1, "the end of the chain is missing"
    if event.to_status != event.status:
        return seq, "the document's status is not that of its last event"
    return None
