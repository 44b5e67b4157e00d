"""Reads of one's own inbox."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, literal_column, select

from portal.core.db import AnyRow, session
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


def inbox(actor: Actor, *, unread_only: bool, before: int, size: int) -> Sequence[AnyRow]:
    """One's own notices with their events, newest first, older than the notice ``before``."""
    statement = (
        select(
            Notice.id,
            Notice.title,
            Notice.read_at,
            Event.at,
            Event.document_kind,
            Event.name,
            Event.actor_id,
            Event.actor_name,
            Event.reason,
            Event.to_status,
        )
        .join(Event, Event.id == Notice.event_id)
        .where(Notice.user_id == actor.id, Notice.id < before)
    )
    if unread_only:
        statement = statement.where(Notice.read_at.is_(None))
    limit: Any = literal_column(str(size))
    return session.execute(statement.order_by(Notice.id.desc()).limit(limit)).all()


def notice_event(notice_id: int, actor: Actor) -> Event | None:
    """The event of one of one's own notices."""
    return session.scalar(
        select(Event)
        .join(Notice, Notice.event_id == Event.id)
        .where(Notice.id == notice_id, Notice.user_id == actor.id)
    )


def document_of(event: Event, actor: Actor) -> Document | None:
    """The document of an event, if the actor may see it (P1)."""
    kind = kind_named(event.document_kind)
    return session.scalar(
        select(kind.model).where(kind.model.id == event.document_id, kind.visible(actor))
    )
