"""Reads of all events: by person, document, kind and time (P4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)

from portal.core.db import AnySelect, session
from portal.core.documents import DocumentKind, kind_named, kinds
from portal.core.events import Event
from portal.core.permissions import SYSTEM, Actor
from portal.core.personal import Personal
from portal.core.search import matches
from portal.operations import policy
from portal.operations.models import BookCheck
from portal.people.models import User
from portal.web.timeline import did

KNOWN_BY = ("number", "code", "email")
"""The columns that a document is looked up by; each has an index of its own."""
CALLED = (*KNOWN_BY, "name", "file_name")
MOST = 50
"""How many people, or documents of a kind, a text may mean."""


@dataclass(frozen=True)
class Wish:
    """Which events are meant; what is empty or None leaves them all."""

    person: str = ""
    document: str = ""
    kind: str = ""
    step: str = ""
    first: datetime | None = None
    last: datetime | None = None


def events(wish: Wish, actor: Actor) -> AnySelect:
    """The events that are meant, each with its document's number and, if seen, its name in URLs.

    That something happened everybody reads who may search; why, and with which values, of
    documents that they may see, and the auditor of all (P1).
    """
    seen = _of_document(lambda kind: _seen(kind, actor))
    is_open = true() if actor.can(policy.EVENT_VALUES) else seen != ""
    return select(
        Event.id,
        Event.at.label("created_at"),
        Event.actor_id,
        Event.actor_name,
        Event.actor_side,
        Event.document_kind,
        Event.document_id,
        Event.name,
        (Event.document_kind + " " + Event.name).label("what"),
        Event.from_status,
        Event.to_status,
        case((is_open, Event.reason), else_="").label("reason"),
        case((is_open, Event.values), else_=null()).label("used"),
        case((is_open, Event.personal), else_=null()).label("personal"),
        Event.hash,
        _emptied().label("emptied"),
        _of_document(_called).label("number"),
        seen.label("public_id"),
    ).where(*_conditions(wish))


def _of_document(column: Any) -> ColumnElement[str]:
    """What each kind's own table says of the document: one look-up for each event."""
    return case(
        *(
            (
                Event.document_kind == kind.name,
                select(column(kind))
                .where(kind.model.id == Event.document_id)
                .correlate(Event)
                .scalar_subquery(),
            )
            for kind in kinds()
        ),
        else_="",
    )


def _emptied() -> ColumnElement[str]:
    """The kind of the event's document if the customer's data was removed from it, else empty."""
    return case(
        *(
            (
                (Event.document_kind == kind.name)
                & exists().where(model.id == Event.document_id, model.anonymised_at.is_not(None)),
                kind.name,
            )
            for kind in kinds()
            for model in (kind.model,)
            if issubclass(model, Personal)
        ),
        else_="",
    )


def _called(kind: DocumentKind) -> ColumnElement[str]:
    columns = kind.model.__mapper__.columns  # type: ignore[attr-defined]
    name = next((name for name in CALLED if name in columns), None)
    return literal("") if name is None else func.coalesce(cast(columns[name], Text), "")


def _seen(kind: DocumentKind, actor: Actor) -> ColumnElement[str]:
    return case((kind.visible(actor), kind.model.public_id), else_="")


def _conditions(wish: Wish) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wish.person:
        found.append(_by(wish.person))
    if wish.document:
        found.append(_about(wish.document))
    if wish.kind:
        found.append(Event.document_kind == wish.kind)
    if wish.kind and wish.step:
        found.append(Event.name.in_(_called_as(wish.kind, wish.step)))
    if wish.first:
        found.append(Event.at >= wish.first)
    if wish.last:
        found.append(Event.at < wish.last)
    return found


def _by(text: str) -> ColumnElement[bool]:
    """The condition that somebody of that name or address did it, or the portal itself."""
    people = session.scalars(select(User.id).where(matches(User, text)).limit(MOST)).all()
    someone = Event.actor_id.in_(people)
    is_portal = text.casefold() in SYSTEM.name.casefold()
    return or_(someone, Event.actor_id.is_(None)) if is_portal else someone


def _about(text: str) -> ColumnElement[bool]:
    """The condition that it happened to a document of that number; one query for all kinds."""
    ids: dict[str, list[int]] = {}
    for kind, key in session.execute(union_all(*_named(text))):
        ids.setdefault(kind, []).append(key)
    if not ids:
        return false()
    return or_(
        *(
            and_(Event.document_kind == kind, Event.document_id.in_(keys))
            for kind, keys in ids.items()
        )
    )


def _named(text: str) -> list[AnySelect]:
    spellings = {text, text.upper(), text.lower()}
    statements: list[AnySelect] = []
    for kind in kinds():
        columns = kind.model.__mapper__.columns  # type: ignore[attr-defined]
        names = [columns[name] for name in KNOWN_BY if name in columns]
        meant = or_(kind.model.public_id == text, *(one.in_(spellings) for one in names))
        some = select(kind.model.id).where(meant).limit(MOST).subquery()
        statements.append(select(literal(kind.name), some.c.id))
    return statements


def checked() -> BookCheck | None:
    """What the last check of the chains found."""
    return session.get(BookCheck, "events")


def steps_of(kind: DocumentKind) -> Sequence[str]:
    """What can happen to a kind of document: a name for each thing that is said of it."""
    return [names[0] for names in _said(kind)]


def _said(kind: DocumentKind) -> list[list[str]]:
    """The names of what can happen to a kind of document, those of the same words together."""
    steps = kind.model.workflow.transitions
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys([*kind.words, *(step.name for step in steps), "comment"]):
        found.setdefault(str(did(kind, name, 0)), []).append(name)
    return list(found.values())


def _called_as(kind: str, step: str) -> list[str]:
    """The names of what is said as a step is."""
    return next((names for names in _said(kind_named(kind)) if step in names), [step])
