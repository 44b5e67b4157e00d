"""Sending and getting files over HTTP."""

import io
import re
from typing import Any

import pytest
from flask import render_template_string
from flask.typing import ResponseReturnValue
from PIL import Image
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, stream_encode_multipart

from portal.core.db import session, transaction
from portal.core.permissions import SIGNED_IN
from portal.files import services
from portal.files.forms import UploadsField
from portal.files.models import Attachment
from portal.files.views import with_uploads
from portal.web.forms import Form, line
from portal.web.routes import Pages, actor, go
from tests.functional.files.conftest import north
from tests.support.portal import START, Client, Portal

HTMX = {"HX-Request": "true"}
PAGE = """{% from "files/field.html" import upload_field %}{{ form.title() }}
{{ upload_field("photos", form.photos.kept, form.photos.errors) }}"""


class NoteForm(Form):
    """Any form that has photos."""

    title = line("Title")
    photos = UploadsField("Photos")


def note_page(form: NoteForm, status: int) -> ResponseReturnValue:
    """Any page with such a form."""
    return render_template_string(PAGE, form=form), status


@pytest.fixture
def notes(own_portal: Portal) -> Portal:
    """The portal with a page of a form with photos, whose document is the first dealer."""
    pages = Pages("notes", __name__)

    @pages.post("/notes", needs=SIGNED_IN, own_transactions=True)
    @with_uploads("photos")
    def add() -> ResponseReturnValue:
        form = NoteForm()
        if form.validate():
            with form.refusals():
                services.claim(form.photos.data, north(own_portal), by=actor())
        return note_page(form, form.status) if form.errors else go("home.index")

    own_portal.app.register_blueprint(pages)
    return own_portal


def sent(*files: tuple[bytes, str], **fields: object) -> Any:
    """What a form with photos sends."""
    return {"photos": [(io.BytesIO(content), name) for content, name in files], **fields}


def post(client: Client, path: str, data: Any, **headers: str) -> TestResponse:
    """Send a form; the whole of it in memory, where the client would leave its file open."""
    fields = MultiDict([("csrf_token", client.token), *listed(data)])
    stream, length, boundary = stream_encode_multipart(fields, threshold=2**27)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return client.http.post(path, data=stream.read(length), content_type=kind, headers=headers)


def listed(data: dict[str, Any]) -> list[tuple[str, Any]]:
    """The fields of a form one by one, files as files."""
    pairs = []
    for name, value in data.items():
        for one in value if isinstance(value, list) else [value]:
            is_file = isinstance(one, tuple)
            pairs.append((name, FileStorage(*one, name=name) if is_file else one))
    return pairs


def get(client: Client, path: str, **headers: str) -> TestResponse:
    """Get something as a whole, so that it is closed afterwards."""
    return client.get(path, headers=headers, buffered=True)


def ids_in(text: str) -> list[str]:
    """The public ids that a page keeps in its form."""
    return re.findall(r'name="photos_kept" value="([\w-]{16})" checked', text)


def uploaded(client: Client, photo: bytes) -> str:
    """Send a photo ahead; its public id."""
    answer = post(client, "/files", sent((photo, "a.png")))
    assert answer.status_code == 200
    return ids_in(answer.text)[0]


def counted(portal: Portal) -> int:
    """How many attachments there are."""
    with portal.app.app_context():
        count = session.scalar(select(func.count()).select_from(Attachment)) or 0
        session.rollback()
        return count


def test_field_with_thumbnails_when_photos_are_sent_ahead(portal: Portal, photo: bytes) -> None:
    """The answer is the field, with what came before and what came now."""
    clerk = portal.client(portal.clerk)
    first = uploaded(clerk, photo)
    data = sent((photo, "b.png"), (photo, "ü <b>.png"), photos_kept=first)
    answer = post(clerk, "/files", data)
    assert answer.status_code == 200
    assert ids_in(answer.text)[0] == first
    assert len(ids_in(answer.text)) == 3
    assert "ü &lt;b&gt;.png" in answer.text
    assert '<div id="photos-field" class="stack">' in answer.text


