"""The working calendar's arithmetic: working hours and days, holidays, and changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.terms.calendar import Calendar, Week, end_of

CHINA, WARSAW = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Warsaw")
NATIONAL_DAY = {date(2026, 10, day): False for day in range(1, 9)}
MADE_UP = {date(2026, 9, 27): True, date(2026, 10, 10): True}
"""A Sunday before and a Saturday after the holidays of 2026 that are worked."""
GOLDEN_WEEK = Calendar(CHINA, exceptions=NATIONAL_DAY | MADE_UP)
OFFICE = Calendar(CHINA, (Week(opens=9, closes=18),), NATIONAL_DAY | MADE_UP)


def at(*when: int, zone: ZoneInfo = CHINA) -> datetime:
    return datetime(*when, tzinfo=zone)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("start", "due"),
    [
        # An ordinary Tuesday, and a Friday over the weekend.
        (at(2026, 11, 17, 14, 30), at(2026, 11, 18, 14, 30)),
        (at(2026, 11, 20, 14, 30), at(2026, 11, 23, 14, 30)),
        # Handed in at the weekend, a working day has all its hours: until its end.
        (at(2026, 11, 21, 15), at(2026, 11, 24)),
        # The last day before the holidays: what is left of it, then Friday the 9th.
        (at(2026, 9, 30, 16), at(2026, 10, 9, 16)),
        # In the middle of them: all of Friday the 9th.
        (at(2026, 10, 4, 12), at(2026, 10, 10)),
        # On Friday afternoon the make-up Saturday goes on, and on it the weekend ends on Monday.
        (at(2026, 10, 9, 17), at(2026, 10, 10, 17)),
        (at(2026, 10, 10, 17), at(2026, 10, 12, 17)),
        # The make-up Sunday before.
        (at(2026, 9, 25, 10), at(2026, 9, 27, 10)),
        # The month's edge, where the holidays begin.
        (at(2026, 9, 30, 23, 59, 59), at(2026, 10, 9, 23, 59, 59)),
        (at(2026, 10, 1), at(2026, 10, 10)),
        (at(2026, 10, 31, 23, 59, 59), at(2026, 11, 3)),
        (at(2026, 11, 30, 23, 59, 59), at(2026, 12, 1, 23, 59, 59)),
    ],
)
def test_day_of_working_hours_ends_at_the_same_time_of_the_next_working_day(
    start: datetime, due: datetime
) -> None:
    """A10, T2: 24 hours pass over weekends and holidays, and through a make-up weekend."""
    assert GOLDEN_WEEK.after(start, 24) == due


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (at(2026, 11, 17, 10), 2, at(2026, 11, 17, 12)),
        (at(2026, 11, 17, 17), 2, at(2026, 11, 18, 10)),
        (at(2026, 11, 17, 8), 9, at(2026, 11, 17, 18)),
        (at(2026, 11, 17, 20), 9, at(2026, 11, 18, 18)),
        (at(2026, 11, 20, 17), 10, at(2026, 11, 23, 18)),
        (at(2026, 9, 30, 17), 24, at(2026, 10, 12, 14)),
    ],
)
def test_only_office_hours_count_where_headquarters_set_them(
    start: datetime, hours: int, due: datetime
) -> None:
    """A10: from 9 to 18 a day has nine hours; what is handed in at night begins in the morning."""
    assert OFFICE.after(start, hours) == due


@pytest.mark.parametrize(
    ("day", "count", "then"),
    [
        (date(2026, 11, 17), 0, date(2026, 11, 17)),
        (date(2026, 11, 21), 0, date(2026, 11, 23)),
        (date(2026, 11, 19), 2, date(2026, 11, 23)),
        (date(2026, 9, 29), 2, date(2026, 10, 9)),
        (date(2026, 10, 3), 2, date(2026, 10, 10)),
        (date(2026, 9, 25), 1, date(2026, 9, 27)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
    ],
)
def test_working_days_pass_over_holidays_and_through_make_up_days(
    day: date, count: int, then: date
) -> None:
    """A10: the days of the golden week are none, the make-up days are."""
    assert GOLDEN_WEEK.working_days_after(day, count) == then


def test_week_counts_from_its_day_on_when_it_changes() -> None:
    """A10: from November on Saturdays are worked; a day has the hours of its own time."""
    changed = Calendar(CHINA, (Week(), Week(date(2026, 11, 1), 0b0111111, 9, 18)))
    assert not changed.is_working(date(2026, 10, 31))
    assert changed.is_working(date(2026, 11, 7))
    assert changed.after(at(2026, 10, 30, 22), 5) == at(2026, 11, 2, 12)


def test_night_of_a_changed_clock_is_as_long_as_it_is() -> None:
    """T2: with headquarters in Warsaw, whose Sundays are worked, one has 25 hours and one 23."""
    always = Calendar(WARSAW, (Week(weekdays=0b1111111),))
    autumn = always.after(at(2026, 10, 24, 12, zone=WARSAW), 24)
    assert autumn == at(2026, 10, 25, 11, zone=WARSAW)
    spring = always.after(at(2027, 3, 27, 12, zone=WARSAW), 24)
    assert spring == at(2027, 3, 28, 13, zone=WARSAW)
    inside = always.after(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 1)
    assert inside.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert (inside.hour, inside.minute, inside.fold) == (2, 30, 1)


def test_changed_clock_moves_no_deadline_when_its_night_is_free() -> None:
    """T2: over the weekend of the change, Friday at noon leads to Monday at noon."""
    week = Calendar(WARSAW)
    for friday, monday in (((2026, 10, 23), (2026, 10, 26)), ((2027, 3, 26), (2027, 3, 29))):
        due = week.after(at(*friday, 12, zone=WARSAW), 24)
        assert due == at(*monday, 12, zone=WARSAW)
        assert due.utcoffset() != at(*friday, 12, zone=WARSAW).utcoffset()


def test_day_ends_with_its_last_second_when_a_promise_is_for_that_day() -> None:
    """T1: at headquarters, where in Kraków it is still the afternoon."""
    assert end_of(date(2026, 10, 31), CHINA) == at(2026, 10, 31, 16, 59, 59, zone=WARSAW)
    assert end_of(date(2026, 10, 31), CHINA) + timedelta(seconds=1) == at(2026, 11, 1)


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
HOURS = st.integers(1, 240)
WEEKS = st.builds(
    Week,
    weekdays=st.integers(1, 127),
    opens=st.integers(0, 12),
    closes=st.integers(13, 24),
)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    weeks = [draw(WEEKS)]
    for since in sorted(draw(st.sets(DAYS, max_size=2))):
        week = draw(WEEKS)
        weeks.append(Week(since, week.weekdays, week.opens, week.closes))
    exceptions = draw(st.dictionaries(DAYS, st.booleans(), max_size=30))
    return Calendar(draw(st.sampled_from([CHINA, WARSAW])), tuple(weeks), exceptions)


@given(calendars(), INSTANTS, INSTANTS, HOURS)
def test_later_start_never_gives_an_earlier_deadline(
    calendar: Calendar, one: datetime, other: datetime, hours: int
) -> None:
    """A10: whoever hands in first is answered first."""
    first, second = sorted((one, other))
    before = calendar.after(first, hours).astimezone(UTC)
    assert before <= calendar.after(second, hours).astimezone(UTC)
    assert before >= first + timedelta(hours=hours)


@given(calendars(), INSTANTS, HOURS, HOURS)
def test_hours_add_up(calendar: Calendar, start: datetime, some: int, more: int) -> None:
    """A10: some hours and then more are as long as both together; and more hours end later."""
    both = calendar.after(start, some + more).astimezone(UTC)
    assert calendar.after(calendar.after(start, some), more).astimezone(UTC) == both
    assert calendar.after(start, some).astimezone(UTC) < both


@given(calendars(), INSTANTS, HOURS)
def test_deadline_lies_in_working_time(calendar: Calendar, start: datetime, hours: int) -> None:
    """A10: nobody is due on a holiday or at night; the moment of closing is the last."""
    due = calendar.after(start, hours)
    assert due.tzinfo is calendar.zone
    just_before = (due.astimezone(UTC) - timedelta(seconds=1)).astimezone(calendar.zone)
    week = calendar.week(just_before.date())
    assert calendar.is_working(just_before.date())
    assert week.opens <= just_before.hour < week.closes


@given(calendars(), DAYS, DAYS, st.integers(1, 30), st.integers(1, 30))
def test_working_days_add_up_and_are_worked(
    calendar: Calendar, one: date, other: date, some: int, more: int
) -> None:
    """A10: a day that is promised is worked, and later days never give earlier ones."""
    then = calendar.working_days_after(one, some)
    assert calendar.is_working(then)
    assert (then - one).days >= some
    both = calendar.working_days_after(one, some + more)
    assert calendar.working_days_after(then, more) == both
    first, second = sorted((one, other))
    assert calendar.working_days_after(first, some) <= calendar.working_days_after(second, some)
