"""Sending files, and serving them to whoever may see their document."""

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import PurePath
from typing import Any

import structlog
from flask import Flask, current_app, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from portal.core.db import in_transaction, reading
from portal.core.errors import Invalid, NotFound, Refusal
from portal.core.i18n import _, ngettext
from portal.core.permissions import SIGNED_IN
from portal.files import forms, policy, queries, services, storage
from portal.files.images import codes_in
from portal.files.models import Attachment
from portal.settings import SettingError, Settings
from portal.web import presses
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.routes import Pages, View, actor, go, now, writing

log = structlog.get_logger()
pages = Pages("files", __name__, url_prefix="/files")

MOST_FILES = 20


def init_app(app: Flask) -> None:
    """Keep the files where the settings say: in the bucket, or in the folder."""
    settings = app.extensions["settings"]
    storage.use(_bucket(settings) if settings.s3_bucket else _folder(settings))


def _folder(settings: Settings) -> storage.Storage:
    return storage.FolderStorage(settings.files_folder)


def _bucket(settings: Settings) -> storage.Storage:
    try:
        from portal.files.s3 import S3Storage
    except ImportError:
        raise SettingError("PORTAL_S3_BUCKET: install Partloop with its extra s3") from None
    return S3Storage(settings)


def take(name: str, purpose: services.Purpose | None = None) -> forms.Uploads:
    """Receive what came under a name of ``forms.PURPOSES``, and find again what came before.

    What is good is kept, each refusal becomes a sentence. Outside a transaction, since pictures
    take their time. Any other name says what it is for.
    """
    purpose = purpose or forms.PURPOSES[name]
    uploads = forms.Uploads()
    sent = [item for item in request.files.getlist(name) if item.filename]
    if len(sent) > MOST_FILES:
        most = ngettext(
            "At most %(num)d file at a time.", "At most %(num)d files at a time.", MOST_FILES
        )
        uploads.refusals.append(Invalid(most))
    by, at = actor(), now()
    ready = [one for item in sent[:MOST_FILES] if (one := _prepared(item, purpose, uploads))]
    ids = request.form.getlist(f"{name}_kept")
    if ready:
        ids += in_transaction(
            lambda: [services.keep(one, by=by, now=at).public_id for one in ready]
        )
    if ids:
        with reading():
            uploads.kept = queries.unclaimed(ids, by)
    return uploads


def _prepared(
    item: FileStorage, purpose: services.Purpose, uploads: forms.Uploads
) -> services.Prepared | None:
    try:
        content = item.stream.read(services.MAX_BYTES + 1)
        return services.prepare(content, item.filename or "", purpose=purpose)
    except Refusal as refusal:
        uploads.refusals.append(refusal)
        return None


def with_uploads(*names: str) -> Callable[[View], View]:
    """Decorate the view of a form that has ``forms.UploadsField``s of these names.

    The route says ``own_transactions=True``: first the files are taken in, then the view runs in
    one writing transaction. A form that is refused because of a file of too many bytes is 413.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def taking(**values: Any) -> Response:
            if (done := presses.repeated()) is not None:
                return done
            uploads = {name: take(name) for name in names}
            token = forms.taken.set(uploads)
            try:
                answer = writing(view)(**values)
            finally:
                forms.taken.reset(token)
            response: Response = current_app.make_response(answer)
            if response.status_code == 422:
                refused = [one.status for one in uploads.values() if one.refusals]
                response.status_code = min([422, *refused])
            return response

        return taking

    return decorate


def scanned(refused: list[str]) -> list[str]:
    """The codes in the photos that came as ``scan``: taken to be read, and only for that.

    Outside a transaction. Those in which nothing can be read are added to ``refused``, in words.
    """
    texts: list[str] = []
    for sent in request.files.getlist("scan"):
        if not sent.filename:
            continue
        try:
            found = codes_in(sent.stream.read(services.MAX_BYTES + 1), sent.filename)
        except Invalid as refusal:
            refused.append(str(refusal))
            continue
        if not found:
            refused.append(_("No code was found in “%(name)s”.", name=sent.filename))
        texts += map(clean, found)
    return texts


def linked(rows: Iterable[queries.Shown]) -> list[dict[str, Any]]:
    """Attachments as the components ``photo_grid`` and ``timeline`` show them."""
    return [
        {
            "name": row.name,
            "url": url_for("files.show", public_id=row.public_id),
            "thumb_url": url_for("files.thumbnail", public_id=row.public_id)
            if row.is_picture
            else None,
        }
        for row in rows
    ]


@pages.post("", needs=policy.ADD, own_transactions=True)
def upload() -> ResponseReturnValue:
    """Send photos or files ahead of their form; answers the field, with all that it has by now."""
    name = "files" if "files" in request.files else "photos"
    uploads = take(name)
    single = "single" in request.args
    if single:
        uploads.kept = uploads.kept[-1:]
    return render(
        "files/upload.html",
        name=name,
        uploads=uploads,
        optional="optional" in request.args,
        single=single,
        evidence="evidence" in request.args,
        status=uploads.status,
    )


@pages.get("/<public_id>", needs=SIGNED_IN)
def show(public_id: str) -> ResponseReturnValue:
    """The file itself: a picture in place, anything else to be saved."""
    attachment = queries.find(public_id, actor())
    return _served(attachment, attachment.storage_key, attachment.sha256)


@pages.get("/<public_id>/thumbnail", needs=SIGNED_IN)
def thumbnail(public_id: str) -> ResponseReturnValue:
    """The small picture of a picture."""
    attachment = queries.find(public_id, actor())
    if attachment.thumbnail_key is None:
        raise NotFound()
    return _served(attachment, attachment.thumbnail_key, f"{attachment.sha256}-small")


@pages.post("/<public_id>/remove", needs=policy.ADD)
def remove(public_id: str) -> ResponseReturnValue:
    """Take back what no document has claimed; htmx removes it from the page."""
    services.remove(public_id, by=actor(), now=now())
    return "" if request.headers.get("HX-Request") == "true" else go("home.index")


def _served(attachment: Attachment, key: str, etag: str) -> Response:
    try:
        content = storage.storage().open(key)
    except FileNotFoundError:
        log.exception("bytes of an attachment are gone", attachment=attachment.public_id)
        raise NotFound() from None
    name = PurePath(attachment.name)
    response = send_file(
        content,
        mimetype=attachment.media_type,
        as_attachment=not attachment.is_picture,
        download_name=f"{name.stem}.jpg" if attachment.is_picture else name.name,
        etag=etag,
    )
    # Only we made the pictures; still, no file may ever act as a page of ours.
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    # Asked for again each time: a browser may not show it to whoever signs in next (P1).
    response.headers["Cache-Control"] = "private, no-cache"
    return response
