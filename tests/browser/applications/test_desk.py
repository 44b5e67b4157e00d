"""The desk in a browser: quotes from the keyboard alone, with the figures as one types (A3)."""

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.applications.models import Application
from portal.catalogue.models import Part
from portal.core.db import session
from portal.core.permissions import Actor
from tests.support import story
from tests.support.axe import axe_violations
from tests.support.browser import DESKTOP, PHONE, window
from tests.support.html import html_errors
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
QUOTED = 3
IN_A_ROW = 20


def signed_in(page: Page, portal: Portal, who: Actor, address: str) -> Page:
    """The page of somebody who is signed in."""
    cookie = portal.client(who).http.get_cookie("partloop")
    assert cookie is not None
    page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
    return page


def totals(portal: Portal) -> list[tuple[str, int]]:
    with portal.transaction():
        found = session.query(Application).order_by(Application.id)
        return [(one.status, one.total) for one in found]


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on the field of that label."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(
            "name => document.activeElement.labels?.[0]?.innerText.startsWith(name)", name
        ):
            return
    raise AssertionError(f"the keyboard does not get to {name}")


def test_desk_quotes_one_after_the_other_from_the_keyboard(
    portal: Portal, browser: Browser
) -> None:
    """A3, A10: from the list on no pointer is touched; what is typed is counted at once.

    Of twenty, the first few are looked at; the others are typed as quickly as it goes.
    """
    for number in range(IN_A_ROW):
        story.submitted(portal, story.line(portal, quantity=number + 2))
    with serve(portal.app) as address, window(browser, address) as page:
        signed_in(page, portal, portal.desk, address)
        page.goto("/applications?tab=submitted")
        start = page.get_by_role("link", name="Quote one after the other")
        for _ in range(40):
            if start.evaluate("link => link === document.activeElement"):
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        for number in range(IN_A_ROW):
            quantity = page.get_by_label("Confirmed quantity of FV-100")
            expect(quantity).to_be_focused()
            expect(quantity).to_have_value(str(number + 2))
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type("1")
            if number < QUOTED:
                expect(page.locator("#amount-0")).to_have_text("CN¥12.50")
                expect(quantity).to_be_focused()
            tab_to(page, "Freight")
            page.keyboard.type("7.50")
            if number < QUOTED:
                expect(page.locator("#sums .total").last).to_have_text("CN¥20.00")
            page.keyboard.press("ControlOrMeta+Enter")
            expect(page.locator("#flash")).to_contain_text("sent", ignore_case=True)
        expect(page.locator(".head .badge")).to_have_text("Quoted")
    assert totals(portal) == [("quoted", 2000)] * IN_A_ROW


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_price_is_that_of_the_chosen_part(portal: Portal, browser: Browser, width: int) -> None:
    """A3: chosen or typed, each cell follows, and what is typed stays; the page is sound."""
    with portal.transaction():
        session.get_one(Part, portal.parts["FV-100"]).successor_id = portal.parts["TH-300"]
    application = story.submitted(
        portal, story.line(portal, quantity=3), story.line(portal, "FP-200")
    )
    with serve(portal.app) as address, window(browser, address, width=width) as page:
        signed_in(page, portal, portal.desk, address)
        page.goto(f"/applications/{application.public_id}/quote")
        page.get_by_label("Remark on FV-100").fill("The better one")
        page.get_by_label("Part to send instead of FV-100").select_option(
            str(portal.parts["TH-300"])
        )
        expect(page.locator("#cost-0")).to_have_text("CN¥150.00")
        expect(page.locator("#amount-0")).to_have_text("CN¥450.00")
        expect(page.locator("#amount-1")).to_have_text("CN¥9.60")
        expect(page.locator("#sums .total").last).to_have_text("CN¥459.60")
        expect(page.get_by_label("Remark on FV-100")).to_have_value("The better one")
        assert page.locator("#cost-0").count() == 1
        page.evaluate("scrollTo(0, 0)")  # nothing lies half below the bar at the top
        assert axe_violations(page) == []
        assert html_errors({"page": page.content()}) == []


def test_figures_are_recalculated_when_there_are_no_scripts(
    portal: Portal, browser: Browser
) -> None:
    """A3: a button of its own; then the quote is sent as ever."""
    application = story.submitted(portal)
    with serve(portal.app) as address, window(browser, address, javascript=False) as page:
        signed_in(page, portal, portal.desk, address)
        page.goto(f"/applications/{application.public_id}/quote")
        page.get_by_label("Confirmed quantity of FV-100").fill("1")
        page.get_by_role("button", name="Recalculate").click()
        expect(page.locator("#amount-0")).to_have_text("CN¥12.50")
        expect(page.get_by_label("Confirmed quantity of FV-100")).to_have_value("1")
        page.get_by_role("button", name="Send quote").click()
        expect(page.locator(".head .badge")).to_have_text("Quoted")
    assert totals(portal) == [("quoted", 1250)]


def test_ticked_rows_are_quoted_together(portal: Portal, browser: Browser) -> None:
    """A3: tick, look at what they come to, send."""
    for _ in range(QUOTED):
        story.submitted(portal)
    with serve(portal.app) as address, window(browser, address) as page:
        signed_in(page, portal, portal.desk, address)
        page.goto("/applications?tab=submitted")
        for box in page.locator("tbody input[type=checkbox]").all()[:2]:
            box.check()
        page.get_by_role("button", name="Quote at list price").click()
        expect(page.locator("tfoot .money")).to_have_text("CN¥50.00")
        assert axe_violations(page) == []
        assert html_errors({"page": page.content()}) == []
        page.get_by_role("button", name="Quote at list price").click()
        expect(page.locator("#flash")).to_contain_text("2 quotes are sent.")
    assert sorted(totals(portal)) == [("quoted", 2500), ("quoted", 2500), ("submitted", 0)]
