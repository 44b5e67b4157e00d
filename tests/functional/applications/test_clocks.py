"""What is due by when, in headquarters' calendar, and who sees which time (A2, A4, A10, T1, T2)."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.applications import quoting, services, timers
from portal.applications.clocks import default_promise
from portal.applications.models import Application
from portal.core.db import session
from portal.core.errors import Invalid, Refusal
from portal.core.events import Event
from portal.terms import calendar_services
from portal.terms.calendar import Span
from portal.terms.models import PolicyValue
from tests.functional.applications.test_pages import now_of
from tests.support import story
from tests.support.portal import HQ, Portal


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=HQ)  # type: ignore[arg-type,misc]


@pytest.fixture
def holidays(portal: Portal) -> Portal:
    """National Day from the 1st to the 8th of October; the Saturday after it is worked."""
    portal.clock.at = at(2026, 9, 21, 9)
    closed = Span(date(2026, 10, 1), date(2026, 10, 8), "National Day", works=False)
    works = Span(date(2026, 10, 10), date(2026, 10, 10), "made up", works=True)
    with portal.transaction():
        calendar_services.declare(
            [closed, works], seen=None, by=portal.administrator, now=portal.now
        )
    return portal


def due(portal: Portal, application: Application) -> datetime | None:
    with portal.transaction():
        found = session.get_one(Application, application.id).due_at
        return found and found.astimezone(HQ)


def used(portal: Portal, application: Application, name: str) -> dict[str, Any]:
    with portal.transaction():
        event = select(Event.values).where(
            Event.document_kind == "application",
            Event.document_id == application.id,
            Event.name == name,
        )
        return dict(session.scalars(event.order_by(Event.id.desc()).limit(1)).one())


@pytest.mark.parametrize(
    ("submitted", "answered"),
    [
        (at(2026, 9, 29, 16), at(2026, 9, 30, 16)),
        (at(2026, 9, 30, 23, 59, 59), at(2026, 10, 9, 23, 59, 59)),
        (at(2026, 10, 1), at(2026, 10, 9, 23, 59, 59)),
        (at(2026, 10, 9, 16), at(2026, 10, 10, 16)),
        (at(2026, 10, 10, 16), at(2026, 10, 12, 16)),
    ],
)
def test_answer_is_due_after_a_working_day_when_it_was_submitted(
    holidays: Portal, submitted: datetime, answered: datetime
) -> None:
    """A10, T2: through the holiday week with its make-up day, at the month's edge."""
    holidays.clock.at = submitted
    application = story.submitted(holidays)
    assert due(holidays, application) == answered
    assert used(holidays, application, "submit") == {"reply_hours": 24}


def test_new_quote_is_due_like_the_first(holidays: Portal) -> None:
    """A10: asked for on the eve of the holidays; the value used is kept (P4)."""
    application = story.quoted(holidays)
    holidays.clock.at = at(2026, 9, 30, 15)
    with holidays.transaction():
        found = session.get_one(Application, application.id)
        services.step(
            found, "requote", seen=None, reason="Too dear", by=holidays.manager, now=holidays.now
        )
    assert due(holidays, application) == at(2026, 10, 9, 15)
    assert used(holidays, application, "requote") == {"reply_hours": 24}


@pytest.mark.parametrize(
    ("released", "promised", "shipped_by"),
    [
        (at(2026, 9, 22, 9), date(2026, 9, 22), at(2026, 9, 24, 23, 59, 59)),
        (at(2026, 9, 30, 23, 59, 59), date(2026, 9, 30), at(2026, 10, 10, 23, 59, 59)),
        (at(2026, 10, 4, 12), date(2026, 10, 4), at(2026, 10, 10, 23, 59, 59)),
        (at(2026, 9, 22, 9), date(2026, 9, 30), at(2026, 9, 30, 23, 59, 59)),
        (at(2026, 9, 30, 9), date(2026, 10, 31), at(2026, 10, 31, 23, 59, 59)),
    ],
)
def test_shipping_is_due_after_two_working_days_or_on_the_promised_one(
    holidays: Portal, released: datetime, promised: date, shipped_by: datetime
) -> None:
    """A10, T2: whichever is later, until the last second of that day at headquarters."""
    holidays.clock.at = released
    application = story.released(holidays, promised_on=promised)
    assert due(holidays, application) == shipped_by
    assert used(holidays, application, "release") == {"ship_days": 2}


def test_only_office_hours_count_when_headquarters_set_them(holidays: Portal) -> None:
    """A10: from 9 to 18, eight hours from Wednesday at 16 end on the first day after, at 15."""
    for name, number in (
        ("calendar.opens", 9), ("calendar.closes", 18), ("application.reply_hours", 8),
    ):  # fmt: skip
        with holidays.transaction():
            session.add(
                PolicyValue(
                    status="approved", created_at=holidays.now, name=name, value=number,
                    effective_from=date(2026, 9, 1), reason="test",
                )
            )  # fmt: skip
    holidays.clock.at = at(2026, 9, 30, 16)
    application = story.submitted(holidays)
    assert due(holidays, application) == at(2026, 10, 9, 15)
    assert used(holidays, application, "submit") == {"reply_hours": 8}


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (at(2026, 9, 28, 9), date(2026, 9, 30)),
        (at(2026, 9, 29, 23, 59, 59), date(2026, 10, 9)),
        (at(2026, 9, 30), date(2026, 10, 10)),
        (at(2026, 10, 9), date(2026, 10, 12)),
    ],
)
def test_promise_is_by_default_after_two_working_days(
    holidays: Portal, now: datetime, day: date
) -> None:
    """A10: never a day on which the warehouse is closed."""
    with holidays.transaction():
        assert default_promise(now) == day


