"""All events, for the auditor and the administrator: searched, taken along (P4)."""

import json
from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.core.db import snapshot
from portal.core.documents import DocumentKind, kinds, personal_values
from portal.core.events import Event
from portal.core.i18n import _, _l
from portal.core.personal import in_clear
from portal.operations import audit_queries, policy
from portal.operations.audit_queries import Wish
from portal.web import exports, frame, lists, timeline
from portal.web.exports import Column
from portal.web.htmx import render
from portal.web.lists import Selection
from portal.web.routes import Pages, actor

pages = Pages("audit", __name__)
frame.room(85, _l("All events"), "sheet", "audit.index", policy.EVENT_READ)
SIDES = {"dealer": _l("Dealer"), "hq": _l("Headquarters")}


def _kinds() -> dict[str, DocumentKind]:
    return {kind.name: kind for kind in kinds()}


def _wish() -> Wish:
    first, last = lists.days_asked()
    kind, _space, step = lists.typed("kind").partition(" ")
    return Wish(
        person=lists.typed("person"),
        document=lists.typed("q"),
        kind=kind if kind in _kinds() else "",
        step=step,
        first=first,
        last=last,
    )


def _shown() -> Selection:
    return Selection(audit_queries.events(_wish(), actor()), Event.at, Event.id)


@pages.get("/audit", needs=policy.EVENT_READ)
def index() -> ResponseReturnValue:
    """Every event, newest first, by person, document, kind and time."""
    asked, known = _wish(), _kinds()
    return render(
        "operations/audit.html",
        fragments={"results"},
        listed=_shown().page(),
        asked=asked,
        kinds=sorted((str(kind.label), name) for name, kind in known.items()),
        steps={name: audit_queries.steps_of(kind) for name, kind in known.items()},
        known=known,
        did=timeline.did,
        state=_state,
        url=_url,
        checked=audit_queries.checked(),
        day=request.args.get,
        files=[
            (label, lists.with_filters("audit.export", {"ending": ending}, {"after": None}))
            for ending, label in exports.LABELS.items()
        ],
    )


def _state(kind: DocumentKind, name: str) -> Any:
    """The label of a state; None for the one before the first."""
    return next((one.label for one in kind.model.workflow.states if one.name == name), None)


def _url(kind: DocumentKind, public_id: str) -> str:
    if kind.name == "calendar":  # there is one only
        return url_for(kind.endpoint)
    return url_for(kind.endpoint, name=public_id)


@pages.get("/audit/export/<any(xlsx, csv):ending>", needs=policy.EVENT_READ, own_transactions=True)
def export(ending: str) -> ResponseReturnValue:
    """The events as the list shows them, with the values used and their place in the chain."""
    with snapshot():
        return exports.file_of(_table(), ending)


def _values(
    used: Mapping[str, Any] | None, personal: Mapping[str, Any] | None, emptied: str
) -> str:
    """The values as they were; nothing for who may not read them."""
    if used is None:
        return ""
    read = in_clear(used, personal, personal_values(emptied))
    return json.dumps(read, ensure_ascii=False, default=str)


def _table() -> exports.Table:
    known = _kinds()

    def what(text: str) -> str:
        kind, _space, name = text.partition(" ")
        return str(timeline.did(known[kind], name, 0)) if kind in known else name

    columns = [
        Column(_("Time"), "created_at", exports.moments()),
        Column(_("Person"), "actor_name"),
        Column(_("Side"), "actor_side", lambda side: str(SIDES.get(side, side))),
        Column(
            _("Kind"), "document_kind", lambda kind: str(known[kind].label) if kind in known else ""
        ),
        Column(_("Document"), "number"),
        Column(_("Event"), "what", what),
        Column(_("Status before"), "from_status"),
        Column(_("Status after"), "to_status"),
        Column(_("Reason"), "reason"),
        Column(_("Values"), "used", _values, beside=("personal", "emptied")),
        Column(_("Hash"), "hash"),
    ]
    return exports.Table(_("All events"), _shown().whole, columns)
