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
from tests.support.browser import PHONE, press, window
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


def test_next_piece_takes_two_taps(portal: Portal, browser: Browser, address: str) -> None:
    """O2, O3: after the first piece of a repair, each costs a photo and one button, by touch."""
    shipment = story.received(portal, story.line(portal, quantity=4))
    with window(browser, address, width=PHONE) as page:
        sign_in(page, portal, portal.clerk, address)
        page.goto(f"/old-parts/register/{shipment.public_id}/1")
        fill(page)
        taps = 0
        for number in range(1, 5):
            with page.expect_file_chooser() as chooser:
                page.locator("#photos").tap()
            chooser.value.set_files([photo(f"piece {number}.jpg")])
            expect(page.locator("#photos-field .photos img")).to_have_count(1)
            label = "Register and next piece" if number < 4 else "Register"
            page.get_by_role("button", name=label, exact=True).tap()
            expect(page.locator("#flash")).to_contain_text(f"000{number}.")
            taps += 2
    assert (count(portal), taps) == (4, 8)


def test_reviewer_decides_by_keys(portal: Portal, browser: Browser, address: str) -> None:
    """O5: R, X and a number, A; the next one comes at once; no key acts while one types."""
    shipment = story.received(portal, story.line(portal, quantity=4))
    for _ in range(4):
        story.registered(portal, shipment)
        portal.clock.advance(minutes=1)
    with window(browser, address) as page:
        sign_in(page, portal, portal.desk, address)
        page.goto("/old-parts/review/next")
        title = page.locator("h1")
        expect(title).to_have_text("OP-2026-D0001-000001")
        press(page, "j")
        expect(title).to_have_text("OP-2026-D0001-000002")
        press(page, "k")
        expect(title).to_have_text("OP-2026-D0001-000001")
        press(page, "r", "1", "Enter")
        expect(title).to_have_text("OP-2026-D0001-000002")
        expect(page.locator("#flash")).to_contain_text("000001: It went back to the dealer.")
        press(page, "x", "6")
        words = page.locator("details[open] textarea")
        words.click()
        page.keyboard.type("a hammer, jar")
        expect(words).to_have_value("a hammer, jar")
        press(page, "Control+Enter")
        expect(title).to_have_text("OP-2026-D0001-000003")
        press(page, "r", "Escape")
        expect(page.locator("details.choose[open]")).to_have_count(0)
        page.locator("main .photos a").first.click()
        press(page, "a", "Escape")
        expect(title).to_have_text("OP-2026-D0001-000003")
        press(page, "a")
        expect(title).to_have_text("OP-2026-D0001-000004")
        press(page, "a")
        expect(page.locator("main")).to_contain_text("No old part waits for review.")
    with portal.transaction():
        found = session.query(OldPart).order_by(OldPart.id)
        assert [one.status for one in found] == ["returned", "rejected", "accepted", "accepted"]


def test_reviewer_decides_without_scripts(portal: Portal, browser: Browser, address: str) -> None:
    """O5: the boxes and the ticks are plain forms."""
    story.registered(portal)
    with window(browser, address, javascript=False, expected=("422",)) as page:
        sign_in(page, portal, portal.desk, address)
        page.goto("/old-parts/review?tab=suspicious")
        page.get_by_role("link", name="OP-2026-D0001-000001").click()
        page.locator("summary", has_text="Reject").click()
        box = page.locator("details.choose[open]")
        box.get_by_label("Another reason").check()
        box.get_by_role("button", name="Reject").click()
        expect(page.locator("#error-summary")).to_contain_text("Please say why")
        expect(box.get_by_label("Another reason")).to_be_checked()
        box.get_by_role("textbox").fill("Hit with a hammer")
        box.get_by_role("button", name="Reject").click()
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
