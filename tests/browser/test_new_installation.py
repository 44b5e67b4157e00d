"""A new administrator's day: from an empty database to the first application (A1, C3, L7, P5)."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, FilePayload, Page, expect

from portal import migrate
from portal.core import jobs
from portal.core.db import db
from portal.people.cli import commands
from portal.settings import Settings
from tests.browser.loop import Hand
from tests.support.browser import window
from tests.support.portal import Portal, new
from tests.support.server import serve

pytestmark = pytest.mark.browser
OWN = "a password of my own"


def sheet(name: str, *rows: str) -> FilePayload:
    """A spreadsheet as text."""
    return {"name": name, "mimeType": "text/csv", "buffer": "\n".join(rows).encode()}


DEALERS = sheet(
    "dealers.csv",
    "Code,Name,Country,Region,City,Contact,Phone",
    *(f"D{one:04},Dealer {one},CN,上海市,上海,王坤,021-5550 {one:04}" for one in range(1, 501)),
)
PRICES = sheet(
    "prices.csv",
    "Part number,Name,Cost price,Out-of-warranty price",
    "FV-100,Fill valve,25.00,40.00",
    "TH-300,Thermostat,150.00,230.00",
)
BANK = sheet(
    "bank.csv",
    "Booking date,Amount,Bank reference,Remitter,Purpose",
    "2026-10-12,5000.00,B-1,Wang,D0007 deposit",
    "2026-10-12,300.00,B-2,Somebody,thanks",
)


@pytest.fixture
def empty(tmp_path: Path) -> Portal:
    """A portal that nobody has used yet."""
    url = f"sqlite:///{tmp_path / 'partloop.sqlite'}"
    migrate.upgrade(Settings(folder=tmp_path, database_url=url, secret_key="test"))
    return new(tmp_path, url)


def enter(page: Page, link: str, email: str) -> Hand:
    """Somebody sets a password by the link, and signs in with it."""
    hand = Hand(page)
    page.goto(urlsplit(link).path)
    hand.fill("New password", OWN)
    hand.press("Set the password")
    hand.fill("E-mail address", email)
    hand.fill("Password", OWN)
    hand.press("Sign in")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    return hand


def bring(hand: Hand, url: str, file: FilePayload, said: str, button: str, **typed: str) -> None:
    """A spreadsheet: sent, its columns confirmed, its preview looked at, imported."""
    hand.page.goto(url)
    for label, text in typed.items():
        hand.fill(label.replace("_", " "), text)
    hand.page.set_input_files("input[type=file]", [file])
    hand.page.locator("main form button.primary").first.click()
    hand.press("Show the preview")
    expect(hand.page.locator("main")).to_contain_text(said)
    hand.press(button)


def invite(hand: Hand, name: str, email: str, role: str, *, dealer: str = "") -> str:
    """Add a person, and read the link that is to be passed on."""
    hand.page.goto(f"/users/new?dealer={dealer}" if dealer else "/users/new")
    hand.fill("Full name", name)
    hand.fill("E-mail address", email)
    hand.tick(role)
    hand.press("Invite the person")
    return hand.page.locator("#link code").inner_text()


def declare_holiday(hand: Hand) -> None:
    """New Year's Day is free."""
    hand.page.goto("/calendar?year=2027")
    hand.fill("Name", "New Year")
    hand.page.get_by_label("First day").fill("2027-01-01")
    hand.page.locator("#kind-0").check()
    hand.press("Declare")  # the first one: days by themselves
    expect(hand.page.locator("main")).to_contain_text("New Year")


def book_deposit(hand: Hand, empty: Portal) -> None:
    """Finance reads the bank's file: one line is booked, one is somebody's to assign."""
    bring(hand, "/accounts/bank/files", BANK, "To book: 1. To assign by hand: 1.", "Book the lines")
    with empty.app.app_context():
        jobs.drain(empty.clock)
    expect(hand.page.locator("main")).to_contain_text("What it brought")
    hand.page.goto("/accounts?q=D0007")
    expect(hand.page.locator("main")).to_contain_text("5,000.00")


def apply_for_parts(hand: Hand) -> None:
    """The dealer's manager files the first application."""
    hand.page.goto("/applications")
    hand.press("New application")
    hand.fill("Contact", "王坤")
    hand.fill("Delivery address", "莘松路 958 弄 12 号")
    hand.fill("Part number", "fv-100", "Line 1")
    hand.fill("Quantity", "2", "Line 1")
    hand.tick("Stock", "Line 1")
    hand.press("Submit")
    hand.status("Submitted")
    expect(hand.page.get_by_role("heading", level=1)).to_have_text("PA-2026-D0007-00001")


def test_a_day_is_enough(empty: Portal, browser: Browser) -> None:
    """A1, C3, L7, P5: people, calendar, 500 dealers, prices, a bank's file, an application."""
    administrator, _password = commands(lambda: empty.app)
    run = CliRunner().invoke(administrator, ["zhou@example.com", "Zhou Min"])
    with serve(empty.app) as address:
        with window(browser, address) as page:
            hand = enter(page, run.output.strip(), "zhou@example.com")
            declare_holiday(hand)
            bring(hand, "/imports/new/dealers", DEALERS, "500", "Import")
            expect(page.locator("main")).to_contain_text("What it brought")
            bring(hand, "/price-lists/new", PRICES, "2", "Import", Prices_count_from="2026-10-12")
            expect(page.locator("main")).to_contain_text("What it brought")
            page.goto("/dealers?q=D0007")
            page.get_by_role("link", name="D0007").click()
            page.wait_for_url(re.compile("/dealers/[^?]+$"))
            dealer = page.url.rsplit("/", 1)[1]
            manager = invite(hand, "Wang", "wang@example.com", "Service manager", dealer=dealer)
            finance = invite(hand, "He", "he@example.com", "Finance")
        with window(browser, address) as page:
            book_deposit(enter(page, finance, "he@example.com"), empty)
        with window(browser, address) as page:
            apply_for_parts(enter(page, manager, "wang@example.com"))
    with empty.app.app_context():
        db.engine.dispose()
