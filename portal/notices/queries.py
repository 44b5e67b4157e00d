"""Reads of one's own inbox."""

from sqlalchemy import Select, func, select

from portal.core.db import session
from portal.core.documents import Document, kind_named
from portal.core.events import Event
from portal.core.permissions import Actor
from portal.notices.models import Notice
from portal.people.models import User

unread = (
    select(func.count())
    .select_from(Notice)
    .where(Notice.user_id == User.id, Notice.read_at.is_(None))
    .correlate(User)
    .scalar_subquery()
)
"""How many unread notices the user of the surrounding query has."""


def inbox(actor: Actor) -> Select[tuple[object, ...]]:
    """One's own notices with their events."""
    return (
        select(
            Notice.id, Notice.read_at, Event.at.label("created_at"), Event.document_kind,
            Event.document_id, Event.name, Event.actor_name, Event.reason, Event.to_status,
        )
        .join(Event, Event.id == Notice.event_id)
        .where(Notice.user_id == actor.id)
    )


def notice_event(notice_id: int, actor: Actor) -> Event | None:
    """The event of one of one's own notices."""
    return session.scalar(
        select(Event)
        .join(Notice, Notice.event_id == Event.id)
        .where(Notice.id == notice_id, Notice.user_id == actor.id)
    )


def document_of(kind: str, document_id: int, actor: Actor) -> Document | None:
    """A document by its key, if the actor may see it (P1)."""
    known = kind_named(kind)
    return session.scalar(
        select(known.model).where(known.model.id == document_id, known.visible(actor))
    )
