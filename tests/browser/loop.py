"""The loop of the business, walked in a browser: each step is what one person does on pages.

Steps find what they need by its role and name, as a person reads the page; so the same walk
works at both widths, with scripts and without.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from portal.core import jobs
from tests.support.browser import window
from tests.support.portal import HQ, PASSWORD, Portal


@dataclass(frozen=True)
class Walk:
    """Where the loop is walked, and how."""

    portal: Portal
    browser: Browser
    address: str
    width: int
    scripts: bool
    photo: Path

    @contextmanager
    def person(self, name: str) -> Iterator[Page]:
        """Somebody signs in, does something, and signs out by leaving."""
        with window(self.browser, self.address, width=self.width, javascript=self.scripts) as page:
            page.goto("/sign-in")
            page.get_by_label("E-mail address").fill(f"{name}@example.com")
            page.get_by_label("Password").fill(PASSWORD)
            press(page, "Sign in")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            yield page

    def work(self) -> None:
        """Let the worker look at the clock and do what is due."""
        with self.portal.app.app_context():
            jobs.ring(self.portal.clock)
            jobs.drain(self.portal.clock)


def press(page: Page, name: str) -> None:
    """Press a button."""
    page.get_by_role("button", name=name, exact=True).first.click()


def follow(page: Page, name: str | re.Pattern[str]) -> None:
    """Follow a link of the page's content."""
    links = page.get_by_role("main").get_by_role("link", name=name, exact=isinstance(name, str))
    links.first.click()


def status(page: Page, label: str) -> None:
    """The page's document has that status, and nothing was refused."""
    refusal = page.locator("#error-summary")
    assert not refusal.count(), refusal.inner_text()
    expect(page.locator(".head .badge")).to_have_text(label)


def file_application(walk: Walk) -> str:
    """The clerk files an application of two lines; its address is the answer."""
    with walk.person("clerk") as page:
        page.goto("/applications")
        press(page, "New application")
        page.get_by_label("Contact").fill("王坤")
        page.get_by_label("Delivery address").fill("朝阳路 1 号\n北京")
        first = page.get_by_role("group", name="Line 1")
        first.get_by_label("Part number").fill("fv-100")
        first.get_by_label("Quantity").fill("2")
        first.get_by_label("Warranty repair").check()
        first.get_by_label("Product model").fill("WC-9")
        first.get_by_label("Serial number").fill("SN-77")
        first.get_by_label("Fault").fill("Leaks at the base")
        press(page, "Add a line")
        second = page.get_by_role("group", name="Line 2", exact=True)
        second.get_by_label("Part number").fill("TH-300")
        second.get_by_label("Quantity").fill("1")
        second.get_by_label("Stock").check()
        press(page, "Submit")
        status(page, "Submitted")
        expect(page.get_by_role("heading", level=1)).to_have_text("PA-2026-D0001-00001")
        return page.url


def quote(walk: Walk) -> None:
    """The desk opens what waits for it and quotes."""
    with walk.person("desk") as page:
        follow(page, "Applications to quote")
        follow(page, "PA-2026-D0001-00001")
        follow(page, "Send quote")
        page.get_by_label("Freight").fill("12")
        page.get_by_label("Promised ship date").fill("2026-10-15")
        press(page, "Send quote")
        status(page, "Quoted")


def confirm(walk: Walk) -> None:
    """The manager confirms what stands on the page."""
    with walk.person("manager") as page:
        follow(page, "Quotes to confirm")
        follow(page, "PA-2026-D0001-00001")
        press(page, "Confirm CN¥187.00")
        status(page, "Confirmed")


def release(walk: Walk) -> None:
    """Finance releases the money."""
    with walk.person("finance") as page:
        follow(page, "Confirmed applications to release")
        follow(page, "PA-2026-D0001-00001")
        press(page, "Release")
        status(page, "Released")


def ship(walk: Walk) -> None:
    """The warehouse sends everything."""
    with walk.person("warehouse") as page:
        follow(page, "Applications to ship")
        follow(page, "PA-2026-D0001-00001")
        follow(page, "Ship")
        page.get_by_label("Carrier").fill("SF Express")
        page.get_by_label("Tracking number").fill("SF 1000 2000")
        press(page, "Ship")
        status(page, "On its way")


def receive(walk: Walk) -> None:
    """The clerk confirms that it arrived."""
    with walk.person("clerk") as page:
        follow(page, "Shipments to confirm on arrival")
        follow(page, "SH-2026-D0001-00001")
        press(page, "Confirm receipt")
        status(page, "Received")


def register(walk: Walk) -> None:
    """The clerk registers one old part with a photo."""
    with walk.person("clerk") as page:
        page.goto("/old-parts/to-register")
        follow(page, "FV-100")
        if walk.scripts:
            page.locator("input[type=file]").first.set_input_files(walk.photo)
            expect(page.get_by_role("main").get_by_role("img").first).to_be_visible()
        else:
            page.locator("input[type=file]").first.set_input_files(walk.photo)
        page.get_by_label("Customer's name").fill("李桂兰")
        page.get_by_label("Product serial").fill("SN-77")
        page.get_by_label("Failed on").fill("2026-10-10")
        page.get_by_label("Replaced on").fill("2026-10-12")
        page.get_by_label("Complaint").fill("Water runs all night")
        page.get_by_label("Cause").fill("The seal is worn")
        page.get_by_label("Remedy").fill("Replaced the valve")
        press(page, "Register")
        status(page, "Registered")


def accept(walk: Walk) -> None:
    """The desk accepts the old part."""
    with walk.person("desk") as page:
        page.goto("/old-parts")
        follow(page, re.compile("OP-2026-D0001-000001"))
        press(page, "Accept")
        expect(page.get_by_role("main")).to_contain_text("accepted the old part")


def claim(walk: Walk) -> None:
    """The manager files the month's claim."""
    with walk.person("manager") as page:
        page.goto("/claims")
        follow(page, "New claim")
        page.get_by_label(re.compile("October 2026")).check()
        press(page, "Begin the claim")
        press(page, "Submit claim")
        status(page, "Submitted")


def open_run(walk: Walk) -> None:
    """On the 3rd the run opens by itself."""
    walk.portal.clock.at = datetime(2026, 11, 3, 9, 0, tzinfo=HQ)
    walk.work()


def decide(walk: Walk) -> None:
    """The reviewer decides the claim and closes the month."""
    with walk.person("reviewer") as page:
        page.goto("/runs")
        follow(page, re.compile("October 2026|2026-10"))
        follow(page, re.compile("RC-2026-10"))
        press(page, "Approve the open lines without remark")
        press(page, "Finish the decision")
        status(page, "Decided")
        page.goto("/runs")
        follow(page, re.compile("October 2026|2026-10"))
        press(page, "Close the month")
        walk.work()
        page.reload()
        status(page, "Closed")
        expect(page.get_by_role("main")).to_contain_text("They agree to the cent.")


def trace(walk: Walk) -> None:
    """The manager follows the money back to the photo of the old part."""
    with walk.person("manager") as page:
        page.goto("/account")
        expect(page.get_by_role("main")).to_contain_text("CN¥9,825.50")
        follow(page, re.compile("RC-2026-10"))
        follow(page, "OP-2026-D0001-000001")
        photo = page.get_by_role("main").get_by_role("img").first
        expect(photo).to_be_visible()
        assert photo.evaluate("image => image.complete && image.naturalWidth > 100")


STEPS = (
    file_application,
    quote,
    confirm,
    release,
    ship,
    receive,
    register,
    accept,
    claim,
    open_run,
    decide,
    trace,
)
