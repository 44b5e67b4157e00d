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

from playwright.sync_api import Browser, Locator, Page, expect

from portal.core import jobs
from tests.support.browser import window
from tests.support.portal import HQ, PASSWORD, Portal


@dataclass(frozen=True)
class Hand:
    """How somebody uses a page: with a pointer, or with the keyboard alone."""

    page: Page
    keyboard: bool = False

    def _reach(self, target: Locator) -> None:
        """Press Tab until the focus is there, as somebody without a pointer would."""
        target.wait_for()
        if self.page.evaluate("document.activeElement === document.body"):
            self.page.keyboard.press("Tab")
            self.page.keyboard.press("Enter")  # skip to the content
        for _ in range(150):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not get to {target}")

    def _use(self, target: Locator, key: str) -> None:
        if self.keyboard:
            self._reach(target)
            self.page.keyboard.press(key)
        else:
            target.click()

    def press(self, name: str) -> None:
        """Press a button."""
        self._use(self.page.get_by_role("button", name=name, exact=True).first, "Enter")

    def open(self, name: str) -> None:
        """Open the menu of a step, which says what will happen."""
        self._use(self.page.locator("main summary").filter(has_text=name).first, "Enter")

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Follow a link of the page's content."""
        main = self.page.get_by_role("main")
        self._use(main.get_by_role("link", name=name, exact=isinstance(name, str)).first, "Enter")

    def fill(self, label: str, text: str, within: str | None = None) -> None:
        """Type into a field; ``within`` names the group that it stands in."""
        place = self.page.get_by_role("group", name=within, exact=True) if within else self.page
        field = place.get_by_label(label)
        if self.keyboard and field.get_attribute("type") != "date":
            self._reach(field)
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.insert_text(text)
        else:
            field.fill(text)  # a date picker's segments differ by language

    def tick(self, label: str | re.Pattern[str], within: str | None = None) -> None:
        """Choose a radio button or tick a box."""
        place = self.page.get_by_role("group", name=within, exact=True) if within else self.page
        choice = place.get_by_label(label)
        if not self.keyboard:
            choice.check()
        elif not choice.is_checked():
            choice.focus()  # the arrows within a group of radio buttons, in one go
            self.page.keyboard.press("Space")

    def status(self, label: str) -> None:
        """The page's document has that status, and nothing was refused."""
        refusal = self.page.locator("#error-summary")
        assert not refusal.count(), refusal.inner_text()
        expect(self.page.locator(".head .badge").first).to_have_text(label)


@dataclass(frozen=True)
class Walk:
    """Where the loop is walked, and how."""

    portal: Portal
    browser: Browser
    address: str
    width: int
    photo: Path
    scripts: bool = True
    keyboard: bool = False

    @contextmanager
    def person(self, name: str) -> Iterator[Hand]:
        """Somebody signs in, does something, and leaves."""
        with window(self.browser, self.address, width=self.width, javascript=self.scripts) as page:
            hand = Hand(page, self.keyboard)
            page.goto("/sign-in")
            hand.fill("E-mail address", f"{name}@example.com")
            hand.fill("Password", PASSWORD)
            hand.press("Sign in")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            yield hand

    def work(self) -> None:
        """Let the worker look at the clock and do what is due."""
        with self.portal.app.app_context():
            jobs.ring(self.portal.clock)
            jobs.drain(self.portal.clock)


def file_application(walk: Walk) -> str:
    """The clerk files an application of two lines; its address is the answer."""
    with walk.person("clerk") as hand:
        hand.page.goto("/applications")
        hand.press("New application")
        hand.fill("Contact", "王坤")
        hand.fill("Delivery address", "朝阳路 1 号\n北京")
        hand.fill("Part number", "fv-100", "Line 1")
        hand.fill("Quantity", "2", "Line 1")
        hand.tick("Warranty repair", "Line 1")
        hand.fill("Product model", "WC-9", "Line 1")
        hand.fill("Serial number", "SN-77", "Line 1")
        hand.fill("Fault", "Leaks at the base", "Line 1")
        hand.press("Add a line")
        hand.fill("Part number", "TH-300", "Line 2")
        hand.fill("Quantity", "1", "Line 2")
        hand.tick("Stock", "Line 2")
        hand.press("Submit")
        hand.status("Submitted")
        expect(hand.page.get_by_role("heading", level=1)).to_have_text("PA-2026-D0001-00001")
        return hand.page.url


