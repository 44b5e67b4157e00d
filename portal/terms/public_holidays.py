"""Public holidays, and the days that make up for them, as a library of the world's knows them.

They are a proposal: nothing counts before the administrator has taken it over (A10).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from typing import Any

import holidays

from portal.terms.calendar import Span

_DAY = timedelta(days=1)
_OBSERVED = re.compile(r"\s*([(（](observed|estimated|补假)[)）])")
_MADE_UP_ON = re.compile(r"\d{4}-\d\d-\d\d")
LANGUAGES = {"CN": "zh_CN", "PL": "pl"}
"""The countries that we have holidays of, and the language that each writes them in."""
LIBRARY = f"holidays {version('holidays')}"


@dataclass(frozen=True)
class Proposal:
    """A country's holidays of a year, in order; ``is_complete`` unless make-up days are unknown."""

    country: str
    year: int
    spans: list[Span]
    is_complete: bool


def proposal(country: str, year: int) -> Proposal:
    """The holidays of a country in a year; KeyError for one that we have none of.

    China's State Council says each autumn which days of the next year make up for holidays: of
    a year that the library does not know them of, only the holidays of the law are proposed.
    """
    language = LANGUAGES[country]
    own: Any = holidays.country_holidays(country, years=year, language=language)
    english: Any = holidays.country_holidays(country, years=year, language="en_US")
    if country != "CN":
        spans = [_named(day, day, own, english) for day in sorted(own)]
        return Proposal(country, year, spans, is_complete=True)
    made_up = {day for day in own.weekend_workdays if day.year == year}
    free = [_named(first, last, own, english) for first, last in _runs(own, made_up, year)]
    works = [_made_up(day, free, own) for day in sorted(made_up)]
    spans = sorted(free + works, key=lambda span: span.first)
    return Proposal(country, year, spans, is_complete=bool(made_up))


def _runs(own: Mapping[date, str], made_up: set[date], year: int) -> Iterator[tuple[date, date]]:
    """Days off in a row with a holiday among them, the weekends beside them included."""

    def is_free(day: date) -> bool:
        return day in own or (day.weekday() >= 5 and day not in made_up)

    day = date(year, 1, 1)
    while day.year == year:
        first = day
        while day.year == year and is_free(day):
            day += _DAY
        if any(first + n * _DAY in own for n in range((day - first).days)):
            yield first, day - _DAY
        day += _DAY


def _named(first: date, last: date, own: Mapping[date, str], english: Mapping[date, str]) -> Span:
    """A holiday under what it is called there and in English."""
    span = Span(first, last, "", works=False)
    names = [_called(said, span) for said in (own, english)]
    return Span(first, last, " ".join(dict.fromkeys(names)), works=False)


def _called(said: Mapping[date, str], span: Span) -> str:
    """The holidays of some days by name; those that were only moved there have none."""
    names = [
        _OBSERVED.sub("", name)
        for day in span.days
        for name in said.get(day, "").split("; ")
        if name and not re.search(r"\d", name)
    ]
    return ", ".join(dict.fromkeys(names))


def _made_up(day: date, free: list[Span], own: Mapping[date, str]) -> Span:
    """A worked weekend day, by the holiday that it makes up for."""
    off = {
        date.fromisoformat(found[0]): moved
        for moved, name in own.items()
        if (found := _MADE_UP_ON.search(name))
    }
    for span in free:
        if off.get(day) in span.days:
            return Span(day, day, f"调休上班 Made up for: {span.name}", works=True)
    return Span(day, day, "调休上班 Made up", works=True)
