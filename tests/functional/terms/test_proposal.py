"""Public holidays are proposed for the working calendar, and taken over (A10, P4)."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from portal.core import events
from portal.core.db import session
from portal.core.events import Event
from portal.terms import calendar_services
from portal.terms.calendar import Span, load
from portal.terms.models import CalendarDay
from portal.terms.public_holidays import proposal
from tests.support.portal import Client, Portal

URL = "/calendar/holidays"


def picks(page: str) -> list[str]:
    """What a page offers, by its keys."""
    return re.findall(r'name="pick" value="([\d-]+)"', page)


def take(client: Client, country: str, year: int, *, leave: str = "") -> int:
    """Take over what is offered, but for one; gives the status of the answer."""
    page = client.get(f"{URL}?country={country}&year={year}").text
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen
    chosen = [one for one in picks(page) if one != leave]
    typed = {"country": country, "year": str(year), "seen": seen[1], "pick": chosen}
    return client.post(URL, typed).status_code


def test_chinese_year_is_as_the_state_council_announced_it() -> None:
    """A10: 2026, with the weekends that are worked to make up."""
    found = proposal("CN", 2026)
    free = {
        (span.first.isoformat(), span.last.isoformat()) for span in found.spans if not span.works
    }
    assert free == {
        ("2026-01-01", "2026-01-03"), ("2026-02-15", "2026-02-23"), ("2026-04-04", "2026-04-06"),
        ("2026-05-01", "2026-05-05"), ("2026-06-19", "2026-06-21"), ("2026-09-25", "2026-09-27"),
        ("2026-10-01", "2026-10-07"),
    }  # fmt: skip
    assert [span.first.isoformat() for span in found.spans if span.works] == [
        "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
    ]  # fmt: skip
    named = {span.first: span.name for span in found.spans}
    assert named[date(2026, 10, 1)] == "国庆节 National Day"
    assert named[date(2026, 9, 20)] == "调休上班 Made up for: 国庆节 National Day"
    assert found.is_complete


def test_polish_year_has_its_fourteen_holidays() -> None:
    """A10: Christmas Eve among them, free since 2025."""
    found = proposal("PL", 2027)
    assert len(found.spans) == 14
    assert found.spans[-3].name == "Wigilia Bożego Narodzenia Christmas Eve"
    assert found.is_complete
    with pytest.raises(KeyError):
        proposal("XX", 2027)


def test_year_is_taken_over_and_counts(portal: Portal) -> None:
    """A10, P4: each span with its event; deadlines follow; the second time nothing is left."""
    client = portal.client(portal.administrator)
    assert take(client, "PL", 2027, leave="2027-01-06") == 303
    with portal.transaction():
        calendar = load(portal.now)
        assert not calendar.is_working(date(2027, 5, 3))
        assert calendar.is_working(date(2027, 1, 6)), "left out"
        told = session.scalars(select(Event).where(Event.document_kind == "calendar")).all()
        assert {event.name for event in told} == {"declare"}
        assert len(told) == 13
        assert {event.actor_id for event in told} == {portal.administrator.id}
        assert list(events.verify()) == []
    page = client.get(f"{URL}?country=PL&year=2027").text
    assert picks(page) == ["2027-01-06"]
    assert page.count(">declared already<") == 13
    assert take(client, "PL", 2027) == 303
    page = client.get(f"{URL}?country=PL&year=2027").text
    assert "Nothing is left to take over." in page
    assert "Trzech Króli" in portal.client(portal.clerk).get("/calendar?year=2027").text


def test_make_up_days_are_worked(portal: Portal) -> None:
    """A10: what is over is not offered; a Saturday that makes up is worked."""
    portal.clock.at = portal.now.replace(month=1, day=3)
    client = portal.client(portal.administrator)
    page = client.get(f"{URL}?country=CN&year=2026").text
    assert picks(page)[0] == "2026-01-01", "its last day is today"
    assert take(client, "CN", 2026) == 303
    with portal.transaction():
        calendar = load(portal.now)
        assert calendar.is_working(date(2026, 2, 14))
        assert not calendar.is_working(date(2026, 2, 23))
        days = session.scalars(select(CalendarDay.day)).all()
        assert min(days) == date(2026, 1, 3)
    portal.clock.at = portal.now.replace(month=1, day=4)
    client = portal.client(portal.administrator)
    assert "is over" in client.get(f"{URL}?country=CN&year=2026").text


def test_what_was_declared_stays(portal: Portal) -> None:
    """A10: headquarters works on a day of the holiday, and goes on doing so."""
    own = Span(date(2027, 5, 2), date(2027, 5, 2), "Stocktaking", works=True)
    with portal.transaction():
        calendar_services.declare([own], seen=None, by=portal.administrator, now=portal.now)
    assert take(portal.client(portal.administrator), "CN", 2027) == 303
    with portal.transaction():
        days = session.scalars(select(CalendarDay).where(CalendarDay.day > date(2027, 4, 30)))
        names = {one.day: one.name for one in days}
    assert names[date(2027, 5, 2)] == "Stocktaking"
    assert names[date(2027, 5, 1)] == names[date(2027, 5, 4)] == "劳动节 Labor Day"


def test_page_says_so_when_make_up_days_are_not_known(portal: Portal) -> None:
    """A10: a year that nobody has announced yet has the holidays of the law only."""
    client = portal.client(portal.administrator)
    page = client.get(f"{URL}?country=CN&year=2031").text
    assert "Which days of 2031 make up for these holidays is not known here (holidays " in page
    assert "国庆节" in page
    assert "not known here" not in client.get(f"{URL}?country=CN&year=2026").text
    assert "not known here" not in client.get(f"{URL}?country=PL&year=2031").text


@pytest.mark.parametrize(
    "asked", ["", "?year=1000", "?year=x&country=XX", "?country=%00&year=9999"]
)
def test_our_own_country_and_next_year_are_shown_when_nothing_else_can_be(
    portal: Portal, asked: str
) -> None:
    """A10: headquarters is in China; a year too far ahead could not be declared."""
    page = portal.client(portal.administrator).get(URL + asked).text
    assert "春节" in page
    assert 'value="2027" selected' in page


def test_nothing_is_declared_when_nothing_is_chosen_or_the_page_is_old(portal: Portal) -> None:
    """P3, P4: 422 and 409 with what was chosen; other roles 403."""
    client = portal.client(portal.administrator)
    typed = {"country": "PL", "year": "2027", "seen": "1"}
    assert "Choose at least one." in client.post(URL, typed).text
    assert client.post(URL, typed | {"pick": ["2027-12-31", "x"]}).status_code == 422
    late = client.post(URL, typed | {"pick": ["2027-01-01"], "seen": "9"})
    assert late.status_code == 409
    assert len(re.findall(r"<input[^>]*name=\"pick\"[^>]* checked>", late.text)) == 1
    for who in ("manager", "desk", "auditor"):
        assert portal.client(portal.cast[who]).get(URL).status_code == 403
    with portal.transaction():
        assert session.scalars(select(CalendarDay.day)).all() == []
