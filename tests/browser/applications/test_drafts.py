"""Drafts of applications in a browser: typed fast, and on two pages at once (A1)."""

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.applications.models import Application
from portal.core.db import session
from portal.core.permissions import Actor
from portal.people import sign_in as people
from tests.support import story
from tests.support.axe import axe_violations
from tests.support.browser import DESKTOP, PHONE, window
from tests.support.html import html_errors
from tests.support.portal import PASSWORD, Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def opened(page: Page, portal: Portal, who: Actor, address: str, draft: Application) -> Page:
    """The page of somebody who writes on a draft."""
    cookie = portal.client(who).http.get_cookie("partloop")
    assert cookie is not None
    page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
    page.goto(f"/applications/{draft.public_id}/edit")
    return page


def kept(portal: Portal, draft: Application) -> Application:
    """The draft as the database has it."""
    with portal.transaction():
        return session.get_one(Application, draft.id)


def test_nothing_is_refused_when_one_person_types_fast(portal: Portal, browser: Browser) -> None:
    """A1: saves overtake each other on the way, and a press does not wait for them."""
    draft = story.drafted(portal)
    with serve(portal.app) as address, window(browser, address) as page:
        opened(page, portal, portal.clerk, address, draft)
        statuses: list[int] = []
        page.on("response", lambda answer: statuses.append(answer.status))
        # The next save is asked for while the one before is still on its way.
        page.route("**/edit", lambda route: (page.wait_for_timeout(400), route.continue_()))
        for field, text in (
            ("Contact", "Wang Kun"),
            ("Delivery address", "1 Chaoyang Road"),
            ("Part number", "FV-100"),
            ("Fault", "Leaks"),
        ):
            page.get_by_label(field, exact=True).press_sequentially(text, delay=90)
        page.get_by_label("Stock").check()
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".head .badge")).to_have_text("Submitted")
    assert {status for status in statuses if status >= 400} == set()
    assert kept(portal, draft).typed["contact"] == "Wang Kun"


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("over", [True, False], ids=["mine", "theirs"])
def test_second_of_two_is_told_and_goes_on_when_both_write(
    portal: Portal, browser: Browser, width: int, over: bool
) -> None:
    """A1: the sentence says who; typing on saves nothing; one press takes the one or the other."""
    draft = story.drafted(portal)
    with (
        serve(portal.app) as address,
        window(browser, address) as first,
        window(browser, address, width=width, expected=("409",)) as second,
    ):
        opened(second, portal, portal.manager, address, draft)
        opened(first, portal, portal.clerk, address, draft)
        with first.expect_response("**/edit"):
            first.get_by_label("Contact").fill("From the clerk")
        with second.expect_response("**/edit"):
            second.get_by_label("Contact").fill("From the manager")
        place = second.locator("#estimate")
        expect(place).to_contain_text("Clerk saved this draft in the meantime.")
        with second.expect_response("**/edit"):
            second.get_by_label("Contact").fill("Still from the manager")
        expect(place).to_contain_text("This page is not saved")
        assert kept(portal, draft).typed["contact"] == "From the clerk"
        assert axe_violations(second) == []
        second.on("dialog", lambda dialog: dialog.accept())
        if over:
            place.get_by_role("button", name="Save what stands here").click()
            wanted = "Still from the manager"
        else:
            place.get_by_role("link", name="Show what is saved").click()
            wanted = "From the clerk"
        expect(second.get_by_label("Contact")).to_have_value(wanted)
        expect(second.locator("#estimate")).not_to_contain_text("This page is not saved")
        assert kept(portal, draft).typed["contact"] == wanted


