"""A document's timeline as its page shows it: events in words, with their values and comments.

Each kind of document says what its values are called and how they are written; the functions
here that take a label make one such ``Value`` each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask import url_for
from markupsafe import Markup, escape
from sqlalchemy import bindparam, select

from portal.core.db import AnyRow, AnySelect, rows, session
from portal.core.documents import Document, DocumentKind, Value, kind_named, removed_values
from portal.core.events import ATTACH, COMMENT, Event
from portal.core.i18n import _, _l
from portal.core.personal import REMOVED, in_clear
from portal.core.workflow import CODE, State
from portal.web import filters
from portal.web.routes import actor, needs_of

WORDS = {
    COMMENT: _l("wrote"),
    ATTACH: _l("added a file"),
    "edit": _l("changed it"),
}
FILES = "files"
"""The value that is no value: an event keeps the ``[name in URLs, name]`` of each file here."""
NOTHING = "–"


@dataclass(frozen=True)
class Entry:
    """One line of a timeline; the states are given where the event changed the state.

    ``files`` are those that came with it. ``values`` are the labels and texts of what it kept,
    ``used`` is that itself.
    """

    at: datetime
    who: str
    done: Any
    comment: str
    reason: str
    from_state: State | None
    to_state: State | None
    values: list[tuple[Any, Any]]
    used: Mapping[str, Any]
    files: list[dict[str, str]]


def did(kind: DocumentKind, name: str, actor_id: int | None) -> Any:
    """What an event's name means, in words that follow a name: a person's, or the portal's."""
    if actor_id is None and name in kind.alone:
        return kind.alone[name]
    transition = kind.model.workflow.named(name)
    return transition.done if transition else kind.words.get(name) or WORDS.get(name, name)


def of(document: Document) -> list[Entry]:
    """The whole timeline of a document, oldest first.

    One query, and one more for each kind of document that its values lead to.
    """
    kind = kind_named(document.kind)
    events = [
        event
        for event in rows(_EVENTS, {"kind": document.kind, "document": document.id})
        if _may_read(event, kind)
    ]
    places = _places(kind, events)
    return [_entry(event, document, kind, places, _files(event)) for event in events]


def _may_read(event: AnyRow, kind: DocumentKind) -> bool:
    """Not what was said before the dealer could see the document, if one reads it (P1)."""
    said_inside = event.name in (COMMENT, ATTACH) and event.from_status in kind.inside
    return not (said_inside and actor().is_dealer)


COLUMNS = (
    Event.at,
    Event.actor_id,
    Event.actor_name,
    Event.name,
    Event.reason,
    Event.from_status,
    Event.to_status,
    Event.values.label("used"),
    Event.personal,
)
"""What an entry is made of."""
_EVENTS: AnySelect = (
    select(*COLUMNS)
    .where(Event.document_kind == bindparam("kind"), Event.document_id == bindparam("document"))
    .order_by(Event.seq)
)

Places = dict[tuple[str, str], str]
"""The address of the document that a value names, by the value's key and the value."""


def _places(kind: DocumentKind, events: Sequence[AnyRow]) -> Places:
    found: Places = {}
    for key, value in kind.values.items():
        if value.number is None:
            continue
        named = {one for event in events for one in _sides(event.used.get(key))} - {None, ""}
        if not named:
            continue
        model = value.number.class_
        target = kind_named(model.kind)
        if not actor().can(needs_of(target.endpoint)):
            continue
        statement = select(value.number, model.public_id).where(
            value.number.in_(named), target.visible(actor())
        )
        for number, name in session.execute(statement):
            found[key, number] = url_for(target.endpoint, name=name)
    return found


def _sides(used: Any) -> list[Any]:
    """A value that changed is kept as it was and as it is."""
    return used if isinstance(used, list) else [used]


def _files(event: AnyRow) -> list[dict[str, str]]:
    return [
        {"name": name, "url": url_for("files.show", public_id=public_id)}
        for public_id, name in event.used.get(FILES, ())
    ]


def _entry(
    event: AnyRow,
    document: Document,
    kind: DocumentKind,
    places: Places,
    files: list[dict[str, str]],
) -> Entry:
    said = event.name == COMMENT
    used = in_clear(event.used, event.personal, removed_values(document))
    moved = event.from_status not in ("", event.to_status)
    return Entry(
        at=event.at,
        who=event.actor_name,
        done="" if said else did(kind, event.name, event.actor_id),
        comment=event.reason if said else "",
        reason="" if said else _why(event, document),
        from_state=document.workflow.state(event.from_status) if moved else None,
        to_state=document.workflow.state(event.to_status) if moved else None,
        values=[
            (value.label, _in_words(key, value, used[key], document, places))
            for key, value in kind.values.items()
            if key in used
        ],
        used=used,
        files=files,
    )


def _why(event: AnyRow, document: Document) -> str:
    """The reason in words, after the one that was chosen from the table."""
    step = document.workflow.named(event.name)
    chosen = step.reasons.get(event.used.get(CODE)) if step else None
    return ": ".join(str(word) for word in (chosen, event.reason) if word)


def latest_move(entries: Sequence[Entry]) -> Entry | None:
    """The entry that brought a document into the state it is in, if any did."""
    return next((entry for entry in reversed(entries) if entry.to_state is not None), None)


def told(event: AnyRow, document: Document) -> Entry:
    """One event for somebody who reads of it elsewhere: in it nothing leads anywhere."""
    return _entry(event, document, kind_named(document.kind), {}, [])


def _in_words(key: str, value: Value, used: Any, document: Document, places: Places) -> Markup:
    if used is REMOVED:
        return Markup('<span class="muted">{}</span>').format(str(REMOVED))
    texts = []
    for one in _sides(used):
        text = NOTHING if one in (None, "", NOTHING) else escape(value.write(one, document))
        place = places.get((key, one)) if isinstance(one, str) else None
        texts.append(Markup('<a href="{}">{}</a>').format(place, text) if place else text)
    return Markup(" → ").join(texts)


def yes_or_no(value: Any) -> str:
    """A switch in a word."""
    return _("yes") if value else _("no")


def plain(label: Any) -> Value:
    """A text or a count as it is; a switch says yes or no."""
    return written(label, lambda value: yes_or_no(value) if isinstance(value, bool) else value)


def of_a_customer(value: Value) -> Value:
    """A value that tells who a customer is: it is kept sealed, and removed in the end."""
    return replace(value, personal=True)


def written(label: Any, write: Callable[[Any], Any]) -> Value:
    """A value that a function writes."""
    return Value(label, lambda value, _document: write(value))


def money(label: Any) -> Value:
    """Minor units."""
    return written(label, filters.money)


def span(label: Any, unit: str) -> Value:
    """A length of time in ``hour``, ``day`` or ``month``."""
    return written(label, lambda count: filters.span(count, unit))


def day(label: Any) -> Value:
    """A day, kept as ISO text."""
    return written(label, lambda text: filters.day(date.fromisoformat(text)))


def moment(label: Any) -> Value:
    """An instant, kept as ISO text."""
    return written(label, lambda text: filters.moment(datetime.fromisoformat(text)))


def choice(label: Any, words: Mapping[str, Any]) -> Value:
    """One of several things that have words."""
    return written(label, lambda key: words.get(key, key))


def number_of(label: Any, number: Any, write: Callable[[Any], Any] = str) -> Value:
    """The number of another document, by the column that has it; it leads there."""
    return Value(label, lambda value, _document: write(value), number)
