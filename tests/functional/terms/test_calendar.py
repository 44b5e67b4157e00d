"""The working calendar's page: read by everybody, set by the administrator, every change kept."""

from datetime import date, datetime
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.core.errors import Forbidden, Invalid
from portal.core.events import Event
from portal.core.permissions import SYSTEM, Role
from portal.people import services as people
from portal.terms import calendar_services, services
from portal.terms.calendar import Calendar, Span, load
from portal.terms.models import CalendarDay, PolicyValue
from tests.support.portal import HQ, PASSWORD, Portal
from tests.support.queries import counted

SPRING = {
    "seen": "1", "first": "2027-02-05", "last": "2027-02-11", "name": "Spring Festival",
    "kind": "closed",
}  # fmt: skip


def loaded(portal: Portal) -> Calendar:
    with portal.transaction():
        return load(portal.now)


def days(portal: Portal) -> list[date]:
    with portal.transaction():
        return list(session.scalars(select(CalendarDay.day).order_by(CalendarDay.day)))


def declare(portal: Portal, *spans: Span) -> None:
    with portal.transaction():
        calendar_services.declare(spans, seen=None, by=portal.administrator, now=portal.now)


def test_holiday_counts_when_the_administrator_declared_it(portal: Portal) -> None:
    """A10, P4: a span and a make-up day; both sides see them, headquarters also who did it."""
    client = portal.client(portal.administrator)
    assert client.post("/calendar", SPRING).status_code == 303
    make_up = {"seen": "2", "first": "2027-02-13", "name": "Make-up day", "kind": "works"}
    answer = client.post("/calendar", make_up)
    assert answer.location == "/calendar?year=2027"
    calendar = loaded(portal)
    assert not calendar.is_working(date(2027, 2, 5))
    assert calendar.is_working(date(2027, 2, 13))
    friday = datetime(2027, 2, 4, 15, 0, tzinfo=HQ)
    assert calendar.after(friday, 48) == datetime(2027, 2, 13, 15, 0, tzinfo=HQ)
    for who in (portal.desk, portal.clerk, portal.auditor):
        page = portal.client(who).get("/calendar?year=2027").text
        assert page.count('<span class="day closed"') == 7 + 1  # and the legend's
        assert "Spring Festival" in page
        assert ("declared days" in page) == (who is not portal.clerk)
        assert "Declare days" not in page
    assert "Spring Festival" not in portal.client(portal.clerk).get("/calendar?year=2026").text


def test_calendar_leads_to_the_month_that_it_is(portal: Portal) -> None:
    """Look: on a phone a year is long, so one press goes to today's month from any year."""
    client = portal.client(portal.clerk)
    month = client.get("/calendar").text.split('class="month" id="today"')[1].split("</section>")[0]
    assert 'aria-current="date"' in month
    other = client.get("/calendar?year=2027").text
    assert 'href="/calendar#today"' in other
    assert 'id="today"' not in other


