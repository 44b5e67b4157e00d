"""The viewer of photos in a real browser: keys, zoom, the way back, and without scripts."""

import io
from collections.abc import Iterator
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from portal.core.db import session
from portal.files import services as files
from portal.oldparts import services
from portal.oldparts.models import OldPart
from tests.support import story
from tests.support.axe import axe_violations
from tests.support.browser import DESKTOP, PHONE, window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture
def address(portal: Portal) -> Iterator[str]:
    """The portal behind a socket."""
    with serve(portal.app) as address:
        yield address


def photographed(portal: Portal) -> OldPart:
    """A piece with three photos, whose first is in a piece of another dealer as well."""
    other = story.registered(portal, by="other_clerk")
    old_part = story.registered(portal)
    with portal.transaction():
        ids = []
        for name, image in (
            ("wide.jpg", Image.linear_gradient("L").resize((1600, 1200))),
            ("tall.jpg", Image.radial_gradient("L").resize((900, 1600))),
        ):
            target = io.BytesIO()
            image.convert("RGB").save(target, "JPEG")
            facts = {"by": portal.clerk, "now": portal.now}
            ids.append(files.receive(target.getvalue(), name, **facts).public_id)
        old_part = session.get_one(OldPart, old_part.id)
        services.add_photos(old_part, ids, by=portal.clerk, now=portal.now)
        assert other.number != old_part.number
    return old_part


def opened(page: Page, portal: Portal, address: str, old_part: OldPart) -> None:
    """Open the piece's page as the desk."""
    cookie = portal.client(portal.desk).http.get_cookie("partloop")
    assert cookie is not None
    page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
    page.goto(f"/old-parts/{old_part.public_id}")


def width(page: Page) -> float:
    """How wide the photo is drawn."""
    page.wait_for_function("document.querySelector('#viewer img').complete")
    box = page.locator("#viewer img").bounding_box()
    assert box is not None
    return box["width"]


def test_keys_turn_over_zoom_and_close(portal: Portal, browser: Browser, address: str) -> None:
    """O5: the reviewer goes through the photos without the mouse, and is back where it began."""
    old_part = photographed(portal)
    with window(browser, address) as page:
        opened(page, portal, address, old_part)
        first = page.locator("main .photos.large a").first
        first.focus()
        page.keyboard.press("Enter")
        viewer, name = page.locator("#viewer"), page.locator("#viewer-name")
        expect(viewer).to_be_visible()
        expect(name).to_have_text("valve.png")
        expect(viewer.get_by_text("1 / 3")).to_be_visible()
        page.keyboard.press("ArrowRight")
        expect(name).to_have_text("wide.jpg")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(name).to_have_text("valve.png")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(name).to_have_text("wide.jpg")
        fitting = width(page)
        for key, factor in (("+", 1.5), ("+", 2.25), ("-", 1.5), ("0", 1)):
            page.keyboard.press(key)
            assert width(page) == pytest.approx(fitting * factor, abs=2)
        page.keyboard.press("+")
        page.keyboard.press("+")
        left = "document.querySelector('#viewer .stage').scrollLeft"
        before = page.evaluate(left)
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"{left} > {before}")
        expect(name).to_have_text("wide.jpg")
        page.keyboard.press("Escape")
        expect(viewer).to_be_hidden()
        expect(first).to_be_focused()


def test_buttons_wheel_and_double_click_do_the_same(
    portal: Portal, browser: Browser, address: str
) -> None:
    """O5: with the mouse; beside the photo a click closes."""
    with window(browser, address) as page:
        opened(page, portal, address, photographed(portal))
        page.locator("main .photos.large a").nth(1).click()
        viewer, name = page.locator("#viewer"), page.locator("#viewer-name")
        fitting = width(page)
        viewer.get_by_role("button", name="Larger").click()
        assert width(page) == pytest.approx(fitting * 1.5, abs=2)
        viewer.get_by_role("button", name="Smaller").click()
        assert width(page) == pytest.approx(fitting, abs=2)
        viewer.locator("img").dblclick()
        assert width(page) == pytest.approx(fitting * 2.5, abs=2)
        viewer.locator("img").dblclick()
        viewer.locator("img").hover()
        page.mouse.wheel(0, -100)
        page.wait_for_function("document.querySelector('#viewer').classList.contains('zoomed')")
        viewer.get_by_role("button", name="Next photo").click()
        expect(name).to_have_text("tall.jpg")
        viewer.get_by_role("button", name="Previous photo").click()
        expect(name).to_have_text("wide.jpg")
        assert width(page) == pytest.approx(fitting, abs=2)
        page.mouse.click(5, 400)
        expect(viewer).to_be_hidden()


@pytest.mark.parametrize("wide", [DESKTOP, PHONE])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_viewer_has_no_barrier(
    portal: Portal,
    browser: Browser,
    address: str,
    wide: int,
    theme: Literal["light", "dark"],
) -> None:
    """Both photos of the notice, side by side, and the viewer: axe at both widths and themes."""
    with window(browser, address, width=wide, theme=theme) as page:
        opened(page, portal, address, photographed(portal))
        assert axe_violations(page) == []
        page.locator("main .banner .photos a").first.click()
        expect(page.locator("#viewer").get_by_text("1 / 2")).to_be_visible()
        page.keyboard.press("Escape")
        page.locator("main .photos.large a").nth(1).click()
        expect(page.locator("#viewer").get_by_text("2 / 3")).to_be_visible()
        width(page)
        assert axe_violations(page) == []
        page.keyboard.press("+")
        page.keyboard.press("+")
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= wide


def test_photo_opens_by_its_link_when_scripts_are_off(
    portal: Portal, browser: Browser, address: str
) -> None:
    """The picture itself, as the browser shows it."""
    old_part = story.registered(portal)
    # Chromium's own page around a picture has styles, which ours forbid to the file.
    styles = ("Applying inline style",)
    with window(browser, address, javascript=False, expected=styles) as page:
        opened(page, portal, address, old_part)
        expect(page.locator("#viewer")).to_be_hidden()
        with page.expect_navigation() as shown:
            page.locator("main .photos a").first.click()
        assert shown.value.headers["content-type"] == "image/jpeg"
