"""Freight on a claim, on a phone: typed, refused with what was typed kept, added once."""

import io

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.support import claims, collecting
from tests.support.browser import PHONE, window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.mark.parametrize("javascript", [True, False])
def test_freight_is_added_once_when_its_first_try_was_refused(
    portal: Portal, browser: Browser, javascript: bool
) -> None:
    """R1: amount and receipt; with scripts and without; taken off, it is offered again."""
    consignment = collecting.sent(portal, 1, part="TH-300")
    claims.pieces(portal, 1)
    claim = claims.started(portal)
    photo = io.BytesIO()
    Image.new("RGB", (80, 120), "ivory").save(photo, "JPEG")
    refused = ("422",)
    with (
        serve(portal.app) as address,
        window(browser, address, width=PHONE, javascript=javascript, expected=refused) as page,
    ):
        cookie = portal.client(portal.clerk).http.get_cookie("partloop")
        assert cookie is not None
        page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
        page.goto(f"/claims/{claim.public_id}")
        page.get_by_role("link", name="Add freight").click()
        page.get_by_label("Freight paid").fill("a lot")
        page.locator("input[name=files]").set_input_files(
            {"name": "receipt.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()}
        )
        if javascript:
            expect(page.get_by_role("button", name="Remove receipt.jpg")).to_be_visible()
        page.get_by_role("button", name="Add freight").click()
        expect(page.get_by_label("Freight paid")).to_have_value("a lot")
        expect(page.locator("ul.photos img")).to_have_count(1)
        page.get_by_label("Freight paid").fill("86.50")
        page.get_by_role("button", name="Add freight").dblclick()
        expect(page.get_by_text("The freight is on the claim.")).to_be_visible()
        expect(page.get_by_role("link", name=consignment.number)).to_have_count(1)
        expect(page.get_by_role("link", name="Add freight")).to_have_count(0)
        assert len(claims.lines(portal, claim)) == 3
        page.get_by_role("button", name="Take off").click()
        expect(page.get_by_role("link", name="Add freight")).to_be_visible()
    assert len(claims.lines(portal, claim)) == 2
