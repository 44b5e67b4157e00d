"""Money, numbers, days and moments as a language writes them.

What is written is what Babel writes. Babel reads the language's patterns anew for every value,
which was most of what a list cost; a writer reads each pattern once.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    format_timedelta,
    get_datetime_format,
    get_day_names,
)
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
    get_decimal_symbol,
)
from babel.units import format_unit
from markupsafe import Markup

from portal.core.clock import Month

NOTHING = "–"
_UNITS = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)
"""A year, a month, a week and so on, in seconds."""
_NEARLY = 0.85
"""From this share of a unit on, a distance is told in that unit."""
_SAMPLE = re.compile(r"(.*?)1(\D*)000(?:\2)000(?:(\D+)0+)?(.*)")


class Writer:
    """Writes values in one language and currency, for whoever ``zone`` and ``now`` speak of."""

    FILTERS = (
        "money", "amount", "number", "percent", "listed", "day", "weekday", "month", "moment",
        "ago", "at_headquarters",
    )  # fmt: skip

    def __init__(
        self, code: str, currency: str, *, zone: Callable[[], ZoneInfo], now: Callable[[], datetime]
    ) -> None:
        self.locale = Locale.parse(code.replace("-", "_"))
        self.zone, self.now = zone, now
        self.exponent = get_currency_precision(currency)
        self._minor = 10**self.exponent
        self._positive, self._negative = (
            _pattern(format_currency(sample, currency, locale=self.locale))
            for sample in (1_000_000, -1_000_000)
        )
        self._number = _pattern(format_decimal(1_000_000, locale=self.locale))
        self.has_decimal_comma = get_decimal_symbol(self.locale) == ","
        self._both = str(get_datetime_format("medium", locale=self.locale)).replace("'", "")
        # Days, minutes and distances come again and again; the bounds are a few hundred KB.
        self._day = lru_cache(4096)(self._day)  # type: ignore[method-assign]
        self._minute = lru_cache(1440)(self._minute)  # type: ignore[method-assign]
        self._distance = lru_cache(1024)(self._distance)  # type: ignore[method-assign]

    def money(self, amount: int | None) -> str:
        """Minor units in the reader's way of writing: ``CN¥1,234.50``."""
        if amount is None:
            return NOTHING
        head, group, point, tail = self._positive if amount >= 0 else self._negative
        whole, rest = divmod(abs(amount), self._minor)
        text = f"{head}{whole:,}" if group == "," else f"{head}{whole:,}".replace(",", group)
        return f"{text}{point}{rest:0{self.exponent}d}{tail}" if point else text + tail

    def amount(self, amount: int | None) -> str:
        """Minor units as somebody would type them, for a form: ``1234.50``."""
        if amount is None:
            return ""
        whole, rest = divmod(abs(amount), self._minor)
        sign = "-" if amount < 0 else ""
        return f"{sign}{whole}.{rest:0{self.exponent}d}" if self.exponent else f"{sign}{whole}"

    def number(self, value: int) -> str:
        """A whole number, grouped."""
        return f"{value:,}".replace(",", self._number[1])

    def span(self, count: int, unit: str) -> str:
        """A length of time, its unit ``hour``, ``day``, ``month`` or ``year``: ``14 days``."""
        # Babel has no long words for Chinese, which has but one for each unit.
        length: Any = "short" if self.locale.language == "zh" else "long"
        return str(format_unit(count, f"duration-{unit}", length, locale=self.locale))

    def listed(self, words: Iterable[Any]) -> str:
        """Words one after the other: ``Mon, Tue``."""
        return ("、" if self.locale.language == "zh" else ", ").join(map(str, words))

    def hundredths(self, value: int) -> str:
        """A number of hundredths in the reader's way of writing, as it is typed: ``0.5``."""
        return str(format_decimal(Decimal(value) / 100, locale=self.locale, group_separator=False))

    def percent(self, basis_points: int) -> str:
        """Hundredths of a percent in the reader's way of writing: ``0.5%``."""
        share = Decimal(basis_points) / 10_000
        return str(format_percent(share, locale=self.locale, decimal_quantization=False))

    def day(self, value: date | None) -> str:
        """A day in the reader's way of writing."""
        if value is None:
            return NOTHING
        return self._day(
            value.astimezone(self.zone()).date() if isinstance(value, datetime) else value
        )

    def weekday(self, number: int) -> str:
        """The short name of a weekday, Monday being 0."""
        return str(get_day_names("abbreviated", "stand-alone", locale=self.locale)[number])

    def month(self, value: str) -> str:
        """``2026-10`` as ``October 2026``."""
        return str(format_skeleton("yMMMM", Month.parse(value).first, locale=self.locale))

    def moment(self, value: datetime | None) -> str | Markup:
        """An instant in the reader's zone, as a ``time`` element."""
        if value is None:
            return NOTHING
        return _element(f'<time datetime="{_in_html(value)}">{self.instant(value)}</time>')

    def ago(self, value: datetime | None) -> str | Markup:
        """How far an instant is from now: ``3 hours ago``, ``in 2 days``."""
        if value is None:
            return NOTHING
        distance = self._distance(_rounded(value - self.now()))
        return _element(
            f'<time datetime="{_in_html(value)}" title="{self.instant(value)}">{distance}</time>'
        )

    def at_headquarters(self, value: datetime) -> str:
        """An instant in headquarters' zone, where that is another time than the reader's (T1)."""
        hq = value.astimezone(self.now().tzinfo)
        same = hq.utcoffset() == value.astimezone(self.zone()).utcoffset()
        return "" if same else self.instant(value, hq.tzinfo)

    def instant(self, value: datetime, zone: tzinfo | None = None) -> str:
        """An instant in a zone, the reader's unless told otherwise, as plain text."""
        at = value.astimezone(zone or self.zone())
        head, tail = self._minute(at.hour, at.minute)
        clock = f"{head}{at.second:02}{tail}"
        return self._both.replace("{0}", clock).replace("{1}", self._day(at.date()))

    def _day(self, value: date) -> str:
        return str(format_date(value, "medium", locale=self.locale))

    def _minute(self, hour: int, minute: int) -> tuple[str, str]:
        """A time of day, before and after its seconds."""
        text = format_time(time(hour, minute, tzinfo=UTC), "medium", tzinfo=UTC, locale=self.locale)
        head, _seconds, tail = text.rpartition("00")
        return head, tail

    def _distance(self, seconds: int) -> str:
        delta = timedelta(seconds=seconds)
        return format_timedelta(delta, add_direction=True, threshold=1, locale=self.locale)


def _in_html(value: datetime) -> str:
    """An instant as HTML takes it: it knows no smaller part of a second than a millisecond."""
    return value.isoformat(timespec="milliseconds" if value.microsecond else "auto")


def _element(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - made of Babel's words and of digits


def _rounded(delta: timedelta) -> int:
    """A distance as it is told, in whole years, or months, or weeks and so on; in seconds."""
    seconds = delta.days * 86400 + delta.seconds
    unit = next((unit for unit in _UNITS if abs(seconds) >= _NEARLY * unit), 1)
    return (1 if seconds >= 0 else -1) * round(abs(seconds) / unit) * unit


def _pattern(sample: str) -> tuple[str, str, str, str]:
    """What stands before, between the groups, at the decimal point and behind, in 1,000,000.00."""
    parts = _SAMPLE.fullmatch(sample)
    if parts is None:
        raise ValueError(f"cannot see how {sample!r} is written")
    return parts[1], parts[2], parts[3] or "", parts[4]
