"""Who is told of an event: those whom the step concerns, and those who took part before."""

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, insert, select, update

from portal.core.db import AnyRow, AnySelect, rows, session
from portal.core.documents import Document, kind_named
from portal.core.errors import Invalid
from portal.core.events import ATTACH, COMMENT, Event, record, subscribe
from portal.core.i18n import _
from portal.core.permissions import Actor, roles_with
from portal.files import services as files
from portal.files.models import INSIDE
from portal.files.queries import Shown
from portal.notices.models import Notice
from portal.people import policy
from portal.people.models import Dealer, User
from portal.web import mail

MORNING = time(8)
"""When the day's notices go out to whoever wants them once a day, in their own zone."""

Readers = dict[int, AnyRow]
"""People by their key, each with when they want mail and the zone that they live in."""


@subscribe
def tell(happened: Sequence[tuple[Event, Document]]) -> None:
    """Put events into the inboxes of those whom they concern, never of who caused them.

    A step concerns who holds the capability that it ``tells``: at the document's dealer, or at
    headquarters. A comment concerns whoever took part in the document so far. However many events
    are recorded together, a step's notices cost two statements; that they are to go out by
    e-mail as well stands in them.
    """
    session.flush()  # the notices name the events
    steps = [
        (event, document, tells)
        for event, document in happened
        if (tells := _told_by(event, document))
    ]
    colleagues = _colleagues({document.tenant_id for _event, document, _tells in steps})
    told = [
        (event, document, _holders(tells, document.tenant_id, colleagues))
        for event, document, tells in steps
    ]
    told += [
        (event, document, _concerned(event, document))
        for event, document in happened
        if event.name in (COMMENT, ATTACH)
    ]
    notices = [
        {
            "user_id": key,
            "event_id": event.id,
            "title": document.title,
            "mail_at": _mail_at(reader, event.at),
        }
        for event, document, readers in told
        for key, reader in readers.items()
        if key != event.actor_id
    ]
    if notices:
        session.execute(insert(Notice), notices)


def _told_by(event: Event, document: Document) -> str | None:
    """The capability of who is told of a step, or of an event that its kind tells of."""
    transition = document.workflow.named(event.name)
    if transition:
        return transition.tells or None
    return kind_named(document.kind).tells.get(event.name)


def _mail_at(reader: AnyRow, now: datetime) -> datetime | None:
    """When a notice goes out by e-mail; None if it does not. ``now`` is in HQ's zone."""
    if reader.mail == "off" or mail.server() is None:
        return None
    if reader.mail == "at_once":
        return now
    return next_morning(now, ZoneInfo(reader.zone) if reader.zone else now.tzinfo)


def next_morning(now: datetime, zone: tzinfo | None) -> datetime:
    """When the next daily mail goes out to somebody in a zone: after ``now``, never at it."""
    here = now.astimezone(zone)
    today = datetime.combine(here.date(), MORNING, tzinfo=zone)
    if here < today:
        return today
    return datetime.combine(here.date() + timedelta(days=1), MORNING, tzinfo=zone)


def _colleagues(dealer_ids: Collection[int | None]) -> Sequence[AnyRow]:
    """The active people of some dealers and of headquarters."""
    if not dealer_ids:
        return []
    return rows(_PEOPLE, {"dealers": [one for one in dealer_ids if one is not None]})


def _holders(capability: str, dealer_id: int | None, colleagues: Sequence[AnyRow]) -> Readers:
    roles = roles_with(capability)
    return {
        user.id: user
        for user in colleagues
        if user.dealer_id in (None, dealer_id) and not user.roles.isdisjoint(roles)
    }


_PEOPLE: AnySelect = (
    select(User.id, User.dealer_id, User.roles, User.mail, Dealer.zone)
    .outerjoin(Dealer, Dealer.id == User.dealer_id)
    .where(
        User.status == "active",
        User.dealer_id.in_(bindparam("dealers", expanding=True)) | User.dealer_id.is_(None),
    )
    .order_by(User.id)
)


def _concerned(comment: Event, document: Document) -> Readers:
    """Who took part so far; and while nobody of the other side has, who was told last."""
    taken_part = session.execute(
        select(Event.actor_id, Event.actor_side, Event.name, User.mail, Dealer.zone)
        .join(User, User.id == Event.actor_id)
        .outerjoin(Dealer, Dealer.id == User.dealer_id)
        .where(
            Event.document_kind == comment.document_kind,
            Event.document_id == comment.document_id,
            User.status == "active",
        )
        .order_by(Event.seq)
    ).all()
    people: Readers = {row.actor_id: row for row in taken_part}
    if all(row.actor_side == comment.actor_side for row in taken_part):
        steps = [document.workflow.named(row.name) for row in taken_part]
        told = [step.tells for step in steps if step and step.tells]
        if told:
            tenant = document.tenant_id
            people |= _holders(told[-1], tenant, _colleagues({tenant}))
    return people


def comment(
    document: Document, words: str, attachments: Sequence[Shown], *, by: Actor, now: datetime
) -> None:
    """Add words, one's own unclaimed files, or both to a document's timeline.

    Files of a comment that stays headquarters' stay so as well (P1). Invalid if there is neither.
    The caller has locked the document.
    """
    by.must(policy.COMMENT)
    if not words and not attachments:
        raise Invalid(_("Please write something, or add a file."), field="text")
    place = INSIDE if document.status in kind_named(document.kind).inside else None
    files.claim([one.public_id for one in attachments], document, place=place, by=by)
    values = {"files": [[one.public_id, one.name] for one in attachments]} if attachments else {}
    record(document, COMMENT if words else ATTACH, by=by, now=now, reason=words, values=values)


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
