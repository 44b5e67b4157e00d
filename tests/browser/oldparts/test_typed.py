"""What is half typed on the phone when its tab is killed is there again; a label is no key."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.oldparts.test_registration import count, fill, photo, sign_in
from tests.support import claims, story
from tests.support.browser import PHONE, press, window
from tests.support.inspecting import status
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture
def address(portal: Portal) -> Iterator[str]:
    """The portal behind a socket."""
    with serve(portal.app) as address:
        yield address


def killed(page: Page, context: BrowserContext, url: str) -> Page:
    """Another page of the same phone, after this one was killed."""
    page.wait_for_timeout(600)
    page.close(run_before_unload=False)
    page = context.new_page()
    page.goto(url)
    return page


def test_half_typed_registration_is_back_when_the_tab_was_killed(
    portal: Portal, browser: Browser, address: str
) -> None:
    """O2: with its photo, until it is registered; the form of the next piece is a fresh one."""
    shipment = story.received(portal)
    url = f"/old-parts/register/{shipment.public_id}/1"
    with window(browser, address, width=PHONE) as page:
        context = page.context
        sign_in(page, portal, portal.clerk, address)
        page.goto(url)
        expect(page.locator("#typed")).to_be_hidden()
        page.locator("#photos").set_input_files([photo("valve.jpg")])
        expect(page.locator("#photos-field .photos img")).to_have_count(1)
        fill(page)
        page = killed(page, context, url)
        expect(page.locator("#typed")).to_contain_text("What you had typed here is back.")
        expect(page.locator("#customer_name")).to_have_value("李秀英")
        expect(page.locator("#photos-field .photos img")).to_have_count(1)
        page = killed(page, context, url)
        expect(page.locator("#remedy")).to_have_value("Valve replaced")
        expect(page.locator("#photos-field .photos img")).to_have_count(1)
        page.get_by_role("button", name="Register", exact=True).click()
        expect(page.locator("h1")).to_have_text("OP-2026-D0001-000001")
        expect(page.locator("main .photos img")).to_have_count(1)
        page.goto(url)
        expect(page.locator("#typed")).to_be_hidden()
        expect(page.locator("#customer_name")).to_have_value("")
    assert count(portal) == 1


def test_one_starts_afresh_and_nobody_else_sees_it(
    portal: Portal, browser: Browser, address: str
) -> None:
    """P1: what somebody typed is theirs alone; given up, it is gone."""
    shipment = story.received(portal)
    url = f"/old-parts/register/{shipment.public_id}/1"
    with window(browser, address, width=PHONE) as page:
        context = page.context
        sign_in(page, portal, portal.clerk, address)
        page.goto(url)
        before = page.input_value("#complaint")
        fill(page, complaint="It drips")
        context.clear_cookies()
        sign_in(page, portal, portal.manager, address)
        page = killed(page, context, url)
        expect(page.locator("#complaint")).to_have_value(before)
        expect(page.locator("#typed")).to_be_hidden()
        context.clear_cookies()
        sign_in(page, portal, portal.clerk, address)
        page = killed(page, context, url)
        expect(page.locator("#complaint")).to_have_value("It drips")
        page.get_by_role("button", name="Start afresh").click()
        expect(page.locator("#complaint")).to_have_value(before)
        expect(page.locator("#typed")).to_be_hidden()
        page = killed(page, context, url)
        expect(page.locator("#typed")).to_be_hidden()


def test_label_decides_nothing_when_it_is_scanned_on_the_page_of_a_piece(
    portal: Portal, browser: Browser, address: str
) -> None:
    """O8: the letters of a label are no decisions; a key that is pressed is one."""
    first, second = claims.pieces(portal, 2, status="received")
    with window(browser, address) as page:
        sign_in(page, portal, portal.warehouse, address)
        page.goto(f"/old-parts/{first}/inspect")
        page.keyboard.type(f"{address}/old-parts/{second}")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/old-parts/{second}/inspect")
        assert {status(portal, name) for name in (first, second)} == {"received"}
        press(page, "p")
        page.wait_for_url(f"**/old-parts/{first}/inspect")
    assert [status(portal, name) for name in (first, second)] == ["received", "passed"]
