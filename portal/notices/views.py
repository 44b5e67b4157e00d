"""The inbox, and the comments that everybody who sees a document may add to it."""

from collections.abc import Sequence
from typing import Any

from flask import Flask, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.core import documents
from portal.core.db import AnyRow
from portal.core.errors import NotFound
from portal.core.i18n import _l
from portal.core.permissions import SIGNED_IN
from portal.files.views import with_uploads
from portal.notices import forms, letters, queries, services  # noqa: F401 - letters has jobs
from portal.notices.models import Notice
from portal.people import policy, sign_in
from portal.web import lists, timeline
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now

pages = Pages("notices", __name__)

LARGEST = 2**63 - 1
"""The largest key that a notice can have."""


def init_app(app: Flask) -> None:
    """Let the query that finds the person count the unread notices as well."""
    sign_in.count_unread_by(queries.unread)


def _tabs() -> list[lists.Tab]:
    return [
        lists.Tab("unread", _l("Unread"), Notice.read_at.is_(None)),
        lists.Tab("all", _l("All")),
    ]


def _listed(rows: Sequence[AnyRow], size: int) -> lists.Listed:
    more = len(rows) > size
    return lists.Listed(
        rows[:size],
        lists.here(after=rows[size - 1].id) if more else None,
        lists.here(after=None) if "after" in request.args else None,
    )


@pages.get("/inbox", needs=SIGNED_IN)
def inbox() -> ResponseReturnValue:
    """What concerns me, newest first; the unread in a tab of their own."""
    tabs = _tabs()
    chosen = lists.current(tabs)
    before = max(0, min(request.args.get("after", LARGEST, type=int), LARGEST))
    rows = queries.inbox(
        actor(), unread_only=chosen.name == "unread", before=before, size=lists.SIZE + 1
    )
    numbers = lists.counts(Notice, (Notice.user_id == actor().id,), tabs)
    return render(
        "notices/inbox.html",
        tabs=lists.tab_items(tabs, numbers),
        tab=chosen.name,
        page=_listed(rows, lists.SIZE),
        kind_named=documents.kind_named,
        did=timeline.did,
    )


def _document(notice_id: int) -> documents.Document:
    event = queries.notice_event(notice_id, actor())
    document = queries.document_of(event, actor()) if event else None
    if document is None:
        raise NotFound()
    return document


def _go_to(document: documents.Document, **values: Any) -> Response:
    endpoint = documents.kind_named(document.kind).endpoint
    return go(endpoint, name=document.public_id, **values)


@pages.get("/inbox/<int(max=9223372036854775807):notice_id>", needs=SIGNED_IN)
def show(notice_id: int) -> ResponseReturnValue:
    """The document of a notice; a link marks nothing as read."""
    return _go_to(_document(notice_id))


@pages.post("/inbox/<int(max=9223372036854775807):notice_id>", needs=SIGNED_IN)
def open_notice(notice_id: int) -> ResponseReturnValue:
    """Mark a notice as read and go to its document."""
    document = _document(notice_id)
    services.read(notice_id, by=actor(), now=now())
    answer = _go_to(document)
    if request.headers.get("HX-Request") == "true":
        # htmx would follow a redirect and swap the page into the link.
        return "", {"HX-Redirect": answer.location}
    return answer


@pages.post("/inbox", needs=SIGNED_IN)
def read_all() -> ResponseReturnValue:
    """Mark every notice as read."""
    services.read_all(by=actor(), now=now())
    return go("notices.inbox")


@pages.post("/comments/<kind>/<name>", needs=policy.COMMENT, own_transactions=True)
@with_uploads("files")
def comment(kind: str, name: str) -> ResponseReturnValue:
    """Add words and files to the timeline of a document that I may see."""
    known = documents.kind_named(kind)
    if not known.takes_comments:
        raise NotFound()
    document = documents.find(known.model, name, actor(), lock=True)
    form = forms.Comment()
    if form.validate_on_submit():
        with form.refusals():
            services.comment(document, form.text.data or "", form.files.kept, by=actor(), now=now())
            return _go_to(document, _anchor="timeline")
    return render(
        "notices/comment.html",
        status=form.status,
        form=form,
        document=document,
        label=known.label,
        document_url=url_for(known.endpoint, name=name),
    )
