"""A document's timeline as its page shows it: events in words, with their values and comments."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import bindparam, select

from portal.core.db import AnyRow, AnySelect, rows
from portal.core.documents import Document
from portal.core.events import COMMENT, Event
from portal.core.i18n import _, _l
from portal.core.workflow import State, Workflow

WORDS = {
    "create": _l("began it"),
    COMMENT: _l("wrote"),
    "attach": _l("added a file"),
    "edit": _l("changed it"),
}


@dataclass(frozen=True)
class Entry:
    """One line of a timeline; the states are given where the event changed the state.

    ``files`` are those that came with it: an event keeps the ``[name in URLs, name]`` of each.
    """

    at: datetime
    who: str
    done: Any
    comment: str
    reason: str
    from_state: State | None
    to_state: State | None
    values: list[tuple[str, str]]
    files: list[dict[str, str]]


def did(name: str, workflow: Workflow) -> Any:
    """What an event's name means, in words that follow a person's name."""
    transition = workflow.named(name)
    return transition.done if transition else WORDS.get(name, name)


def of(document: Document) -> list[Entry]:
    """The whole timeline of a document, oldest first; one query."""
    which = {"kind": document.kind, "document": document.id}
    return [_entry(event, document.workflow) for event in rows(_EVENTS, which)]


_EVENTS: AnySelect = (
    select(
        Event.at,
        Event.actor_name,
        Event.name,
        Event.reason,
        Event.from_status,
        Event.to_status,
        Event.values.label("used"),
    )
    .where(Event.document_kind == bindparam("kind"), Event.document_id == bindparam("document"))
    .order_by(Event.seq)
)


def named(entries: list[Entry], labels: Mapping[str, Any]) -> list[Entry]:
    """The same timeline with each value under its label, where it has one."""
    return [
        replace(entry, values=[(labels.get(name, name), text) for name, text in entry.values])
        for entry in entries
    ]


def _entry(event: AnyRow, workflow: Workflow) -> Entry:
    said = event.name == COMMENT
    moved = event.from_status not in ("", event.to_status)
    return Entry(
        at=event.at,
        who=event.actor_name,
        done="" if said else did(event.name, workflow),
        comment=event.reason if said else "",
        reason="" if said else event.reason,
        from_state=workflow.state(event.from_status) if moved else None,
        to_state=workflow.state(event.to_status) if moved else None,
        values=[
            (name, _in_words(value))
            for name, value in sorted(event.used.items())
            if name != "files"
        ],
        files=[
            {"name": name, "url": url_for("files.show", public_id=public_id)}
            for public_id, name in event.used.get("files", ())
        ],
    )


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return (" → " if len(value) == 2 else ", ").join(map(_in_words, value))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return str(value) if value != "" else "–"
