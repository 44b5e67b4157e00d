"""A quote that ends soon is reminded of, once for each of its versions (A3, A4)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

from sqlalchemy import func, select

from portal.applications import quoting, timers
from portal.applications.models import Application
from portal.core.db import in_transaction, session
from portal.core.events import Event
from portal.notices.models import Notice
from portal.terms.models import PolicyValue
from tests.functional.applications.test_pages import now_of
from tests.support import story
from tests.support.portal import HQ, Portal

WORKERS = 4
LAST_DAY = datetime(2026, 10, 26, 23, 59, 59, tzinfo=HQ)
"""Until then a quote of the story's first day stands."""


def reminders(portal: Portal) -> int:
    with portal.transaction():
        return session.scalar(select(func.count()).where(Event.name == "remind")) or 0


def look(portal: Portal, at: datetime) -> int:
    """The worker's timer at a time; how often it has reminded so far."""
    portal.clock.at = at
    with portal.app.app_context():
        timers.remind(portal.clock)
    return reminders(portal)


def set_days(portal: Portal, name: str, days: int) -> None:
    with portal.transaction():
        session.add(
            PolicyValue(
                status="approved", created_at=portal.now, name=name, value=days,
                effective_from=portal.now.date(), reason="Test",
            )
        )  # fmt: skip


def test_who_may_confirm_is_reminded_once_two_days_before(portal: Portal) -> None:
    """A3: at the second, by whatever worker, and never of what is confirmed."""
    application = story.quoted(portal)
    story.confirmed(portal)
    version = now_of(portal, application).version
    assert look(portal, LAST_DAY - timedelta(days=2, seconds=1)) == 0
    assert look(portal, LAST_DAY - timedelta(days=2)) == 1
    assert look(portal, LAST_DAY - timedelta(days=1)) == 1
    kept = now_of(portal, application)
    assert (kept.status, kept.version) == ("quoted", version)
    with portal.transaction():
        told = select(Notice.user_id).join(Event, Event.id == Notice.event_id)
        assert session.scalars(told.where(Event.name == "remind")).all() == [portal.manager.id]
    page = portal.client(portal.manager).get("/inbox").text
    assert "reminded of the quote: it ends soon" in page


def test_page_that_was_open_still_confirms_when_the_reminder_came(portal: Portal) -> None:
    """A4: a reminder changes nothing of what both sides see."""
    application = story.quoted(portal)
    seen = now_of(portal, application).version
    assert look(portal, LAST_DAY - timedelta(days=1)) == 1
    answer = portal.client(portal.manager).post(
        f"/applications/{application.public_id}/confirm", {"seen": seen, "quote_version": 1}
    )
    assert answer.status_code == 303


def test_each_version_is_reminded_of(portal: Portal) -> None:
    """A4: a corrected quote stands anew, and is reminded of anew."""
    application = story.quoted(portal)
    assert look(portal, LAST_DAY - timedelta(days=1)) == 1
    with portal.transaction():
        kept = session.get_one(Application, application.id)
        answer = story.answer(portal, kept)
        quoting.correct(kept, answer, seen=None, by=portal.desk, now=portal.now)
        ends = kept.due_at
    assert ends is not None
    assert look(portal, portal.now + timedelta(minutes=1)) == 1
    assert look(portal, ends - timedelta(days=1)) == 2
    assert look(portal, ends + timedelta(seconds=1)) == 2


def test_nobody_is_reminded_when_the_quote_stands_no_longer_than_that(portal: Portal) -> None:
    """A3: who was told of a quote today is not reminded of it today; and 0 days mean never."""
    set_days(portal, "application.quote_days", 1)
    story.quoted(portal)
    assert look(portal, portal.now + timedelta(hours=1)) == 0
    set_days(portal, "application.quote_days", 14)
    set_days(portal, "application.remind_days", 0)
    story.quoted(portal)
    assert look(portal, portal.now + timedelta(days=13)) == 0


def test_many_workers_remind_once(portal: Portal) -> None:
    """A3: several workers at the same moment leave one event and one notice."""
    application = story.quoted(portal)
    start, at = Barrier(WORKERS), portal.now + timedelta(days=13)

    def work(_number: int) -> None:
        with portal.app.app_context():
            start.wait(60)
            try:
                in_transaction(lambda: quoting.remind(application, now=at))
            finally:
                session.remove()

    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(work, range(WORKERS)))
    assert reminders(portal) == 1
