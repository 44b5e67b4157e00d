"""Reads of the working calendar: what was declared, and a year as a page shows it."""

import calendar as months
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from portal.core.clock import Month
from portal.core.db import rows
from portal.terms.calendar import Calendar, Span
from portal.terms.models import CalendarDay


@dataclass(frozen=True)
class ShownDay:
    """A day of a month's grid; ``kind`` is empty for a usual one, else off, closed or works."""

    number: int
    kind: str
    name: str
    is_today: bool


@dataclass(frozen=True)
class ShownMonth:
    """A month's weeks from Monday on, None where a day is another month's, and its spans."""

    name: str
    is_now: bool
    weeks: list[list[ShownDay | None]]
    spans: list[Span]


def declared(first: date, last: date) -> list[Span]:
    """What was declared between two days, in order; days in a row of one name are one span."""
    found: list[Span] = []
    statement = select(CalendarDay.day, CalendarDay.name, CalendarDay.works).where(
        CalendarDay.day.between(first, last)
    )
    for day, name, works in rows(statement.order_by(CalendarDay.day)):
        before = found[-1] if found else None
        if (
            before
            and (before.name, before.works) == (name, works)
            and (day - before.last).days == 1
        ):
            found[-1] = replace(before, last=day)
        else:
            found.append(Span(day, day, name, works))
    return found


def year(calendar: Calendar, number: int, spans: list[Span], today: date) -> list[ShownMonth]:
    """The twelve months of a year; ``calendar`` has the exceptions from its beginning on."""
    names = {day: span for span in spans for day in span.days}

    def shown(day: date, month: int) -> ShownDay | None:
        if day.month != month:
            return None
        span = names.get(day)
        kind = "" if calendar.is_working(day) else "off"
        if span:
            kind = "works" if span.works else "closed"
        return ShownDay(day.day, kind, span.name if span else "", day == today)

    def weeks(month: int) -> list[list[ShownDay | None]]:
        grid = months.Calendar().monthdatescalendar(number, month)
        return [[shown(day, month) for day in week] for week in grid]

    return [
        ShownMonth(
            str(Month(number, month)),
            (number, month) == (today.year, today.month),
            weeks(month),
            [span for span in spans if span.first.month <= month <= span.last.month],
        )
        for month in range(1, 13)
    ]
