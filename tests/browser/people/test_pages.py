"""The pages of people, policy values, inbox and home in a real browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import story
from tests.support.browser import window
from tests.support.portal import PASSWORD, Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def sign_in(page: Page, who: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


def test_back_shows_nothing_when_signed_out(portal: Portal, browser: Browser) -> None:
    """The browser keeps no page from behind the login: Back asks for the password."""
    with serve(portal.app) as address, window(browser, address) as page:
        sign_in(page, "manager")
        page.goto("/users")
        expect(page.get_by_role("table")).to_contain_text("clerk@example.com")
        page.get_by_text("Manager", exact=True).first.click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        for _ in range(2):
            page.go_back()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            assert "clerk@example.com" not in page.content()


@pytest.mark.parametrize("scripts", [True, False])
def test_notice_is_read_when_it_is_opened(portal: Portal, browser: Browser, scripts: bool) -> None:
    """By a click on the row, or by its button where no scripts run."""
    application = story.quoted(portal)
    with (
        serve(portal.app) as address,
        window(browser, address, javascript=scripts) as page,
    ):
        sign_in(page, "manager")
        page.get_by_role("link", name="Inbox").click()
        expect(page.locator("#unread")).to_contain_text("1")
        if scripts:
            page.get_by_role("link", name="Desk sent a quote").click()
        else:
            page.get_by_role("main").get_by_role("button", name="Open").click()
        page.wait_for_url(f"**/applications/{application.public_id}")
        expect(page.locator("#unread")).to_have_count(0)


def test_list_answers_when_one_types(portal: Portal, browser: Browser) -> None:
    """The search above a list swaps the results and goes into the address."""
    with serve(portal.app) as address, window(browser, address) as page:
        sign_in(page, "administrator")
        page.goto("/dealers")
        page.get_by_placeholder("Code, name, city or contact").fill("łazien")
        rows = page.locator("#results tbody tr")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("D0002")
        page.wait_for_url("**/dealers?q=*")
        page.keyboard.press("Escape")
        page.reload()
        expect(rows).to_have_count(1)


def test_passkey_is_added_and_lets_in(portal: Portal, browser: Browser) -> None:
    """P5: with a device that Chromium plays; without scripts a recovery code stays."""
    with (
        serve(portal.app) as address,
        window(browser, address.replace("127.0.0.1", "localhost"), expected=("422",)) as page,
    ):
        devices = page.context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        about = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
        does = {"hasUserVerification": True, "isUserVerified": True}
        devices.send("WebAuthn.addVirtualAuthenticator", {"options": about | does})
        sign_in(page, "clerk")
        page.goto("/profile/second-factor")
        page.get_by_label("Present password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        page.get_by_label("Name").fill("Laptop")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_role("table", name="Passkeys")).to_contain_text("Laptop")
        code = page.locator(".codes code").first.inner_text()
        page.get_by_label("Name").fill("The same")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_text("This device has a passkey for you already.")).to_be_visible()
        page.get_by_text("Clerk", exact=True).first.click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("E-mail address").fill("clerk@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    with serve(portal.app) as address, window(browser, address, javascript=False) as page:
        page.goto("/sign-in")
        page.get_by_label("E-mail address").fill("clerk@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
        page.get_by_label("Recovery code").fill(code)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