def test_safe_headers_when_photo_is_served(portal: Portal, photo: bytes) -> None:
    """A photo is shown in place, cached by its reader only, and can run nothing."""
    clerk = portal.client(portal.clerk)
    name = uploaded(clerk, photo)
    for path, most in ((f"/files/{name}", 2000), (f"/files/{name}/thumbnail", 320)):
        answer = get(clerk, path)
        assert answer.status_code == 200
        assert answer.mimetype == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Disposition"] == "inline; filename=a.jpg"
        assert max(Image.open(io.BytesIO(answer.data)).size) <= most
        again = get(clerk, path, **{"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304


def test_saved_not_shown_when_file_is_pdf(portal: Portal) -> None:
    """What we did not make ourselves is never shown in place."""
    clerk = portal.client(portal.clerk)
    data = {"files": (io.BytesIO(b"%PDF-1.4 <script>"), "发票.pdf")}
    name = re.findall(r'value="([\w-]{16})" checked', post(clerk, "/files", data).text)[0]
    answer = get(clerk, f"/files/{name}")
    assert answer.data == b"%PDF-1.4 <script>"
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert get(clerk, f"/files/{name}/thumbnail").status_code == 404


def test_not_found_when_file_is_anothers(portal: Portal, photo: bytes) -> None:
    """P1: a foreign file is no different from a missing one, for reading and removing."""
    name = uploaded(portal.client(portal.clerk), photo)
    for who in ("manager", "other_clerk", "desk", "auditor"):
        client = portal.client(portal.cast[who])
        for path in (f"/files/{name}", f"/files/{name}/thumbnail"):
            missing = get(client, path.replace(name, "A" * 16))
            assert get(client, path).status_code == missing.status_code == 404
        refused = 403 if who == "auditor" else 404
        assert client.post(f"/files/{name}/remove").status_code == refused
    assert get(portal.client(), f"/files/{name}").status_code == 303
    assert counted(portal) == 1


@pytest.mark.parametrize("name", ["%00", "..%2f..%2fetc%2fpasswd", "x" * 5000, "%ff", "😀"])
def test_not_found_when_name_is_nonsense(portal: Portal, name: str) -> None:
    """No name leads to anything but a file."""
    assert get(portal.client(portal.clerk), f"/files/{name}").status_code == 404


def test_seen_by_headquarters_when_document_is(portal: Portal, photo: bytes) -> None:
    """P1: once claimed, whoever sees the document sees the file, and nobody removes it."""
    clerk = portal.client(portal.clerk)
    name = uploaded(clerk, photo)
    with portal.app.app_context(), transaction():
        services.claim([name], north(portal), by=portal.clerk)
    assert clerk.post(f"/files/{name}/remove").status_code == 404
    statuses = {
        who: get(portal.client(portal.cast[who]), f"/files/{name}").status_code
        for who in ("manager", "other_clerk", "desk")
    }
    assert statuses == {"manager": 200, "other_clerk": 404, "desk": 200}


def test_gone_from_page_when_removed(portal: Portal, photo: bytes) -> None:
    """htmx takes the thumbnail away; without it one comes home."""
    clerk = portal.client(portal.clerk)
    answer = clerk.post(f"/files/{uploaded(clerk, photo)}/remove", headers=HTMX)
    assert (answer.status_code, answer.text) == (200, "")
    assert clerk.post(f"/files/{uploaded(clerk, photo)}/remove").status_code == 303
    assert counted(portal) == 0


@pytest.mark.parametrize(
    ("content", "name", "status", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", 422, "“a.svg” is not a photo."),
        (b"<!DOCTYPE html><p>x", "a.jpg", 422, "“a.jpg” is not a photo."),
        (b"PK\x03\x04", "a.png", 422, "“a.png” is not a photo."),
        (b"", "empty.jpg", 422, "“empty.jpg” is not a photo."),
        (b"\xff\xd8\xff\xe0 half", "cut.jpg", 422, "“cut.jpg” is damaged or incomplete."),
        (bytes(40_000_000), "big.jpg", 413, "“big.jpg” is larger than 20 MB."),
    ],
)
def test_sentence_and_nothing_kept_when_file_is_bad(
    portal: Portal, content: bytes, name: str, status: int, sentence: str
) -> None:
    """A file that lies about its kind, is broken or too large: each has its sentence."""
    answer = post(portal.client(portal.clerk), "/files", sent((content, name)))
    assert answer.status_code == status
    assert sentence in answer.text
    assert counted(portal) == 0


def test_good_ones_kept_when_one_of_several_is_bad(portal: Portal, photo: bytes) -> None:
    """Bad input loses nothing."""
    data = sent((photo, "good.png"), (b"nonsense", "bad.png"))
    answer = post(portal.client(portal.clerk), "/files", data)
    assert answer.status_code == 422
    assert len(ids_in(answer.text)) == 1


def test_refused_when_files_are_too_many(portal: Portal) -> None:
    """Nobody keeps a server busy with one request."""
    data = sent(*[(b"x", f"{n}.png") for n in range(21)])
    answer = post(portal.client(portal.clerk), "/files", data)
    assert answer.status_code == 422
    assert "At most 20 files at a time." in answer.text


def test_photo_kept_and_shown_when_form_is_refused(notes: Portal, photo: bytes) -> None:
    """Without scripts: the photo came with a form that lacks its title; the next try has both."""
    clerk = notes.client(notes.clerk)
    refused = post(clerk, "/notes", sent((photo, "a.png"), title=""))
    assert refused.status_code == 422
    kept = ids_in(refused.text)
    assert len(kept) == 1
    assert get(clerk, f"/files/{kept[0]}/thumbnail").status_code == 200
    accepted = post(clerk, "/notes", sent(title="Leak", photos_kept=kept[0]))
    assert accepted.status_code == 303
    assert get(notes.client(notes.manager), f"/files/{kept[0]}").status_code == 200
    assert counted(notes) == 1


def test_typed_text_kept_when_photo_is_refused(notes: Portal, photo: bytes) -> None:
    """The other way round: a file of 21 MB is 413, and title and good photo stay."""
    data = sent((photo, "a.png"), (bytes(21 * 2**20), "big.png"), title="Leak")
    refused = post(notes.client(notes.clerk), "/notes", data)
    assert refused.status_code == 413
    assert 'value="Leak"' in refused.text
    assert "“big.png” is larger than 20 MB." in refused.text
    assert len(ids_in(refused.text)) == 1


def test_passed_over_when_kept_photo_is_not_ones_own(notes: Portal, photo: bytes) -> None:
    """P1: naming somebody else's photo, or nonsense, brings nothing."""
    name = uploaded(notes.client(notes.other_clerk), photo)
    data = sent(title="Leak", photos_kept=[name, "\0", "x" * 5000, "😀"])
    assert post(notes.client(notes.clerk), "/notes", data).status_code == 303
    assert get(notes.client(notes.manager), f"/files/{name}").status_code == 404


def test_not_found_when_bytes_are_gone(portal: Portal, photo: bytes) -> None:
    """A file that is lost from the storage is missing, not a crash."""
    with portal.app.app_context():
        prepared = services.prepare(photo, "a.png")
        with transaction():
            name = services.keep(prepared, by=portal.clerk, now=START).public_id
        services.storage().delete(prepared.storage_key)
    clerk = portal.client(portal.clerk)
    assert get(clerk, f"/files/{name}").status_code == 404
    assert get(clerk, f"/files/{name}/thumbnail").status_code == 200