def quote(walk: Walk) -> None:
    """The desk opens what waits for it and quotes."""
    with walk.person("desk") as hand:
        hand.follow("Applications to quote")
        hand.follow("PA-2026-D0001-00001")
        hand.follow("Send quote")
        hand.fill("Freight", "12")
        hand.fill("Promised ship date", "2026-10-15")
        hand.press("Send quote")
        hand.status("Quoted")


def confirm(walk: Walk) -> None:
    """The manager confirms what stands on the hand.page."""
    with walk.person("manager") as hand:
        hand.follow("Quotes to confirm")
        hand.follow("PA-2026-D0001-00001")
        hand.press("Confirm CN¥187.00")
        hand.status("Confirmed")


def release(walk: Walk) -> None:
    """Finance releases the money."""
    with walk.person("finance") as hand:
        hand.follow("Confirmed applications to release")
        hand.follow("PA-2026-D0001-00001")
        hand.press("Release")
        hand.status("Released")


def ship(walk: Walk) -> None:
    """The warehouse sends everything."""
    with walk.person("warehouse") as hand:
        hand.follow("Applications to ship")
        hand.follow("PA-2026-D0001-00001")
        hand.follow("Ship")
        hand.fill("Carrier", "SF Express")
        hand.fill("Tracking number", "SF 1000 2000")
        hand.press("Ship")
        hand.status("On its way")


def receive(walk: Walk) -> None:
    """The clerk confirms that it arrived."""
    with walk.person("clerk") as hand:
        hand.follow("Shipments to confirm on arrival")
        hand.follow("SH-2026-D0001-00001")
        hand.open("Confirm receipt")
        expect(hand.page.get_by_role("main")).to_contain_text("all of it arrived: 3 pieces")
        hand.press("Confirm receipt")
        hand.status("Received")


def register(walk: Walk) -> None:
    """The clerk registers one old part with a photo."""
    with walk.person("clerk") as hand:
        hand.page.goto("/old-parts/to-register")
        hand.follow("FV-100")
        hand.page.locator("input[type=file]").first.set_input_files(walk.photo)
        if walk.scripts:
            expect(hand.page.get_by_role("main").get_by_role("img").first).to_be_visible()
        hand.fill("Customer's name", "李桂兰")
        hand.fill("Product serial", "SN-77")
        hand.fill("Failed on", "2026-10-10")
        hand.fill("Replaced on", "2026-10-12")
        hand.fill("Complaint", "Water runs all night")
        hand.fill("Cause", "The seal is worn")
        hand.fill("Remedy", "Replaced the valve")
        hand.press("Register")
        hand.status("Registered")


def accept(walk: Walk) -> None:
    """The desk accepts the old part."""
    with walk.person("desk") as hand:
        hand.page.goto("/old-parts")
        hand.follow(re.compile("OP-2026-D0001-000001"))
        hand.press("Accept")
        expect(hand.page.get_by_role("main")).to_contain_text("accepted the old part")


def claim(walk: Walk) -> None:
    """The manager files the month's claim."""
    with walk.person("manager") as hand:
        hand.page.goto("/claims")
        hand.follow("New claim")
        hand.tick(re.compile("October 2026"))
        hand.press("Begin the claim")
        hand.press("Submit claim")
        hand.status("Submitted")


def open_run(walk: Walk) -> None:
    """On the 3rd the run opens by itself."""
    walk.portal.clock.at = datetime(2026, 11, 3, 9, 0, tzinfo=HQ)
    walk.work()


def decide(walk: Walk) -> None:
    """The reviewer decides the claim and closes the month."""
    with walk.person("reviewer") as hand:
        hand.page.goto("/runs")
        hand.follow(re.compile("October 2026|2026-10"))
        hand.follow(re.compile("RC-2026-10"))
        hand.press("Approve the lines without finding or remark")
        hand.press("Finish the decision")
        hand.status("Decided")
        hand.page.goto("/runs")
        hand.follow(re.compile("October 2026|2026-10"))
        hand.open("Close the month")
        hand.press("Close the month")
        hand.status("Closing")
        walk.work()
        hand.page.goto(hand.page.url)
        hand.status("Closed")
        expect(hand.page.get_by_role("main")).to_contain_text("They agree to the cent.")


def trace(walk: Walk) -> None:
    """The manager follows the money back to the photo of the old part; the one that never came
    was charged meanwhile (O6)."""
    with walk.person("manager") as hand:
        hand.page.goto("/account")
        expect(hand.page.get_by_role("main")).to_contain_text("CN¥9,813.00")
        hand.follow(re.compile("RC-2026-10"))
        hand.follow("OP-2026-D0001-000001")
        photo = hand.page.get_by_role("main").get_by_role("img").first
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
