"""O3: old parts registered in bulk in a real browser: sheet, photos in pieces, job, result."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from portal.core.db import session
from portal.oldparts.models import OldPart
from tests.functional.oldparts import many
from tests.support import story
from tests.support.browser import window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

PIECES = 25


@pytest.fixture
def address(portal: Portal) -> Iterator[str]:
    """The portal behind a socket."""
    with serve(portal.app) as address:
        yield address


def test_photos_go_up_in_pieces_and_every_row_is_registered(
    portal: Portal, address: str, browser: Browser
) -> None:
    """O3: what cannot be sent stays chosen, and goes up with the next press, each photo once."""
    story.received(portal, story.line(portal, quantity=PIECES))
    sheet = many.table(*(many.row(n) for n in range(1, PIECES + 1)))
    with window(browser, address, expected=("ERR_FAILED", "Failed to load")) as page:
        cookie = portal.client(portal.clerk).http.get_cookie("partloop")
        assert cookie is not None
        page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
        page.goto("/old-parts/many")
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        page.set_input_files("#file", {"name": "p.xlsx", "mimeType": kind, "buffer": sheet})
        page.click("main form.form button:not([type=button])")
        page.wait_for_url("**/old-parts/many/*")
        photos = [
            {"name": f"{n}.png", "mimeType": "image/png", "buffer": many.photo(n)}
            for n in range(1, PIECES + 1)
        ]
        page.set_input_files("#photos", photos)  # type: ignore[arg-type]
        sent = []
        page.route("**/photos", lambda route: route.abort() if len(sent) == 1 else route.fallback())
        page.on("request", lambda one: sent.append(one) if one.url.endswith("/photos") else None)
        add = page.get_by_role("button", name="Add them")
        add.click()
        expect(page.locator("main [data-failed]")).to_be_visible()
        page.unroute("**/photos")
        add.click()
        expect(page.locator("#standing")).to_contain_text(f"0 / {PIECES}")
        many.work(portal)
        page.get_by_role("button", name="Register the good rows").click(timeout=30_000)
        expect(page.locator("#standing")).to_contain_text("Registered old parts")
        many.work(portal)
        expect(page.locator("main")).to_contain_text("Every row is registered.", timeout=30_000)
    with portal.transaction():
        assert session.query(OldPart).count() == PIECES
