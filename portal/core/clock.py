"""Time (T1, T2): instants are aware; days and months are headquarters'.

A clock is passed in, so that a rule about time can be tested at any second. Its ``now`` is in
headquarters' zone: ``now.date()`` is the business day, ``Month.of(now)`` the business month.
"""

import unicodedata
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol, Self
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the time, in headquarters' zone."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def now(self) -> datetime:
        return datetime.now(self.zone)


class FixedClock:
    """A clock for tests and the demo: it stands until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> datetime:
        """Move on by a ``timedelta`` given in words (``days=3``) and return the new time."""
        self.at += timedelta(**by)
        return self.at


class Month(NamedTuple):
    """A calendar month; prints as ``2026-10``."""

    year: int
    number: int

    @classmethod
    def of(cls, when: date) -> Self:
        """The month of a day or of an instant (in the instant's own zone)."""
        return cls(when.year, when.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2026-10``; ValueError if it is not a month."""
        first = date.fromisoformat(f"{text}-01")
        return cls(first.year, first.month)

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    def plus(self, months: int) -> Self:
        """The month so many months later (or earlier, if negative)."""
        index = self.year * 12 + self.number - 1 + months
        return type(self)(index // 12, index % 12 + 1)

    def start(self, zone: ZoneInfo) -> datetime:
        """Its first instant in a zone."""
        return datetime(self.year, self.number, 1, tzinfo=zone)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


_SPELLINGS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y")


def parse_day(text: str) -> date:
    """Read a day as people type it: year first, or day first with a four-digit year.

    ValueError if it is no day. Whether the day makes sense is for the caller to say.
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace("年", "-").replace("月", "-")
    for spelling in _SPELLINGS:
        try:
            return datetime.strptime(plain.rstrip("日"), spelling).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise ValueError(text)
