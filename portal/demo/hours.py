"""When people are at work: in their own zone, not at night, on Sundays or on holidays."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

CHINA = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3), (10, 4), (10, 5), (10, 6),
                   (10, 7)})  # fmt: skip
POLAND = frozenset({(1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 24), (12, 25),
                    (12, 26)})  # fmt: skip
"""Holidays that are on the same day every year: month and day."""


@dataclass(frozen=True)
class Hours:
    """A company's working hours; what it gives is in headquarters' zone (T1)."""

    zone: ZoneInfo
    hq: ZoneInfo
    opens: time
    closes: time
    workdays: int
    holidays: frozenset[tuple[int, int]]

    def is_workday(self, day: date) -> bool:
        """Whether the company is open on that day."""
        return day.weekday() < self.workdays and (day.month, day.day) not in self.holidays

    def on(self, day: date, rng: Random) -> datetime:
        """Some moment of a day's working hours."""
        opens = datetime.combine(day, self.opens, self.zone)
        length = datetime.combine(day, self.closes, self.zone) - opens
        return (opens + length * rng.random()).replace(microsecond=0).astimezone(self.hq)

    def later(self, after: datetime, days: int, rng: Random) -> datetime:
        """Some moment so many working days later; with 0 days within the next working hours."""
        if days == 0:
            soon = after + timedelta(seconds=rng.randint(400, 6000))
            if self._is_open(soon):
                return soon
        day = after.astimezone(self.zone).date()
        for _day in range(max(1, days)):
            day = self._next(day, 1)
        return self.on(day, rng)

    def _is_open(self, when: datetime) -> bool:
        there = when.astimezone(self.zone)
        return self.is_workday(there.date()) and self.opens <= there.time() < self.closes

    def _next(self, day: date, step: int) -> date:
        day += timedelta(days=step)
        while not self.is_workday(day):
            day += timedelta(days=step)
        return day

    def before(self, end: datetime, days: int, rng: Random) -> datetime:
        """Some moment so many working days before the day of ``end``, in any case earlier."""
        day = end.astimezone(self.zone).date()
        for _day in range(max(1, days)):
            day = self._next(day, -1)
        return self.on(day, rng)

    def anywhere(self, start: datetime, end: datetime, rng: Random) -> datetime:
        """Some moment of the working hours between two instants."""
        when = start + (end - start) * rng.random()
        day = when.astimezone(self.zone).date()
        return self.on(day if self.is_workday(day) else self._next(day, 1), rng)


def headquarters(hq: ZoneInfo) -> Hours:
    """Monday to Friday, nine to six."""
    return Hours(hq, hq, time(9), time(18), 5, CHINA)


def dealers(zone: str, country: str, hq: ZoneInfo) -> Hours:
    """In China also on Saturdays; in Poland from eight to four."""
    if country == "PL":
        return Hours(ZoneInfo(zone), hq, time(8), time(16), 5, POLAND)
    return Hours(ZoneInfo(zone), hq, time(8, 30), time(17, 30), 6, CHINA)
