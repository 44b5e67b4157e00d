"""Events (P4): who, when, from, to, why, and the values used. Never changed, never removed.

The events of one document form a chain: each holds the hash of the one before it, and the
document holds the hash of the last. The database refuses UPDATE and DELETE.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, Integer, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, session
from portal.core.documents import Document, kinds
from portal.core.permissions import Actor


class Event(Base):
    """One thing that happened to one document."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("document_kind", "document_id", "seq"),
        Index("ix_event_actor_id_at", "actor_id", "at"),
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
    hash: Mapped[str] = mapped_column(String(64))


COMMENT = "comment"
"""The name of an event that is only words."""

Subscriber = Callable[[Event, Document], None]
_subscribers: list[Subscriber] = []


def subscribe(subscriber: Subscriber) -> Subscriber:
    """Have a function called, in the same transaction, for each event that is recorded."""
    if subscriber not in _subscribers:
        _subscribers.append(subscriber)
    return subscriber


def digest(previous: str, event: Event) -> str:
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
        values=dict(values or {}),
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
        subscriber(event, document)
    return event


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
    events = [
        _next(document, name, by, now, from_status, "", values.get(document.id))
        for document in documents
    ]
    session.add_all(events)
    session.flush()
    for event, document in zip(events, documents, strict=True):
        for subscriber in _subscribers:
            subscriber(event, document)
    return events


@dataclass(frozen=True)
class Break:
    """The first place where a document's chain does not hold."""

    document_kind: str
    document_id: int
    seq: int
    problem: str


def verify() -> Iterator[Break]:
    """Recompute every chain; yields the first broken event of each document (P4)."""
    for kind in kinds():
        model = kind.model
        heads = session.execute(
            select(model.id, model.event_count, model.event_hash, model.status)
        ).all()
        chains = _chains(kind.name)
        for head in heads:
            problem = _check(head, chains.pop(head.id, []))
            if problem:
                yield Break(kind.name, head.id, *problem)
        for document_id, orphans in chains.items():
            yield Break(kind.name, document_id, orphans[0].seq, "its document is missing")


def _chains(kind: str) -> dict[int, list[Event]]:
    chains: dict[int, list[Event]] = {}
    statement = select(Event).where(Event.document_kind == kind).order_by(Event.seq)
    for event in session.scalars(statement.execution_options(yield_per=1000)):
        chains.setdefault(event.document_id, []).append(event)
    return chains


def _check(head: Any, chain: list[Event]) -> tuple[int, str] | None:
    previous = ""
    for seq, event in enumerate(chain, start=1):
        if event.seq != seq:
            return seq, "an event is missing"
        if digest(previous, event) != event.hash:
            return seq, "the event is not as it was written"
        previous = event.hash
    if len(chain) != head.event_count or previous != head.event_hash:
        return len(chain) + 1, "the end of the chain is missing"
    if chain and chain[-1].to_status != head.status:
        return len(chain), "the document's status is not that of its last event"
    return None
