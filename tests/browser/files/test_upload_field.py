"""The upload field in a real browser: with scripts, without, and when a file is bad."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import render_template_string
from flask.typing import ResponseReturnValue
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from portal.core.db import session
from portal.core.permissions import SIGNED_IN
from portal.files import queries, services
from portal.files.forms import UploadsField
from portal.files.views import with_uploads
from portal.people.models import Dealer
from portal.web.forms import Form, line
from portal.web.routes import Pages, actor, go
from tests.support.axe import axe_violations
from tests.support.browser import PHONE, window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

PAGE = """{% extends "base.html" %}{% from "components/form.html" import csrf, field %}
{% from "files/field.html" import upload_field %}
{% block main %}<h1>A note</h1>
<form class="form" method="post" enctype="multipart/form-data" data-guard novalidate>{{ csrf() }}
{{ field(form.title) }}{{ upload_field("photos", form.photos.kept, form.photos.errors) }}
<button class="button primary">Save</button></form>{% endblock %}"""


class NoteForm(Form):
    """Any form that has photos."""

    title = line("Title")
    photos = UploadsField("Photos")


@pytest.fixture
def address(own_portal: Portal) -> Iterator[str]:
    """A portal with one more page: a note, whose photos go to the first dealer."""
    pages = Pages("notes", __name__)

    @pages.get("/notes", needs=SIGNED_IN)
    def empty() -> ResponseReturnValue:
        return render_template_string(PAGE, form=NoteForm())

    @pages.post("/notes", needs=SIGNED_IN, own_transactions=True)
    @with_uploads("photos")
    def add() -> ResponseReturnValue:
        form = NoteForm()
        if not form.validate():
            return render_template_string(PAGE, form=form), 422
        dealer = session.get_one(Dealer, own_portal.dealers["north"])
        services.claim(form.photos.data, dealer, by=actor())
        return go("notes.empty")

    own_portal.app.register_blueprint(pages)
    with serve(own_portal.app) as address:
        yield address


def signed_in(page: Page, portal: Portal, address: str) -> Page:
    """Open the note as the clerk."""
    cookie = portal.client(portal.clerk).http.get_cookie("partloop")
    assert cookie is not None
    page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
    page.goto("/notes")
    return page


def photo(name: str, colour: str = "red") -> Any:
    """A file to choose."""
    target = io.BytesIO()
    Image.new("RGB", (800, 600), colour).save(target, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": target.getvalue()}


def claimed(portal: Portal) -> list[str]:
    """The names of the files that the first dealer has got."""
    with portal.app.app_context():
        rows = queries.of_document(session.get_one(Dealer, portal.dealers["north"]))
        session.rollback()
        return [row.name for row in rows]


def test_sent_at_once_when_scripts_run(portal: Portal, address: str, browser: Browser) -> None:
    """Each photo goes up when it is chosen and is shown; what is removed is not claimed."""
    with window(browser, address, width=PHONE, expected=("422",)) as page:
        signed_in(page, portal, address)
        tiles = page.locator("#photos-field .photos img")
        page.locator("#photos").set_input_files([photo("one.jpg"), photo("two.jpg", "lime")])
        expect(tiles).to_have_count(2)
        assert tiles.first.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
        assert axe_violations(page) == []
        page.locator("#photos").set_input_files(
            {"name": "page.jpg", "mimeType": "image/jpeg", "buffer": b"<!DOCTYPE html>"}
        )
        expect(page.get_by_text("“page.jpg” is not a photo.")).to_be_visible()
        expect(tiles).to_have_count(2)
        page.get_by_role("button", name="Remove one.jpg").click()
        expect(tiles).to_have_count(1)
        page.get_by_label("Title").fill("Leak")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#photos-field .photos")).to_have_count(0)
    assert claimed(portal) == ["two.jpg"]


def test_sent_with_form_when_scripts_are_off(
    portal: Portal, address: str, browser: Browser
) -> None:
    """The refused form shows the photos again; what is unticked is not claimed."""
    with window(browser, address, javascript=False, expected=("422",)) as page:
        signed_in(page, portal, address)
        page.locator("#photos").set_input_files([photo("one.jpg"), photo("two.jpg")])
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Please fill this in.")).to_be_visible()
        expect(page.locator("#photos-field .photos img")).to_have_count(2)
        expect(page.get_by_role("button", name="Remove one.jpg")).to_be_hidden()
        page.get_by_role("checkbox").first.uncheck()
        page.get_by_label("Title").fill("Leak")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#photos-field .photos")).to_have_count(0)
    assert claimed(portal) == ["two.jpg"]
