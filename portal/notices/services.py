"""Who is told of an event: those whom the step concerns, and those who took part before."""

from datetime import datetime

from sqlalchemy import insert, select, update

from portal.core.db import session
from portal.core.documents import Document
from portal.core.events import COMMENT, Event, subscribe
from portal.core.permissions import Actor, roles_with
from portal.notices.models import Notice
from portal.people.models import User


@subscribe
def tell(event: Event, document: Document) -> None:
    """Put an event into the inboxes of those whom it concerns, never of who caused it.

    A step concerns who holds the capability that it ``tells``: at the document's dealer, or at
    headquarters. A comment concerns whoever took part in the document so far.
    """
    transition = document.workflow.named(event.name)
    if transition is not None and transition.tells:
        people = _holders(transition.tells, document.tenant_id)
    elif event.name == COMMENT:
        people = _participants(event)
    else:
        return
    people.discard(event.actor_id or 0)
    if people:
        session.flush()
        session.execute(
            insert(Notice), [{"user_id": user, "event_id": event.id} for user in sorted(people)]
        )


def _holders(capability: str, dealer_id: int | None) -> set[int]:
    roles = roles_with(capability)
    found = session.execute(
        select(User.id, User.dealer_id, User.roles).where(
            User.status == "active", (User.dealer_id == dealer_id) | User.dealer_id.is_(None)
        )
    )
    return {user.id for user in found if not user.roles.isdisjoint(roles)}


def _participants(event: Event) -> set[int]:
    return set(
        session.scalars(
            select(Event.actor_id)
            .where(
                Event.document_kind == event.document_kind,
                Event.document_id == event.document_id,
                Event.actor_id.is_not(None),
            )
            .distinct()
        )
    ) - {None}


def read(notice_id: int, *, by: Actor, now: datetime) -> None:
    """Mark one of one's own notices as read; harmless for any other."""
    session.execute(
        update(Notice)
        .where(Notice.id == notice_id, Notice.user_id == by.id, Notice.read_at.is_(None))
        .values(read_at=now)
    )


def read_all(*, by: Actor, now: datetime) -> None:
    """Mark every notice of one's own as read."""
    session.execute(
        update(Notice)
        .where(Notice.user_id == by.id, Notice.read_at.is_(None))
        .values(read_at=now)
    )
