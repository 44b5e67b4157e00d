"""A10: what headquarters owes and by when, in its working calendar; and who sees which time."""

import re
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from portal.applications import services
from portal.applications.clocks import default_promise
from portal.applications.models import Application
from portal.core.db import session
from portal.core.events import Event
from portal.terms import calendar_services
from portal.terms.calendar import Span
from portal.terms.models import PolicyValue
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
        (at(2026, 10, 1), at(2026, 10, 10)),
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