def test_calendar_page_is_one_screen_of_few_queries(portal: Portal) -> None:
    """The session, the values and exceptions, the names, and the document itself."""
    client = portal.client(portal.other_clerk)
    with counted(portal.app) as statements:
        assert client.get("/calendar").status_code == 200
    assert len(statements) <= 4
    for odd in ("abc", "1", "99999", "-5", ""):
        assert "2026" in client.get(f"/calendar?year={odd}").text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first": "2026-10-11"}, "first"),
        ({"first": ""}, "first"),
        ({"first": "31.02.2027"}, "first"),
        ({"last": "2027-02-04"}, "last"),
        ({"last": "2027-05-05"}, "last"),
        ({"first": "2099-01-01", "last": "2099-01-01"}, "last"),
        ({"name": "  "}, "name"),
        ({"kind": "sometimes"}, "kind-0"),
        ({"kind": ""}, "kind-0"),
    ],
)
def test_days_are_refused_when_something_is_wrong(
    portal: Portal, change: dict[str, str], field: str
) -> None:
    """422 with a sentence at the field, what was typed stays, nothing is declared."""
    answer = portal.client(portal.administrator).post("/calendar", SPRING | change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert (SPRING | change)["name"].strip() in unescape(answer.text)
    assert days(portal) == []


def test_many_days_are_declared_when_they_are_pasted(portal: Portal) -> None:
    """Two or three columns of a spreadsheet, in whatever way the days are written."""
    rows = (
        "2026-12-31\t2027-01-02\tNew Year\n\n2027年4月5日 清明节\n01.05.2027;03.05.2027;Labour Day"
    )
    typed: dict[str, Any] = {"seen": "1", "rows": rows, "pasted_kind": "closed"}
    client = portal.client(portal.administrator)
    assert client.post("/calendar/paste", typed).status_code == 303
    assert len(days(portal)) == 3 + 1 + 3
    page = client.get("/calendar?year=2027").text
    for name in ("New Year", "清明节", "Labour Day"):
        assert name in page
    wrong = typed | {"seen": "4", "rows": "2027-06-01 Day\nDragon Boat\n2026-01-01 Past"}
    answer = client.post("/calendar/paste", wrong)
    assert answer.status_code == 422
    assert "Row 2, “Dragon Boat”: " in answer.text
    assert "Row 3, “2026-01-01 Past”: " in answer.text
    many = typed | {"seen": "4", "rows": "2027-06-01 x\n" * 101}
    assert client.post("/calendar/paste", many).status_code == 422
    assert len(days(portal)) == 7


def test_later_word_counts_when_a_day_is_declared_again(portal: Portal) -> None:
    """A day has one entry; taken back, the usual week counts again."""
    first, last = date(2027, 2, 5), date(2027, 2, 7)
    declare(portal, Span(first, last, "Holiday", works=False))
    declare(portal, Span(last, last, "Make-up day", works=True))
    assert loaded(portal).is_working(last)
    client = portal.client(portal.administrator)
    typed = {"first": "2027-02-05", "last": "2027-02-07"}
    assert client.post("/calendar/clear", typed | {"seen": "2"}).status_code == 409
    assert client.post("/calendar/clear", typed | {"seen": "3"}).status_code == 303
    assert client.post("/calendar/clear", typed | {"seen": "4"}).status_code == 422
    assert days(portal) == []
    assert loaded(portal).is_working(first)
    with portal.transaction():
        names = select(Event.name).where(Event.document_kind == "calendar").order_by(Event.seq)
        assert list(session.scalars(names)) == ["declare", "declare", "clear"]


def test_past_stays_as_it_was_when_days_are_taken_back(portal: Portal) -> None:
    """T2: until the last second of a day it can be changed, and not a second later."""
    today = portal.now.date()
    portal.clock.at = datetime(today.year, today.month, today.day, 23, 59, 59, tzinfo=HQ)
    declare(portal, Span(today, today, "Typhoon", works=False))
    portal.clock.advance(seconds=1)
    with pytest.raises(Invalid), portal.transaction():
        calendar_services.clear(today, today, seen=None, by=portal.administrator, now=portal.now)
    with pytest.raises(Invalid):
        declare(portal, Span(today, today, "Late", works=True))
    assert days(portal) == [today]


def test_only_the_administrator_sets_the_calendar(portal: Portal) -> None:
    """P3: also not by the service."""
    span = Span(date(2027, 2, 5), date(2027, 2, 5), "Holiday", works=False)
    for who in (portal.desk, portal.manager, portal.auditor):
        with pytest.raises(Forbidden), portal.transaction():
            calendar_services.declare([span], seen=None, by=who, now=portal.now)
        assert portal.client(who).post("/calendar", SPRING).status_code == 403


def test_week_follows_the_policy_values_when_they_are_in_force(portal: Portal) -> None:
    """P2: six days from nine to six, proposed by one and approved by another."""
    with portal.transaction():
        second = people.add_user(
            email="second@example.com", name="Second", password=PASSWORD,
            roles=[Role.ADMINISTRATOR], dealer=None, by=SYSTEM, now=portal.now,
        ).actor  # fmt: skip
    client = portal.client(portal.administrator)
    typed: dict[str, Any] = {"effective_from": "2026-11-01", "reason": "The season."}
    saturdays = typed | {"value": ["0", "1", "2", "3", "4", "5"]}
    assert client.post("/policy/calendar.weekdays", saturdays).status_code == 303
    assert client.post("/policy/calendar.weekdays", typed).status_code == 422
    assert client.post("/policy/calendar.weekdays", typed | {"value": "7"}).status_code == 422
    assert client.post("/policy/calendar.opens", typed | {"value": "9"}).status_code == 303
    assert client.post("/policy/calendar.opens", typed | {"value": "13"}).status_code == 422
    assert client.post("/policy/calendar.closes", typed | {"value": "18"}).status_code == 303
    usual = loaded(portal)
    assert not usual.is_working(date(2026, 11, 7))
    with portal.transaction():
        for change in session.scalars(select(PolicyValue)):
            services.decide(change, "approve", seen=None, by=second, now=portal.now)
    calendar = loaded(portal)
    assert calendar.is_working(date(2026, 11, 7))
    assert not calendar.is_working(date(2026, 10, 31))
    friday = datetime(2026, 11, 6, 17, 0, tzinfo=HQ)
    assert calendar.after(friday, 2) == datetime(2026, 11, 7, 10, 0, tzinfo=HQ)
    page = client.get("/policy/calendar.weekdays").text
    assert "Mon, Tue, Wed, Thu, Fri, Sat" in page
    assert "9:00" in client.get("/policy").text
    portal.clock.advance(days=30)
    assert "Mon, Tue, Wed, Thu, Fri, Sat" in portal.client(portal.clerk).get("/calendar").text
