"""A reviewer works through a run's exceptions from the keyboard alone (R5, R6)."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import update

from portal.claims.models import ClaimLine
from portal.core.db import session
from tests.browser.claims.test_claims import signed_in
from tests.functional.claims.looking import decree
from tests.support import claims as story
from tests.support.browser import press, window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


REMARKED = tuple(range(7, 180, 18))
"""Ten lines that the dealer remarked on; on the last ten of two hundred a rule finds something."""
EXCEPTIONS = (*REMARKED, *range(191, 201))
NOTE = "See the photo"


def reach(page: Page, wanted: Locator) -> None:
    """Go on with Tab until something has the focus."""
    expect(wanted).to_be_visible()
    for _press in range(120):
        if wanted.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {wanted}")


def approve(page: Page) -> None:
    press(page, "a")


def reduce(page: Page) -> None:
    """To 10.00, of which the note says nothing."""
    press(page, "r", "6", "Tab")
    late = "box => box.dispatchEvent(new Event('toggle'))"
    page.locator("details.choose[open]").evaluate(late)  # as a busy browser says that it is open
    page.keyboard.type("10.00")
    press(page, "Enter")


def reject(page: Page) -> None:
    """At the second try: the first one is thought better of."""
    press(page, "x", "Escape", "x", "2", "Enter")


def explain(page: Page) -> None:
    """Rejected for another reason, which the note explains."""
    press(page, "x", "7")
    reach(page, page.locator("details[open] [name=note]"))
    page.keyboard.type(NOTE)
    press(page, "Control+Enter")


def forget_to_explain(page: Page) -> None:
    """It is refused, and what was chosen is still there."""
    press(page, "x", "7", "Enter")
    expect(page.locator(".error").first).to_contain_text("Explain the reason")
    reach(page, page.locator("#note"))
    page.keyboard.type(NOTE)
    press(page, "Control+Enter")


def test_two_hundred_lines_decided_when_only_keys_are_pressed(
    portal: Portal, browser: Browser
) -> None:
    """R5, R6: 180 plain lines together, twenty exceptions one by one, without the mouse."""
    decree(portal, "rule.amount_limit", 2000)
    story.pieces(portal, 190)
    story.pieces(portal, 10, price=5000)
    claim = story.submitted(portal)
    with portal.transaction():
        session.execute(
            update(ClaimLine).where(ClaimLine.position.in_(REMARKED)).values(remark="Second repair")
        )
    run = story.opened(portal)
    with serve(portal.app) as address, window(browser, address, expected=("422",)) as page:
        signed_in(page, portal, portal.reviewer, address).goto(f"/claims/{claim.public_id}")
        reach(page, page.get_by_role("button", name="Approve the lines without finding or remark"))
        press(page, "Enter")
        expect(page.get_by_text("180 / 200")).to_be_visible()
        reach(page, page.get_by_role("link", name="Look at them one by one"))
        press(page, "Enter")
        heading = page.locator("h1")
        for place, position in enumerate(EXCEPTIONS):
            expect(heading).to_have_text(f"{claim.number}, line {position}")
            if place == 1:
                press(page, "j")
                expect(heading).to_have_text(f"{claim.number}, line {EXCEPTIONS[2]}")
                press(page, "k")
                expect(heading).to_have_text(f"{claim.number}, line {position}")
            last = explain if place > 3 else forget_to_explain
            (approve, reduce, reject, last)[place % 4](page)
        expect(heading).to_contain_text("Run of")
        expect(page.locator("#flash")).to_contain_text("No line is left here")
        assert page.url.endswith(f"/runs/{run.public_id}")
        reach(page, page.locator("main").get_by_role("link", name=claim.number))
        press(page, "Enter")
        reach(page, page.get_by_role("button", name="Finish the decision"))
        press(page, "Enter")
        expect(page.locator(".head .badge")).to_have_text("Decided")
    lines = story.lines(portal, claim)
    assert len(lines) == 200
    odd = {line.position: line for line in lines if line.status != "approved"}
    assert {place: line.status for place, line in odd.items()} == {
        place: "reduced" if at % 4 == 1 else "rejected"
        for at, place in enumerate(EXCEPTIONS)
        if at % 4
    }
    told = {(line.approved, line.reason_code, line.note) for line in odd.values()}
    assert told == {
        (1000, "goodwill_share", ""),
        (0, "user_damage", ""),
        (0, "other", NOTE),
    }
