"""A person's first day: invited by mail, a password and a second factor of their own, in again."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from portal.core import jobs
from portal.web import mail
from tests.support.axe import axe_violations
from tests.support.browser import window
from tests.support.html import html_errors
from tests.support.portal import PASSWORD, Portal
from tests.support.server import serve
from tests.support.sink import PUBLIC, parts, sink

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
MINE = "a password of my own"


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def faults(page: Page, sources: dict[str, str]) -> Iterator[str]:
    """What is wrong with the page that is shown."""
    sources[page.url] = page.content()
    yield from (f"{page.url}: {fault}" for fault in axe_violations(page))
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            yield f"{page.url} is wider than {width} px"


def invite(page: Page) -> None:
    """A manager invites a colleague."""
    sign_in(page, "manager@example.com", PASSWORD)
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Full name").fill("Ewa Nowak")
    page.get_by_label("E-mail address").fill("ewa@example.com")
    page.get_by_label("Service clerk").check()
    page.get_by_role("button", name="Invite the person").click()
    expect(page.get_by_role("status")).to_contain_text("on its way to ewa@example.com")


def test_person_comes_in_with_a_code_when_they_were_invited_by_mail(
    portal: Portal, browser: Browser
) -> None:
    """P5: letter, password, app, out, in again with the code; Back then shows nothing."""
    wrong: list[str] = []
    sources: dict[str, str] = {}
    with sink() as post, serve(portal.app) as address:
        post.attach(portal, public_url="")
        with window(browser, address) as page:
            invite(page)
        with portal.app.app_context():
            assert jobs.drain(portal.clock, lane=mail.LANE) == 1
        (letter,) = post.mails
        link = re.findall(r"/link/\S+", parts(letter)[0])[0]
        assert PUBLIC not in link
        with window(browser, address, expected=("404",)) as page:
            page.goto(link)
            wrong += faults(page, sources)
            page.get_by_label("New password").fill(MINE)
            page.get_by_role("button", name="Set the password").click()
            expect(page.get_by_role("status")).to_contain_text("Your password is set.")
            page.goto(link)
            expect(page.get_by_role("heading", level=2)).to_have_text("This link works no more")
            wrong += faults(page, sources)
            sign_in(page, "ewa@example.com", MINE)
            expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
            page.goto("/profile")
            page.get_by_role("link", name="Turn it on").click()
            wrong += faults(page, sources)
            page.get_by_label("Present password").fill(MINE)
            page.get_by_role("button", name="Go on").click()
            expect(page.get_by_role("button", name="Add a passkey")).to_have_count(1)
            wrong += faults(page, sources)
            secret = page.locator("code.whole").inner_text().replace(" ", "")
            app = pyotp.TOTP(secret)
            page.get_by_label("Sign-in code").fill(app.at(int(portal.now.timestamp())))
            page.get_by_role("button", name="Turn it on").click()
            expect(page.locator(".codes li")).to_have_count(10)
            wrong += faults(page, sources)
            page.goto("/applications")
            page.get_by_text("Ewa Nowak", exact=True).first.click()
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            portal.clock.advance(seconds=60)
            sign_in(page, "ewa@example.com", MINE)
            expect(page.get_by_role("heading", level=1)).to_have_text("The second factor")
            wrong += faults(page, sources)
            page.get_by_label("The code of your app").fill(app.at(int(portal.now.timestamp())))
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
            page.get_by_text("Ewa Nowak", exact=True).first.click()
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            page.go_back()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            assert "Ewa Nowak" not in page.content()
            page.goto("/forgotten")
            wrong += faults(page, sources)
    assert wrong + html_errors(sources) == []
