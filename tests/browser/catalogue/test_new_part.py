"""Adding a part by hand on a phone, with its picture: with scripts and without (C1)."""

import io
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from portal.catalogue.models import Part
from portal.core.db import session
from portal.files.models import Attachment
from tests.support.axe import axe_violations
from tests.support.browser import PHONE, window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def photo(name: str, colour: str) -> Any:
    """A file to choose."""
    target = io.BytesIO()
    Image.new("RGB", (800, 600), colour).save(target, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": target.getvalue()}


def _is_shown(page: Page, alt: str) -> bool:
    """Whether a picture was not only named but painted."""
    image = page.get_by_alt_text(alt)
    expect(image).to_be_visible()
    page.wait_for_load_state("load")
    return bool(image.evaluate("(image) => image.complete && image.naturalWidth > 0"))


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_part_is_added_and_pictured_anew_on_a_phone(
    portal: Portal, browser: Browser, scripts: bool
) -> None:
    """C1: a number that is there is said at its field and the photo stays; pressed twice, one part;
    another photo takes the first one's place, and then it is removed.
    """
    with (
        serve(portal.app) as address,
        window(browser, address, width=PHONE, javascript=scripts, expected=("422",)) as page,
    ):
        cookie = portal.client(portal.administrator).http.get_cookie("partloop")
        assert cookie is not None
        page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
        page.goto("/parts")
        page.get_by_role("link", name="New part").click()
        page.fill("#number", "fv-100")
        page.fill("#name", "Glass seal")
        page.fill("#name_zh", "玻璃密封条")
        page.locator("#photos").set_input_files(photo("one.jpg", "red"))
        if scripts:
            expect(page.locator("#photos-field .photos img")).to_have_count(1)
            page.locator("#photos").set_input_files(photo("two.jpg", "blue"))
            expect(page.locator("#photos-field img[alt='two.jpg']")).to_have_count(1)
            expect(page.locator("#photos-field .photos img")).to_have_count(1)
        page.get_by_role("button", name="Add the part").click()
        expect(page.locator("#error-summary")).to_contain_text("There is this part already: FV-100")
        expect(page.locator("#name_zh")).to_have_value("玻璃密封条")
        expect(page.locator("#photos-field .photos img")).to_have_count(1)
        assert not scripts or axe_violations(page) == []
        page.get_by_role("link", name="There is this part already").click()
        expect(page.locator("#number")).to_be_focused()
        page.fill("#number", "GS-500")
        page.get_by_role("button", name="Add the part").dblclick()
        expect(page.locator("h1")).to_have_text("GS-500")
        assert _is_shown(page, "Picture of Glass seal")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert not scripts or axe_violations(page) == []
        page.get_by_role("link", name="Edit").click()
        assert _is_shown(page, "The present picture")
        page.locator("#photos").set_input_files(photo("three.jpg", "green"))
        if scripts:
            expect(page.locator("#photos-field .photos img")).to_have_count(1)
        page.get_by_role("button", name="Save").click()
        assert _is_shown(page, "Picture of Glass seal")
        page.get_by_role("link", name="Edit").click()
        page.get_by_label("Remove this picture").check()
        page.get_by_role("button", name="Save").click()
        expect(page.locator("h1")).to_have_text("GS-500")
        expect(page.get_by_alt_text("Picture of Glass seal")).to_have_count(0)
    with portal.transaction():
        assert session.query(Part).where(Part.number == "GS-500").count() == 1
        assert session.query(Attachment).where(Attachment.document_kind == "part").count() == 0
