"""L7: the way of a bank's file in a real browser: sent, columns, preview, booked, assigned."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from portal.core.db import session
from portal.ledger.models import Account
from tests.support import banking
from tests.support.browser import window
from tests.support.portal import DEPOSIT, Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture
def address(portal: Portal) -> Iterator[str]:
    """The portal behind a socket."""
    with serve(portal.app) as address:
        yield address


def test_bank_file_goes_its_way_from_the_home_page_and_back(
    portal: Portal, address: str, browser: Browser
) -> None:
    """L7: a Chinese bank's file, its columns confirmed, one line booked, one assigned by hand."""
    with window(browser, address) as page:
        cookie = portal.client(portal.finance).http.get_cookie("partloop")
        assert cookie is not None
        page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
        page.goto("/accounts")
        page.get_by_role("link", name="Bank lines").click()
        page.get_by_role("link", name="Bank files").click()
        file = {"name": "ICBC.csv", "mimeType": "text/csv", "buffer": banking.CHINESE}
        page.set_input_files("#file", file)  # type: ignore[arg-type]
        page.get_by_role("button", name="Show the preview").click()
        expect(page.locator("#debit")).to_have_value("1")
        page.get_by_role("button", name="Show the preview").click()
        expect(page.locator("main")).to_contain_text("To book: 1. To assign by hand: 1.")
        expect(page.locator("main")).to_contain_text("GB18030")
        page.get_by_role("button", name="Book the lines").click()
        expect(page.locator("#standing")).to_contain_text("Lines of the bank")
        banking.work(portal)
        expect(page.locator("main")).to_contain_text("What it brought", timeout=30_000)
        page.get_by_role("link", name="Bank lines to assign").click()
        page.get_by_role("link", name="H2610100003").click()
        expect(page.locator("main")).to_contain_text("names a dealer's code")
        page.select_option("#dealer", index=2)
        page.get_by_role("button", name="Book for this dealer").click()
        expect(page.locator("main")).to_contain_text("Booked for")
        page.get_by_role("link", name="Open the entry").click()
        expect(page.locator("main")).to_contain_text("H2610100003")
        page.goto("/")
        expect(page.locator("main")).not_to_contain_text("Bank lines to assign")
    with portal.transaction():
        posted = session.scalars(
            select(Account.posted).where(Account.dealer_id.is_not(None)).order_by(Account.code)
        ).all()
    assert posted == [DEPOSIT + 1250000, DEPOSIT + 80050]
