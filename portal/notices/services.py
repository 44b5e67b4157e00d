"""Who is told of an event: those whom the step concerns, and those who took part before."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from portal.core.db import AnySelect, Key, rows, session
from portal.core.documents import Document
from portal.core.errors import Invalid
from portal.core.events import COMMENT, Event, record, subscribe
from portal.core.i18n import _
from portal.core.permissions import Actor, roles_with
from portal.files import services as files
from portal.files.queries import Shown
from portal.notices.models import Notice
from portal.people import policy
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
    elif event.name in (COMMENT, "attach"):
        people = _concerned(event, document)
    else:
        return
    people.discard(event.actor_id or 0)
    if people:
        session.flush()
        session.execute(
            insert(Notice),
            [
                {"user_id": user, "event_id": event.id, "title": document.title}
                for user in sorted(people)
            ],
        )


def _holders(capability: str, dealer_id: int | None) -> set[int]:
    roles = roles_with(capability)
    found = rows(_PEOPLE, {"dealer": dealer_id})
    return {user.id for user in found if not user.roles.isdisjoint(roles)}


_PEOPLE: AnySelect = select(User.id, User.roles).where(
    User.status == "active",
    (User.dealer_id == bindparam("dealer", type_=Key)) | User.dealer_id.is_(None),
)


def _concerned(comment: Event, document: Document) -> set[int]:
    """Who took part so far; and while nobody of the other side has, who was told last."""
    taken_part = session.execute(
        select(Event.actor_id, Event.actor_side, Event.name)
        .join(User, User.id == Event.actor_id)
        .where(
            Event.document_kind == comment.document_kind,
            Event.document_id == comment.document_id,
            User.status == "active",
        )
        .order_by(Event.seq)
    ).all()
    people = {row.actor_id for row in taken_part}
    if all(row.actor_side == comment.actor_side for row in taken_part):
        steps = [document.workflow.named(row.name) for row in taken_part]
        told = [step.tells for step in steps if step and step.tells]
        people |= _holders(told[-1], document.tenant_id) if told else set()
    return people


def comment(
    document: Document, words: str, attachments: Sequence[Shown], *, by: Actor, now: datetime
) -> None:
    """Add words, one's own unclaimed files, or both to a document's timeline.

    Invalid if there is neither. The caller has locked the document.
    """
    by.must(policy.COMMENT)
    if not words and not attachments:
        raise Invalid(_("Please write something, or add a file."), field="text")
    files.claim([one.public_id for one in attachments], document, by=by)
    values = {"files": [[one.public_id, one.name] for one in attachments]} if attachments else {}
    record(document, COMMENT if words else "attach", by=by, now=now, reason=words, values=values)


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
        update(Notice).where(Notice.user_id == by.id, Notice.read_at.is_(None)).values(read_at=now)
    )
