"""Notices that go out by e-mail: gathered by person, then sent by a job of its own lane.

A notice is the promise that it will be mailed: it says when, and is written with what happened.
A letter leaves at least once: killed between the server's "I have it" and its own note of that,
the job sends it again, under the same Message-ID.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy import select, update

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import AnyRow, in_transaction, reading, session, take_turn
from portal.core.documents import Document, kind_named
from portal.core.events import COMMENT, Event
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import SIGNED_IN, Actor
from portal.notices.models import Notice
from portal.people.models import Dealer, User
from portal.web import filters, languages, mail, templates, timeline
from portal.web.links import public_url_for
from portal.web.routes import needs_of

KIND, LANE = "notices.mail", mail.LANE
MOST = 50
"""How many notices one letter tells; the others are counted, and wait in the inbox."""
NAMED = 3
"""How many documents a subject names."""


# Promising


@jobs.timer("notices.mail")
def gather(clock: Clock) -> None:
    """Promise a letter to each person for whom notices are due: all of them in one."""
    now = clock.now()
    with reading():
        found = session.scalars(select(Notice.id).where(Notice.mail_at <= now).limit(1)).first()
    if found is not None:
        in_transaction(lambda: _promise(now))


def _promise(now: datetime) -> None:
    take_turn("letters")
    taken = session.execute(
        update(Notice)
        .where(Notice.mail_at <= now)
        .values(mail_at=None)
        .returning(Notice.id, Notice.user_id),
        execution_options={"synchronize_session": False},
    ).all()
    notices: dict[int, list[int]] = defaultdict(list)
    for row in sorted(taken):
        notices[row.user_id].append(row.id)
    # A notice is taken once, so its number can name the letter.
    letters = {f"mail/{ids[0]}": {"user": user, "notices": ids} for user, ids in notices.items()}
    jobs.enqueue_many(KIND, letters, now=now)


# Sending


@jobs.handler(KIND, label=_l("Notices by e-mail"), lane=LANE)
def send(payload: dict[str, Any], clock: Clock) -> None:
    """Send a letter about some notices, unless there is nothing left to tell."""
    server = mail.server()
    if server is None:
        raise jobs.Away("no mail server is set up")
    with reading():
        reader = _reader(payload["user"])
    if reader is None:
        return
    zone = ZoneInfo(reader.zone) if reader.zone else clock.now().tzinfo
    assert isinstance(zone, ZoneInfo)
    with languages.speaking(reader.language, zone):
        with reading():
            letter = _letter(reader, payload["notices"])
        if letter is not None:
            server.send(letter, now=clock.now())


@dataclass(frozen=True)
class Reader:
    """Somebody who may be written to."""

    actor: Actor
    email: str
    language: str | None
    zone: str | None


def _reader(user_id: int) -> Reader | None:
    """Who is written to; None if they have left (P5), or want no mail any more."""
    row = session.execute(
        select(User, Dealer.zone)
        .outerjoin(Dealer, Dealer.id == User.dealer_id)
        .where(User.id == user_id, User.status == "active", User.mail != "off")
    ).one_or_none()
    if row is None:
        return None
    return Reader(row.User.actor, row.User.email, row.User.language, row.zone)


@dataclass(frozen=True)
class Item:
    """One notice as a letter tells it: plain texts, in the reader's language."""

    kind: str
    title: str
    said: str
    at: str
    state: str
    words: str
    values: list[tuple[str, str]]
    url: str

    @property
    def line(self) -> str:
        return _("%(field)s: %(sentence)s", field=self.title, sentence=self.said)


def _letter(reader: Reader, notice_ids: Sequence[int]) -> mail.Letter | None:
    """The letter about those notices that are unread, of documents that the reader may see."""
    events = _events(reader.actor, notice_ids)
    documents = _visible(reader.actor, events)
    known = [row for row in events if (row.document_kind, row.document_id) in documents]
    if not known:
        return None
    items = [_item(row, documents[row.document_kind, row.document_id]) for row in known[:MOST]]
    settings_url = public_url_for("profile.account") + "#mail"
    shown = {
        "name": reader.actor.name,
        "items": items,
        "more": len(known) - len(items),
        "inbox_url": public_url_for("notices.inbox"),
        "settings_url": settings_url,
        "language": languages.code(),
    }
    subject = _subject(items, len(known))
    return mail.Letter(
        key=f"mail/{notice_ids[0]}",
        name=reader.actor.name,
        address=reader.email,
        language=languages.code(),
        subject=subject,
        text=templates.template("mail/notices.txt").render(shown),
        html=templates.template("mail/notices.html").render(shown | {"subject": subject}),
        settings_url=settings_url,
    )


def _events(actor: Actor, notice_ids: Sequence[int]) -> Sequence[AnyRow]:
    return session.execute(
        select(Notice.title, Event.document_kind, Event.document_id, *timeline.COLUMNS)
        .join(Event, Event.id == Notice.event_id)
        .where(Notice.id.in_(notice_ids), Notice.user_id == actor.id, Notice.read_at.is_(None))
        .order_by(Notice.id)
    ).all()


Documents = Mapping[tuple[str, int], Document]


def _visible(actor: Actor, events: Sequence[AnyRow]) -> Documents:
    """The documents of some events, as far as somebody may see and open them (P1)."""
    found: dict[tuple[str, int], Document] = {}
    for name in {row.document_kind for row in events}:
        kind = kind_named(name)
        needs = needs_of(kind.endpoint)
        if needs != SIGNED_IN and not actor.can(needs):
            continue
        ids = {row.document_id for row in events if row.document_kind == name}
        model: Any = kind.model
        for one in session.scalars(select(model).where(model.id.in_(ids), kind.visible(actor))):
            found[name, one.id] = one
    return found


def _item(row: AnyRow, document: Document) -> Item:
    entry, kind = timeline.told(row, document), kind_named(row.document_kind)
    said = entry.done or timeline.WORDS[COMMENT]
    return Item(
        kind=str(kind.label),
        title=row.title,
        said=f"{entry.who} {said}",
        at=_text(filters.moment(entry.at)),
        state=str(document.workflow.state(row.to_status).label),
        words=entry.comment or entry.reason,
        values=[(str(label), _text(value)) for label, value in entry.values],
        url=public_url_for(kind.endpoint, name=document.public_id),
    )


def _text(value: Any) -> str:
    """What a page shows, without its tags."""
    return str(Markup(value).striptags())  # noqa: S704 - only to take the tags off


def _subject(items: Sequence[Item], count: int) -> str:
    if count == 1:
        return items[0].line
    titles = list(dict.fromkeys(item.title for item in items))
    named = filters.listed(titles[:NAMED] + (["…"] if len(titles) > NAMED else []))
    return str(
        ngettext("%(num)d notice: %(titles)s", "%(num)d notices: %(titles)s", count, titles=named)
    )


__all__ = ["gather", "send"]