def test_lists_and_home_say_overdue_a_second_after_the_deadline(holidays: Portal) -> None:
    """A10: at 23:59:59 of the last day it is due, at 00:00:00 it is overdue."""
    holidays.clock.at = at(2026, 9, 29, 23, 59, 59)
    application = story.submitted(holidays)
    for moment, late in ((at(2026, 9, 30, 23, 59, 59), False), (at(2026, 10, 1), True)):
        holidays.clock.at = moment
        desk = holidays.client(holidays.desk)
        for page in ("/applications?tab=submitted", f"/applications/{application.public_id}"):
            assert ('class="due over"' in desk.get(page).text) == late, page
        assert ("1 overdue" in desk.get("/").text) == late


def test_dealer_sees_a_deadline_in_both_zones_when_they_differ(holidays: Portal) -> None:
    """T1: in Kraków six hours behind until the clocks are changed, then seven; nothing in China."""
    for submitted, here, there in (
        (at(2026, 10, 22, 16), "Oct 23, 2026, 10:00:00", "Oct 23, 2026, 4:00:00"),
        (at(2026, 10, 23, 16), "Oct 26, 2026, 9:00:00", "Oct 26, 2026, 4:00:00"),
    ):
        holidays.clock.at = submitted
        application = story.submitted(holidays, by="other_clerk")
        page = holidays.client(holidays.other_clerk).get(f"/applications/{application.public_id}")
        said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
        assert here in said
        assert f"{there}\u202fPM at headquarters" in said or f"{there} PM at headquarters" in said
    own = story.submitted(holidays)
    page = holidays.client(holidays.clerk).get(f"/applications/{own.public_id}")
    assert "PM at headquarters" not in page.text


def confirm(portal: Portal, application: Application) -> Refusal | None:
    try:
        with portal.transaction():
            kept = session.get_one(Application, application.id)
            quoting.confirm(kept, quote_version=1, seen=None, by=portal.manager, now=portal.now)
    except Refusal as refusal:
        return refusal
    return None


def tick(portal: Portal) -> None:
    """The worker's timer."""
    with portal.app.app_context():
        timers.expire(portal.clock)


def test_number_is_of_the_year_at_headquarters_when_submitted(portal: Portal) -> None:
    """A2, T1, T2: at 23:59:59 the old year's, at 00:00:00 the new one's first; in Kraków too."""
    numbers = []
    for moment in (at(2026, 12, 31, 23, 59, 59), at(2027, 1, 1)):
        portal.clock.at = moment
        handed_in = [story.submitted(portal, by=by) for by in ("clerk", "other_clerk")]
        numbers += [now_of(portal, one).number for one in handed_in]
    assert numbers == [
        "PA-2026-D0001-00001", "PA-2026-D0002-00001",
        "PA-2027-D0001-00001", "PA-2027-D0002-00001",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "last"),
    [
        (at(2026, 10, 17, 23, 59, 59), at(2026, 10, 31, 23, 59, 59)),
        (at(2026, 10, 18), at(2026, 11, 1, 23, 59, 59)),
        (at(2026, 9, 21, 12), at(2026, 10, 5, 23, 59, 59)),
    ],
    ids=["last of the month", "first of the month", "in the holidays"],
)
def test_quote_stands_to_the_last_second(holidays: Portal, made: datetime, last: datetime) -> None:
    """A4, T1, T2: days as the calendar has them, worked or not; then it cannot be confirmed."""
    holidays.clock.at = made
    confirmed, left, late = (story.quoted(holidays) for _ in range(3))
    kept = now_of(holidays, left)
    assert kept.due_at is not None
    assert kept.due_at.astimezone(HQ) == last
    holidays.clock.at = last
    tick(holidays)
    assert confirm(holidays, confirmed) is None
    assert now_of(holidays, left).status == "quoted"
    holidays.clock.at = last + timedelta(seconds=1)
    assert isinstance(confirm(holidays, late), Invalid)
    tick(holidays)
    assert [now_of(holidays, one).status for one in (confirmed, left, late)] == [
        "confirmed", "expired", "expired",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "here", "there"),
    [
        (at(2026, 10, 10, 9), "Oct 24, 2026, 5:59:59", "Oct 24, 2026, 11:59:59"),
        (at(2026, 10, 11, 9), "Oct 25, 2026, 4:59:59", "Oct 25, 2026, 11:59:59"),
        (at(2027, 3, 14, 9), "Mar 28, 2027, 5:59:59", "Mar 28, 2027, 11:59:59"),
    ],
    ids=["summer time", "clocks go back", "clocks go forward"],
)
def test_dealer_in_krakow_reads_until_when_the_quote_stands(
    portal: Portal, made: datetime, here: str, there: str
) -> None:
    """A4, T1, T2: the same second in both zones, on the day that the clocks are changed."""
    portal.clock.at = made
    application = story.quoted(portal, by="other_clerk")
    page = portal.client(portal.other_manager).get(f"/applications/{application.public_id}").text
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert f"{here} PM" in said
    assert f"{there} PM at headquarters" in said