def test_second_of_two_is_told_and_goes_on_when_scripts_are_off(
    portal: Portal, browser: Browser
) -> None:
    """A1: the whole page, with what was typed; it saves once somebody presses again."""
    draft = story.drafted(portal)
    with (
        serve(portal.app) as address,
        window(browser, address, expected=("409",), javascript=False) as page,
    ):
        opened(page, portal, portal.manager, address, draft)
        other = {"press": "key-of-another-page", "seen": "1", "contact": "From the clerk"}
        clerk = portal.client(portal.clerk)
        clerk.post(f"/applications/{draft.public_id}/edit", other)
        page.get_by_label("Contact").fill("From the manager")
        page.get_by_role("button", name="Keep as draft").click()
        expect(page.locator(".unsaved")).to_contain_text("Clerk saved this draft")
        expect(page.locator(".unsaved")).to_be_in_viewport()
        expect(page.get_by_label("Contact")).to_have_value("From the manager")
        assert html_errors({"draft": page.content()}) == []
        page.get_by_role("button", name="Save what stands here").click()
        expect(page.locator(".unsaved")).to_have_count(0)
        assert kept(portal, draft).typed["contact"] == "From the manager"


def sign_in(page: Page, email: str) -> None:
    """Come in through the sign-in page that is shown."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_typing_goes_on_when_one_was_signed_out_elsewhere_and_came_back(
    portal: Portal, browser: Browser, width: int
) -> None:
    """A1: the page says so and stays; the sign-in leads back; the next save succeeds."""
    draft = story.drafted(portal)
    with (
        serve(portal.app) as address,
        window(browser, address, width=width, expected=("401", "400")) as page,
    ):
        opened(page, portal, portal.clerk, address, draft)
        with page.expect_response("**/edit"):
            page.get_by_label("Contact").fill("Wang Kun")
        with portal.transaction():
            people.end_all(portal.clerk.id or 0, now=portal.now)
        page.get_by_label("Delivery address").fill("1 Chaoyang Road")
        told = page.get_by_role("alert")
        expect(told).to_contain_text("You are signed out. What you typed is still here")
        assert page.url.endswith(f"/applications/{draft.public_id}/edit")
        assert axe_violations(page) == []
        assert kept(portal, draft).typed["delivery_address"] == ""
        with page.expect_popup() as popup:
            told.get_by_role("link", name="Sign in again").click()
        sign_in(popup.value, "clerk@example.com")
        popup.value.wait_for_url(f"**/applications/{draft.public_id}/edit")
        popup.value.close()
        page.bring_to_front()
        page.get_by_label("Delivery address").press_sequentially(", 2nd floor")
        expect(told).to_have_count(0)
        expect(page.get_by_label("Delivery address")).to_have_value("1 Chaoyang Road, 2nd floor")
        page.wait_for_load_state("networkidle")
        assert kept(portal, draft).typed["delivery_address"] == "1 Chaoyang Road, 2nd floor"
        with page.expect_response("**/edit") as sent:
            page.get_by_role("button", name="Keep as draft").click()
        assert sent.value.status < 400


def test_page_says_so_when_somebody_else_signed_in_meanwhile(
    portal: Portal, browser: Browser
) -> None:
    """P1: nobody writes under another's name; what was typed stays."""
    draft = story.drafted(portal)
    with (
        serve(portal.app) as address,
        window(browser, address, expected=("401", "400")) as page,
    ):
        opened(page, portal, portal.clerk, address, draft)
        with portal.transaction():
            people.end_all(portal.clerk.id or 0, now=portal.now)
        page.get_by_label("Contact").fill("Wang Kun")
        told = page.get_by_role("alert")
        with page.expect_popup() as popup:
            told.get_by_role("link", name="Sign in again").click()
        sign_in(popup.value, "manager@example.com")
        popup.value.wait_for_url(f"**/applications/{draft.public_id}/edit")
        page.get_by_label("Contact").fill("Wang Kun from the clerk")
        expect(told).to_contain_text("belongs to another sign-in")
        expect(page.get_by_label("Contact")).to_have_value("Wang Kun from the clerk")
    assert kept(portal, draft).typed.get("contact", "") == ""
