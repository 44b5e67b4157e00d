"""Receiving a box of old parts with a hand scanner, which types and presses Enter (O7)."""

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from portal.core.db import session
from portal.oldparts.models import OldPart
from tests.support import collecting
from tests.support.browser import window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def test_twenty_labels_are_received_when_a_scanner_types_them(
    portal: Portal, browser: Browser
) -> None:
    """O7: faster than the answers come; the focus stays, none is lost, the place is kept."""
    consignment = collecting.sent(portal, 20)
    with portal.transaction():
        names = session.scalars(select(OldPart.public_id).order_by(OldPart.id)).all()
    with serve(portal.app) as address, window(browser, address) as page:
        cookie = portal.client(portal.warehouse).http.get_cookie("partloop")
        assert cookie is not None
        page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
        page.goto(f"/collections/{consignment.public_id}/receive")
        expect(page.locator("#so-far")).to_have_text("0 of 20 received")
        page.fill("[name=place]", "Hall 2")
        page.focus("#code")
        for name in names:
            page.keyboard.type(f"{address}/old-parts/{name}")
            page.keyboard.press("Enter")
        expect(page.locator("#scans li.good")).to_have_count(20)
        expect(page.locator("#scans li").first).to_contain_text("20 of 20 received")
        expect(page.locator("#code")).to_be_focused()
        expect(page.locator("#code")).to_have_value("")
        expect(page.locator("[name=place]")).to_have_value("Hall 2")
        page.keyboard.type(f"{address}/old-parts/{names[0]}")
        page.keyboard.press("Enter")
        expect(page.locator("#scans li").first).to_contain_text("Already received")
        expect(page.locator("#so-far")).to_contain_text("20 of 20 received")
        page.locator("#so-far").get_by_role("link", name="Finish receiving").click()
        expect(page.locator("main")).to_contain_text("Everything on the packing list arrived.")
    with portal.transaction():
        found = session.scalars(select(OldPart.status)).all()
    assert set(found) == {"received"}
