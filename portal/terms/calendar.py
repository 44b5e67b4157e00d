"""Headquarters' working calendar (A10, T1): when its people are at work, and what follows from it.

A weekly pattern, from policy values, and exceptions by day: holidays, and days that are worked to
make up for them. As long as no hours are set, a working day has all of its 24 hours, so that 24
working hours end at the same time of the next working day; where headquarters sets narrower ones,
such as 9 to 18, only these count. An hour is an hour of real time: the night on which a clock is
changed makes a day shorter or longer, and moves no deadline of those who were not at work in it.

A deadline that was given stays: what changes in the calendar counts for those given afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import Integer, cast, literal, select, union_all

from portal.core.db import Key, session
from portal.terms.models import CalendarDay, PolicyValue
from portal.terms.values import TERMS

WEEKDAYS, OPENS, CLOSES = "calendar.weekdays", "calendar.opens", "calendar.closes"
_DAY = timedelta(days=1)
_EXCEPTION = "exception"


@dataclass(frozen=True)
class Week:
    """The weekly pattern from a day on.

    ``weekdays`` has a bit for each working day, the lowest for Monday; at least one is set. Work
    is from the hour ``opens`` until the hour ``closes``, which is the later one.
    """

    since: date = date.min
    weekdays: int = TERMS[WEEKDAYS].default
    opens: int = TERMS[OPENS].default
    closes: int = TERMS[CLOSES].default


@dataclass(frozen=True)
class Calendar:
    """The weekly patterns in order, the first without a beginning, and the days that differ.

    ``exceptions`` says of a day whether it is worked.
    """

    zone: tzinfo
    weeks: tuple[Week, ...] = (Week(),)
    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def week(self, day: date) -> Week:
        """The pattern that is in force on a day."""
        return next(week for week in reversed(self.weeks) if week.since <= day)

    def is_working(self, day: date) -> bool:
        """Whether headquarters works on a day."""
        usual = bool(self.week(day).weekdays >> day.weekday() & 1)
        return self.exceptions.get(day, usual)

    def working_days_after(self, day: date, count: int) -> date:
        """The working day so many working days after a day, which itself does not count.

        With 0 it is the day itself, or the next working day where it is none.
        """
        if count == 0 and self.is_working(day):
            return day
        for _step in range(max(1, count)):
            day += _DAY
            while not self.is_working(day):
                day += _DAY
        return day

    def after(self, start: datetime, hours: int) -> datetime:
        """When so many working hours (above zero) have passed since ``start``: in HQ's zone.

        It lies in working time, the moment of closing included.
        """
        since, left = start.astimezone(UTC), timedelta(hours=hours)
        day = start.astimezone(self.zone).date()
        while True:
            opens, closes = self._hours(day)
            begins = max(opens, since)
            if self.is_working(day) and begins < closes:
                if closes - begins >= left:
                    return (begins + left).astimezone(self.zone)
                left -= closes - begins
            day += _DAY

    def _hours(self, day: date) -> tuple[datetime, datetime]:
        """Opening and closing of a day, in UTC: in a zone's own time, hours are not comparable."""
        week = self.week(day)
        opens = datetime.combine(day, time(week.opens), self.zone)
        until = (day + _DAY, time()) if week.closes == 24 else (day, time(week.closes))
        return opens.astimezone(UTC), datetime.combine(*until, self.zone).astimezone(UTC)


@dataclass(frozen=True)
class Span:
    """Some days in a row that differ from the weekly pattern, by their name."""

    first: date
    last: date
    name: str
    works: bool

    @property
    def days(self) -> list[date]:
        return [self.first + n * _DAY for n in range((self.last - self.first).days + 1)]


def end_of(day: date, zone: tzinfo | None) -> datetime:
    """The last second of a day in headquarters' zone (T1)."""
    return datetime.combine(day, time(23, 59, 59), zone)


def load(now: datetime, since: date | None = None) -> Calendar:
    """The calendar as it stands, with the exceptions from a day on (default today); one query.

    ``now`` is in headquarters' zone, which becomes the calendar's.
    """
    assert now.tzinfo is not None
    changes = select(
        PolicyValue.name, PolicyValue.effective_from, PolicyValue.value, PolicyValue.id
    ).where(PolicyValue.name.in_((WEEKDAYS, OPENS, CLOSES)), PolicyValue.status == "approved")
    days = select(
        literal(_EXCEPTION), CalendarDay.day, cast(CalendarDay.works, Integer), literal(0, Key)
    ).where(CalendarDay.day >= (since or now.date()))
    rows = session.execute(union_all(changes, days).order_by("effective_from", "id")).all()
    weeks, exceptions = [Week()], {}
    for name, day, number, _id in rows:
        if name == _EXCEPTION:
            exceptions[day] = bool(number)
        else:
            changed: dict[str, int] = {name.removeprefix("calendar."): number}
            weeks.append(replace(weeks[-1], since=day, **changed))
    return Calendar(now.tzinfo, tuple(weeks), exceptions)
