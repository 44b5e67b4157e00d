"""Old parts in a real browser: registering on a phone, reviewing, the label, at both widths."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from portal.core.db import session
from portal.core.permissions import Actor
from portal.oldparts.models import OldPart
from tests.support import story
from tests.support.browser import PHONE, window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture
def address(portal: Portal) -> Iterator[str]:
    """The portal behind a socket."""
    with serve(portal.app) as address:
        yield address


def sign_in(page: Page, portal: Portal, who: Actor, address: str) -> None:
    """Become somebody."""
    cookie = portal.client(who).http.get_cookie("partloop")
    assert cookie is not None
    page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])


def photo(name: str) -> Any:
    """A file to choose."""
    target = io.BytesIO()
    Image.new("RGB", (800, 600), "red").save(target, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": target.getvalue()}


def fill(page: Page, **other: str) -> None:
    """Fill in what the form does not know yet."""
    typed = {
        "customer_name": "李秀英",
        "failed_on": "2026-10-02",
        "replaced_on": "2026-10-12",
        "cause": "The seal is torn",
        "remedy": "Valve replaced",
    }
    for name, value in (typed | other).items():
        page.fill(f"#{name}", value)


def count(portal: Portal) -> int:
    """How many old parts there are."""
    with portal.transaction():
        return session.query(OldPart).count()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_photo_stays_when_the_form_is_refused(
    portal: Portal, browser: Browser, address: str, scripts: bool
) -> None:
    """O2: refused for a date, corrected, registered: the photo was sent only once."""
    story.received(portal)
    refused = ("422",)
    with window(browser, address, width=PHONE, javascript=scripts, expected=refused) as page:
        sign_in(page, portal, portal.clerk, address)
        page.goto("/old-parts/to-register")
        page.get_by_role("link", name="FV-100").click()
        page.locator("#photos").set_input_files([photo("valve.jpg")])
        if scripts:
            expect(page.locator("#photos-field .photos img")).to_have_count(1)
        fill(page, failed_on="1901-05-05")
        page.get_by_role("button", name="Register", exact=True).click()
        expect(page.locator("#error-summary")).to_contain_text("before 1990")
        expect(page.locator("#failed_on")).to_have_value("1901-05-05")
        expect(page.locator("#customer_name")).to_have_value("李秀英")
        expect(page.locator("#photos-field .photos img")).to_have_count(1)
        page.get_by_role("link", name="A day before 1990").click()
        expect(page.locator("#failed_on")).to_be_focused()
        page.fill("#failed_on", "2026-10-02")
        page.get_by_role("button", name="Register", exact=True).dblclick()
        expect(page.locator("h1")).to_have_text("OP-2026-D0001-000001")
        expect(page.locator("main .photos img")).to_have_count(1)
    assert count(portal) == 1


def test_reviewer_goes_through_the_queue(portal: Portal, browser: Browser, address: str) -> None:
    """O5: return with a reason, reject by code, accept; each in place, then the next one."""
    shipment = story.received(portal, story.line(portal, quantity=3))
    for _ in range(3):
        story.registered(portal, shipment)
        portal.clock.advance(minutes=1)
    with window(browser, address, expected=("422",)) as page:
        sign_in(page, portal, portal.desk, address)
        page.goto("/old-parts?tab=registered")
        page.get_by_role("link", name="Review the oldest").click()
        page.locator("summary", has_text="Return for correction").click()
        page.locator(".menu[open] textarea").fill("The photo shows the box")
        page.locator(".menu[open]").get_by_role("button", name="Return for correction").click()
        expect(page.locator("main")).to_contain_text("went back to the dealer")
        page.get_by_role("link", name="Next to review").click()
        expect(page.locator("h1")).to_have_text("OP-2026-D0001-000002")
        page.locator("summary", has_text="Reject").click()
        box = page.locator(".menu[open]")
        box.get_by_role("textbox").fill("Hit with a hammer")
        box.get_by_role("button", name="Reject").click()
        expect(page.locator("#error-summary")).to_contain_text("Choose why.")
        expect(box.get_by_role("textbox")).to_have_value("Hit with a hammer")
        box.get_by_role("combobox").select_option("user_damage")
        box.get_by_role("button", name="Reject").click()
        expect(page.locator("main")).to_contain_text("Rejected: Damaged by the user")
        page.get_by_role("link", name="Next to review").click()
        page.get_by_role("button", name="Accept").click()
        expect(page.locator(".head .badge")).to_have_text("Accepted")
        page.get_by_role("link", name="Next to review").click()
        expect(page.locator("main")).to_contain_text("No old part waits for review.")


def test_photo_is_large_when_it_is_reviewed(portal: Portal, browser: Browser, address: str) -> None:
    """O5: the desk sees the fault on the page, without opening the photo."""
    old_part = story.registered(portal)
    with window(browser, address) as page:
        sign_in(page, portal, portal.desk, address)
        page.goto(f"/old-parts/{old_part.public_id}")
        size = page.locator(".photos img").first.bounding_box()
        assert size is not None
        assert size["width"] >= 320
