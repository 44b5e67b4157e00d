"""What is missing on the account, and the release of the money (A5, A6)."""

from dataclasses import replace

from sqlalchemy import select

from portal.applications import quoting
from portal.applications.models import Application
from portal.core.db import session
from portal.core.errors import TooLittleMoney
from portal.ledger import services as ledger
from portal.ledger.models import Reservation, ReservationEnd
from portal.ledger.verify import verify
from tests.functional.applications.test_pages import now_of
from tests.functional.applications.test_quoting import text_of
from tests.functional.applications.test_reminders import set_days
from tests.functional.applications.test_services import account, kinds, refused
from tests.support import story
from tests.support.portal import DEPOSIT, Portal

AUTOMATIC = "application.release_automatically"
BANK = "Bank of China, Shanghai\n6222 0000 <1>"


def dear(portal: Portal) -> Application:
    """A quote that the dealer's account cannot pay: 5,000.00 are missing."""
    return story.quoted(portal, story.line(portal, "TH-300", 100), freight=0, packing=0)


def confirm(portal: Portal, application: Application) -> None:
    with portal.transaction():
        quoting.confirm(
            session.get_one(Application, application.id),
            quote_version=1,
            seen=None,
            by=portal.manager,
            now=portal.now,
        )


def test_missing_amount_is_shown_before_and_after_pressing(portal: Portal) -> None:
    """A5: how much, where to, under what reference; and nothing changes."""
    settings = portal.app.extensions["settings"]
    portal.app.extensions["settings"] = replace(settings, bank_details=BANK)
    application = dear(portal)
    url, manager = f"/applications/{application.public_id}", portal.client(portal.manager)
    number = now_of(portal, application).number
    form = {"seen": now_of(portal, application).version, "quote_version": "1"}
    for page in (manager.get(url), manager.post(f"{url}/confirm", form)):
        shown = text_of(page.text)
        assert "CN¥5,000.00 are missing on the account." in shown
        assert f"name D0001 {number}." in shown
        assert "Bank of China, Shanghai 6222 0000 <1>" in shown
    assert page.status_code == 422
    assert now_of(portal, application).status == "quoted"
    assert account(portal).reserved == 0
    clerk = text_of(portal.client(portal.clerk).get(url).text)
    assert "are missing on the account" not in clerk
    assert "6222" not in clerk


def test_nothing_is_missing_when_the_deposit_is_booked(portal: Portal) -> None:
    """A5: what is available is shown; with the deposit the same quote is confirmed."""
    application = dear(portal)
    refused(portal, TooLittleMoney, lambda: quoting.confirm(
        session.get_one(Application, application.id), quote_version=1, seen=None,
        by=portal.manager, now=portal.now,
    ))  # fmt: skip
    with portal.transaction():
        ledger.deposit(
            dealer_id=portal.dealers["north"], amount=500_000, reference="LATE 1",
            by=portal.finance, now=portal.now,
        )  # fmt: skip
    page = text_of(portal.client(portal.manager).get(f"/applications/{application.public_id}").text)
    assert "are missing on the account" not in page
    assert "Available on your account CN¥15,000.00" in page
    confirm(portal, application)
    assert account(portal).reserved == 1_500_000


def test_quote_page_of_the_dealer_says_what_differs_and_until_when(portal: Portal) -> None:
    """A4, T1: in words, with the day and how far away it is."""
    application = story.quoted(portal)
    url, manager = f"/applications/{application.public_id}", portal.client(portal.manager)
    shown = text_of(manager.get(url).text)
    assert "All lines are as you asked for them." in shown
    assert "Promised ship date Oct 15, 2026 · in 4 days" in shown
    assert "Oct 26, 2026, 11:59:59" in shown
    with portal.transaction():
        kept = session.get_one(Application, application.id)
        answer = story.answer(portal, kept)
        fewer = replace(answer, lines=(replace(answer.lines[0], quantity=1),))
        quoting.correct(kept, fewer, seen=None, by=portal.desk, now=portal.now)
    shown = text_of(manager.get(url).text)
    assert "1 line differs from what you asked for" in shown
    assert "Fewer than asked for: 1 of 2." in shown


def test_money_waits_for_finance_when_the_policy_says_so(portal: Portal) -> None:
    """A6: reserved, not deducted; the warehouse sees nothing yet."""
    application = story.confirmed(portal)
    kept = now_of(portal, application)
    assert kept.status == "confirmed"
    figures = account(portal)
    assert (figures.posted, figures.reserved) == (DEPOSIT, kept.total)
    assert kinds(portal, application) == {}
    warehouse = portal.client(portal.warehouse)
    assert warehouse.get(f"/applications/{application.public_id}").status_code == 404


def test_money_is_released_at_once_when_the_policy_says_so(portal: Portal) -> None:
    """A6, L6: one confirmation reserves, posts and hands over to the warehouse, by the portal."""
    set_days(portal, AUTOMATIC, 1)
    application = story.quoted(portal)
    url, manager = f"/applications/{application.public_id}", portal.client(portal.manager)
    form = {"seen": now_of(portal, application).version, "quote_version": "1"}
    answer = manager.post(f"{url}/confirm", form)
    assert answer.status_code == 303
    page = text_of(manager.get(url).text)
    assert "Released. The warehouse can ship it now." in page
    assert "Partloop released the money automatically" in page
    kept = now_of(portal, application)
    assert (kept.status, kept.due_at is not None) == ("released", True)
    figures = account(portal)
    assert (figures.posted, figures.reserved) == (DEPOSIT - kept.total, 0)
    with portal.transaction():
        ends = session.scalars(select(ReservationEnd).join(Reservation)).all()
        assert len(ends) == 1
        assert list(verify()) == []
    assert portal.client(portal.warehouse).get(url).status_code == 200


def test_nothing_is_released_when_too_little_is_there(portal: Portal) -> None:
    """A5, A6: with the automatic release too, the whole step is refused."""
    set_days(portal, AUTOMATIC, 1)
    application = dear(portal)
    refused(portal, TooLittleMoney, lambda: quoting.confirm(
        session.get_one(Application, application.id), quote_version=1, seen=None,
        by=portal.manager, now=portal.now,
    ))  # fmt: skip
    assert now_of(portal, application).status == "quoted"
    assert account(portal).posted == DEPOSIT
