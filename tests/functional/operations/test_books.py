"""The books are checked every night, and what is wrong raises an alarm (L10, P4)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from portal.core import jobs
from portal.core.db import reading, session
from portal.core.errors import Forbidden
from portal.core.jobs import Job
from portal.ledger.models import Account
from portal.operations import books, owner
from portal.operations.models import BookCheck
from portal.people.models import Dealer
from tests.support.portal import Portal

NIGHT = timedelta(hours=16, minutes=30)
"""From the start of every test to the next check."""


def ring(portal: Portal) -> int:
    """Let the clock ring twice, and the night's worker work; how many checks were done."""
    with portal.app.app_context():
        owner.claim()
        jobs.ring(portal.clock)
        jobs.ring(portal.clock)
        beside_them = Job.kind.in_(jobs.kinds_in(books.LANE)), Job.kind != books.KIND
        others = select(func.count()).where(*beside_them, Job.done_at.is_(None))
        with reading():
            beside = session.scalars(others).one()
        return jobs.drain(portal.clock, lane=books.LANE) - beside


def spoil(portal: Portal, by: int) -> None:
    """Let an account keep another balance than its entries make."""
    with portal.transaction():
        session.execute(
            update(Account)
            .where(Account.dealer_id == portal.dealers["north"])
            .values(posted=Account.posted + by)
        )


def home(portal: Portal, who: str = "finance") -> str:
    return portal.client(portal.cast[who]).get("/").text


def test_books_are_checked_once_each_night(portal: Portal) -> None:
    """L10: at half past two at headquarters, by one worker, every night."""
    assert ring(portal) == 0, "there was no night yet"
    portal.clock.at += NIGHT - timedelta(seconds=1)
    assert ring(portal) == 0
    portal.clock.at += timedelta(seconds=1)
    assert ring(portal) == 2
    assert ring(portal) == 0
    portal.clock.at += timedelta(hours=23)
    assert ring(portal) == 0
    portal.clock.at += timedelta(hours=1)
    assert ring(portal) == 2


def test_alarm_stands_on_the_home_page_until_a_check_is_clean(portal: Portal) -> None:
    """L10: it names the difference, and goes away when a later check finds none."""
    portal.clock.at += NIGHT
    ring(portal)
    assert "difference" not in home(portal)
    spoil(portal, 7)
    assert "difference" not in home(portal), "nobody has looked yet"
    portal.clock.at += timedelta(days=1)
    ring(portal)
    seen = portal.now
    for who in ("finance", "administrator", "auditor"):
        page = home(portal, who)
        assert "posted balance: account" in page, who
        assert "its entries make 1000000" in page, who
    for who in ("desk", "reviewer", "manager"):
        assert "posted balance" not in home(portal, who)
    portal.clock.at += timedelta(days=1)
    ring(portal)
    with portal.transaction():
        kept = session.get_one(BookCheck, "ledger")
        assert (kept.differences, kept.since, kept.checked_at) == (1, seen, portal.now)
    spoil(portal, -7)
    client = portal.client(portal.finance)
    assert client.post("/books").status_code == 303
    assert "being checked" in client.get("/books").text
    assert ring(portal) == 2
    assert "posted balance" not in home(portal)
    assert "No difference." in client.get("/books").text


def test_alarm_is_raised_when_a_history_is_broken(portal: Portal) -> None:
    """P4: the chains of events are checked as well; the alarm names the document."""
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"])
        dealer.event_hash = "0" * 64
        named = f"dealer {dealer.id}, event"
    portal.clock.at += NIGHT
    ring(portal)
    assert named in home(portal)
    assert named in portal.client(portal.auditor).get("/books").text


def test_differences_are_counted_and_the_first_are_kept(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that is wrong everywhere fills no page."""
    monkeypatch.setitem(books.CHECKS, "ledger", ("Ledger", lambda _now: map(str, range(250))))
    portal.clock.at += NIGHT
    ring(portal)
    with portal.transaction():
        kept = session.get_one(BookCheck, "ledger")
        assert (kept.differences, len(kept.found["sentences"])) == (250, books.MOST)
    assert "250 differences" in home(portal)


def test_check_that_failed_for_good_is_promised_again_the_next_night_only(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round of the clock does not set it going again and again."""

    def fail(_now: datetime) -> list[str]:
        raise RuntimeError("away")

    monkeypatch.setitem(books.CHECKS, "ledger", ("Ledger", fail))
    portal.clock.at += NIGHT
    with portal.transaction():
        count = select(func.count()).select_from(Job).where(Job.kind == books.KIND)
    ring(portal)
    with portal.transaction():
        session.execute(update(Job).values(attempts=jobs.MOST_ATTEMPTS, leased_until=None))
    assert ring(portal) == 0
    with portal.transaction():
        assert session.scalar(count) == 2
    portal.clock.at += timedelta(days=1)
    assert ring(portal) == 1


def test_nobody_else_has_the_books_checked(portal: Portal) -> None:
    """P3: the auditor reads, and changes nothing."""
    with portal.transaction(), pytest.raises(Forbidden):
        books.check_now(by=portal.auditor, now=portal.now)
    assert portal.client(portal.auditor).post("/books").status_code == 403
    assert "Check now" not in portal.client(portal.auditor).get("/books").text
    assert portal.client(portal.desk).get("/books").status_code == 403
