"""Registering on a bad connection: what waits on the phone goes up, each piece and photo once."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect
from sqlalchemy import func, select

from portal.applications.models import Shipment
from portal.core.db import session
from portal.files.models import Attachment
from portal.oldparts.models import OldPart
from tests.browser.oldparts.test_registration import count, fill, photo, sign_in
from tests.support import story
from tests.support.browser import PHONE, window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
LOST = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "Failed to fetch", "422")


@pytest.fixture
def address(portal: Portal) -> Iterator[str]:
    """The portal behind a socket."""
    with serve(portal.app) as address:
        yield address


def form_of(page: Page, shipment: Shipment) -> None:
    """Open the registration of a piece of the first line."""
    page.goto(f"/old-parts/register/{shipment.public_id}/1")


def press(page: Page, label: str = "Register") -> None:
    """Press a button of the form."""
    page.get_by_role("button", name=label, exact=True).click()


def waits(page: Page, number: int) -> Any:
    """The list of what waits, when it has so many entries."""
    section = page.locator("#waiting")
    expect(section.locator(".count")).to_have_text(str(number))
    return section


def photos_of_pieces(portal: Portal) -> list[int]:
    """How many photos each piece has."""
    with portal.transaction():
        of_piece = Attachment.document_kind == "oldpart", Attachment.document_id == OldPart.id
        counted = select(func.count()).where(*of_piece).correlate(OldPart).scalar_subquery()
        return list(session.scalars(select(counted).select_from(OldPart).order_by(OldPart.id)))


def test_nothing_is_lost_or_doubled_when_the_network_drops_among_20_photos(
    portal: Portal, browser: Browser, address: str
) -> None:
    """O2, O3: some photos are up when it drops, the rest follow; one piece, each photo once."""
    shipment = story.received(portal)
    with window(browser, address, width=PHONE, expected=LOST) as page:
        sign_in(page, portal, portal.clerk, address)
        form_of(page, shipment)
        page.context.set_offline(True)
        fill(page)
        page.locator("#photos").set_input_files([photo(f"{n}.jpg") for n in range(20)])
        press(page)
        expect(page.locator("#flash")).to_contain_text("kept on this phone")
        expect(waits(page, 1)).to_contain_text("Photos 0/20")
        assert count(portal) == 0
        uploads = 0

        def drop(route: Route) -> None:
            nonlocal uploads
            uploads += 1
            if uploads == 8:  # it arrives, and the answer is lost
                route.fetch()
                route.abort()
                page.context.set_offline(True)
            else:
                route.continue_()

        page.route("**/files", drop)
        page.context.set_offline(False)
        expect(page.locator("#waiting")).to_contain_text("Photos 7/20", timeout=90_000)
        expect(page.locator("#waiting")).to_contain_text("Goes up as soon as")
        assert count(portal) == 0
        page.context.set_offline(False)
        expect(page.locator("#waiting")).to_contain_text("Registered", timeout=150_000)
        waits(page, 0)
    assert photos_of_pieces(portal) == [20]


def test_piece_is_registered_once_when_the_answer_is_lost(
    portal: Portal, browser: Browser, address: str
) -> None:
    """O2: what had arrived already is told again, and makes no second piece."""
    shipment = story.received(portal)
    with window(browser, address, width=PHONE, expected=LOST) as page:
        sign_in(page, portal, portal.clerk, address)
        form_of(page, shipment)
        page.locator("#photos").set_input_files([photo("valve.jpg")])
        expect(page.locator("#photos-field .photos img")).to_have_count(1)
        fill(page)

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route("**/old-parts/register/**", lose, times=1)
        press(page)
        expect(page.locator("#flash")).to_contain_text("kept on this phone")
        assert count(portal) == 1
        page.goto("/old-parts/to-register")
        expect(page.locator("#waiting")).to_contain_text("Registered")
        waits(page, 0)
        page.locator("#waiting a").click()
        expect(page.locator("h1")).to_have_text("OP-2026-D0001-000001")
    assert photos_of_pieces(portal) == [1]


def test_pieces_are_registered_one_after_another_without_a_connection(
    portal: Portal, browser: Browser, address: str
) -> None:
    """O2: the form is for the next piece; both go up, also after the tab was closed."""
    shipment = story.received(portal)
    with window(browser, address, width=PHONE, expected=LOST) as page:
        sign_in(page, portal, portal.clerk, address)
        form_of(page, shipment)
        page.context.set_offline(True)
        fill(page)
        for number in (1, 2):
            expect(page.locator("#old_serial")).to_have_value("")
            expect(page.locator("#customer_name")).to_have_value("李秀英")
            page.fill("#old_serial", f"FV {number}")
            page.locator("#photos").set_input_files([photo(f"{number}.jpg")])
            press(page, "Register and next piece")
            waits(page, number)
        expect(page.locator("form[data-waits]")).to_be_hidden()
        context = page.context
        page.close()
        context.set_offline(False)
        page = context.new_page()
        page.goto("/")
        expect(page.locator("#waiting")).to_contain_text("FV 2")
        waits(page, 0)
    with portal.transaction():
        found = session.execute(select(OldPart.piece, OldPart.old_serial).order_by(OldPart.id))
        assert [tuple(row) for row in found] == [(1, "FV 1"), (2, "FV 2")]
    assert photos_of_pieces(portal) == [1, 1]


def test_another_person_neither_sees_nor_sends_what_waits(
    portal: Portal, browser: Browser, address: str
) -> None:
    """P1: of the same dealer or another; whoever registered it comes back, and it goes up."""
    shipment = story.received(portal)
    sent: list[Request] = []
    with window(browser, address, width=PHONE, expected=LOST) as page:
        sign_in(page, portal, portal.clerk, address)
        form_of(page, shipment)
        page.context.set_offline(True)
        fill(page)
        page.locator("#photos").set_input_files([photo("valve.jpg")])
        press(page)
        waits(page, 1)
        page.goto("about:blank")
        page.context.set_offline(False)
        for other in (portal.manager, portal.other_clerk):
            page.context.clear_cookies()
            sign_in(page, portal, other, address)
            page.on("request", lambda one: sent.append(one))
            page.goto("/old-parts/to-register")
            page.wait_for_timeout(700)
            expect(page.locator("#waiting")).to_be_hidden()
            assert "李秀英" not in page.content()
            assert not [one for one in sent if one.method == "POST"]
        assert count(portal) == 0
        page.context.clear_cookies()
        sign_in(page, portal, portal.clerk, address)
        page.goto("/old-parts/to-register")
        expect(page.locator("#waiting")).to_contain_text("Registered")
    assert count(portal) == 1


def test_page_that_is_left_while_a_photo_goes_up_holds_nothing_back(
    portal: Portal, browser: Browser, address: str
) -> None:
    """O2: the next page goes on where that one was, at once."""
    shipment = story.received(portal)
    with window(browser, address, width=PHONE, expected=LOST) as page:
        sign_in(page, portal, portal.clerk, address)
        form_of(page, shipment)
        page.context.set_offline(True)
        fill(page)
        page.locator("#photos").set_input_files([photo("valve.jpg")])
        press(page)
        waits(page, 1)
        page.route("**/files", lambda route: None, times=1)
        page.context.set_offline(False)
        expect(page.locator("#waiting")).to_contain_text("Is going up")
        page.goto("/old-parts/to-register")
        expect(page.locator("#waiting")).to_contain_text("Registered", timeout=20_000)
    assert photos_of_pieces(portal) == [1]


def test_wrong_one_is_corrected_and_another_deleted(
    portal: Portal, browser: Browser, address: str
) -> None:
    """O2: the sentence is in the list; the form comes back as it was typed, with its photos."""
    shipment = story.received(portal)
    with window(browser, address, width=PHONE, expected=LOST) as page:
        sign_in(page, portal, portal.clerk, address)
        form_of(page, shipment)
        page.context.set_offline(True)
        fill(page, failed_on="1901-05-05")
        page.locator("#photos").set_input_files([photo("valve.jpg")])
        press(page)
        page.locator("#photos").set_input_files([photo("other.jpg")])
        press(page)
        waits(page, 2)
        page.context.set_offline(False)
        expect(waits(page, 2).get_by_role("button", name="Correct")).to_have_count(2)
        expect(page.locator("#waiting")).to_contain_text("before 1990")
        page.on("dialog", lambda dialog: dialog.accept())
        page.locator("#waiting").get_by_role("button", name="Delete").last.click()
        waits(page, 1)
        page.locator("#waiting").get_by_role("button", name="Correct").click()
        expect(page.locator("#error-summary")).to_contain_text("before 1990")
        expect(page.locator("#customer_name")).to_have_value("李秀英")
        expect(page.locator("#photos-field .photos img")).to_have_count(1)
        page.fill("#failed_on", "2026-10-02")
        press(page)
        expect(page.locator("h1")).to_have_text("OP-2026-D0001-000001")
        expect(page.locator("#waiting")).to_be_hidden()
    assert photos_of_pieces(portal) == [1]


def test_signed_out_phone_keeps_it_until_the_person_is_back(
    portal: Portal, browser: Browser, address: str
) -> None:
    """P5: nothing is lost when the session ended meanwhile."""
    shipment = story.received(portal)
    with window(browser, address, width=PHONE, expected=(*LOST, "401", "400")) as page:
        sign_in(page, portal, portal.clerk, address)
        form_of(page, shipment)
        page.locator("#photos").set_input_files([photo("valve.jpg")])
        expect(page.locator("#photos-field .photos img")).to_have_count(1)
        fill(page)
        page.context.clear_cookies()
        press(page)
        expect(waits(page, 1)).to_contain_text("Sign in again")
        sign_in(page, portal, portal.clerk, address)
        page.goto("/")
        expect(page.locator("#waiting")).to_contain_text("Registered")
    assert photos_of_pieces(portal) == [1]
