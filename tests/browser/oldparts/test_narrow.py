"""Old parts on the narrowest phone: what identifies a piece can be read at a glance."""

import pytest
from playwright.sync_api import Browser, Locator

from tests.support import claims, story
from tests.support.browser import PHONE, window
from tests.support.inspecting import inspect
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def _lines(text: Locator) -> int:
    lines: int = text.evaluate("node => node.getClientRects().length")
    return lines


def test_numbers_stand_on_one_line_beside_two_statuses(portal: Portal, browser: Browser) -> None:
    """O9: two long statuses leave a piece's number its room, in lists and in the page's head."""
    (name,) = claims.pieces(portal, 1, status="received")
    inspect(portal, name)
    with serve(portal.app) as address, window(browser, address, width=PHONE) as page:
        cookie = portal.client(portal.warehouse).http.get_cookie("partloop")
        assert cookie is not None
        page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
        for url in ("/old-parts", "/old-parts/inspect?tab=failed"):
            page.goto(url)
            assert _lines(page.locator("td.key a.row")) == 1
            assert page.locator("td.state .badge").count() == 2
        page.goto(f"/old-parts/{story.registered(portal).public_id}")
        assert _lines(page.locator("h1 .nowrap")) == 1
        tops = page.locator(".title .badge").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().top)"
        )
        assert len(set(tops)) == 1
