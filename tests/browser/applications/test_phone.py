"""An application on a phone: few taps beside the typing (A1)."""

import pytest
from playwright.sync_api import Browser, Locator, expect
from sqlalchemy import select

from portal.applications.models import Application, ApplicationLine
from portal.core.db import session
from tests.support import story
from tests.support.axe import axe_violations
from tests.support.browser import PHONE, window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

PARTS = ("FV-100", "FP-200", "TH-300", "FV-100", "FP-200", "TH-300")


@pytest.mark.parametrize("purpose", ["stock", "warranty"])
def test_six_lines_take_under_twelve_taps_beside_the_typing(
    portal: Portal, browser: Browser, purpose: str
) -> None:
    """A1: Enter leads from the part to its quantity and on to the next line."""
    story.submitted(portal)
    taps: list[str] = []

    def tap(what: Locator) -> None:
        taps.append(str(what))
        what.tap()

    with serve(portal.app) as address, window(browser, address, width=PHONE) as page:
        cookie = portal.client(portal.clerk).http.get_cookie("partloop")
        assert cookie is not None
        page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
        page.goto("/applications")
        tap(page.get_by_role("button", name="New application"))
        expect(page.locator("#lines-0-part")).to_be_focused()
        for number, part in enumerate(PARTS):
            expect(page.locator(f"#lines-{number}-part")).to_be_focused()
            page.keyboard.type(part)
            page.keyboard.press("Enter")
            expect(page.locator(f"#lines-{number}-quantity")).to_be_focused()
            page.keyboard.type(str(number + 1))
            if number == 0:  # what is told of the part moves what is below it
                expect(page.locator("#told-0")).not_to_be_empty()
            if number == 0 and purpose == "stock":
                tap(page.get_by_text("Stock", exact=True).first)
                tap(page.locator("#lines-0-quantity"))
            if number == 0 and purpose == "warranty":
                for name in ("product_model", "serial", "fault"):
                    tap(page.locator(f"#lines-0-{name}"))
                    page.keyboard.type("Typed")
                tap(page.locator("#lines-0-quantity"))
            if number < len(PARTS) - 1:
                page.keyboard.press("Enter")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
        page.evaluate("scrollTo(0, 0)")  # else what the bar half covers counts as small
        assert axe_violations(page) == []
        tap(page.get_by_role("button", name="Submit"))
        expect(page.locator(".head .badge")).to_have_text("Submitted")
    assert len(taps) < 12, taps
    with portal.transaction():
        made = session.scalars(select(Application).order_by(Application.id.desc())).first()
        assert made is not None
        asked = select(ApplicationLine).where(ApplicationLine.application_id == made.id)
        lines = session.scalars(asked.order_by(ApplicationLine.position)).all()
        assert [line.quantity for line in lines] == [1, 2, 3, 4, 5, 6]
        assert {line.purpose for line in lines} == {purpose}
