"""A reviewer works through a run's exceptions from the keyboard alone (R5, R6)."""

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from portal.claims.models import ClaimLine
from portal.core.db import session
from tests.browser.claims.test_claims import signed_in
from tests.support import claims as story
from tests.support.browser import window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def test_twenty_lines_decided_when_only_keys_are_pressed(portal: Portal, browser: Browser) -> None:
    """R5, R6: the plain lines together, five exceptions one by one, without the mouse."""
    story.pieces(portal, 20)
    claim = story.submitted(portal)
    with portal.transaction():
        session.execute(
            update(ClaimLine)
            .where(ClaimLine.position.in_((3, 7, 11, 12, 20)))
            .values(remark="Second repair")
        )
    run = story.opened(portal)
    with serve(portal.app) as address, window(browser, address, expected=("422",)) as page:
        signed_in(page, portal, portal.reviewer, address).goto(f"/claims/{claim.public_id}")
        page.get_by_role("button", name="Approve the lines without finding or remark").press(
            "Enter"
        )
        page.get_by_role("link", name="Look at them one by one").press("Enter")
        heading = page.locator("h1")

        def at(position: int) -> None:
            expect(heading).to_have_text(f"{claim.number}, line {position}")

        at(3)
        page.keyboard.press("j")
        at(7)
        page.keyboard.press("k")
        at(3)
        page.keyboard.press("a")
        at(7)
        page.keyboard.press("r")
        page.keyboard.press("6")
        page.keyboard.press("Tab")
        page.keyboard.type("10.00")
        page.keyboard.press("Enter")
        at(11)
        page.keyboard.press("x")
        page.keyboard.press("Escape")
        page.keyboard.press("x")
        page.keyboard.press("2")
        page.keyboard.press("Enter")
        at(12)
        page.keyboard.press("x")
        page.keyboard.press("7")
        page.keyboard.press("Enter")
        expect(page.locator(".error").first).to_contain_text("Explain the reason")
        page.locator("#note").focus()
        page.keyboard.type("See the photo")
        page.keyboard.press("Control+Enter")
        at(20)
        page.keyboard.press("a")
        expect(heading).to_contain_text("Run of")
        expect(page.locator("#flash")).to_contain_text("No line is left here")
    assert page.url.endswith(f"/runs/{run.public_id}")
    lines = story.lines(portal, claim)
    odd = {line.position: line.status for line in lines if line.status != "approved"}
    assert odd == {7: "reduced", 11: "rejected", 12: "rejected"}
    assert [(line.approved, line.reason_code, line.note) for line in (lines[6], lines[11])] == [
        (1000, "goodwill_share", ""),
        (0, "other", "See the photo"),
    ]
