"""What a cell means. Each parser takes a cell's text and gives None for one that is blank.

A cell that cannot be understood raises Invalid with a sentence for the person.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from portal.core import money
from portal.core.errors import Invalid
from portal.core.i18n import _, ngettext

_NOTHING = {"", "-", "–", "—", "null", "none", "nil", "n/a"}
_CURRENCIES = {
    "¥": {"CNY", "JPY"}, "元": {"CNY"}, "RMB": {"CNY"}, "CNY": {"CNY"}, "ZŁ": {"PLN"},
    "PLN": {"PLN"}, "€": {"EUR"}, "EUR": {"EUR"}, "$": {"USD"}, "USD": {"USD"}, "£": {"GBP"},
}  # fmt: skip
_MONTHS = {
    name: month
    for month, names in enumerate(
        ("jan sty", "feb lut", "mar", "apr kwi", "may maj", "jun cze",
         "jul lip", "aug sie", "sep wrz", "oct paz", "nov lis", "dec gru"), 1)
    for name in names.split()
}  # fmt: skip
_TIME = r"[T ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*[AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$"


class Amount(NamedTuple):
    """Money in minor units, and a sentence if it is not exactly what the cell said."""

    minor: int
    note: str | None


def _shown(cell: str) -> str:
    return cell if len(cell) <= 40 else cell[:39] + "…"


def _plain(cell: str) -> str:
    """The cell in half width and without blanks around it, "" if it says that there is nothing."""
    plain = (cell if cell.isascii() else unicodedata.normalize("NFKC", cell)).strip()
    return "" if plain.casefold() in _NOTHING else plain


def text(cell: str, most: int) -> str | None:
    """One line of text of at most ``most`` characters, with single blanks between its words."""
    line = " ".join(unicodedata.normalize("NFC", cell).split())
    if not line.isprintable() and any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in line):
        raise Invalid(_("“%(text)s” contains control characters.", text=_shown(repr(line)[1:-1])))
    if len(line) > most:
        raise Invalid(
            ngettext(
                "This text has %(length)d characters; at most %(num)d is possible.",
                "This text has %(length)d characters; at most %(num)d are possible.",
                most,
                length=len(line),
            )
        )
    return line or None


def word(cell: str, most: int) -> str | None:
    """As ``text``, but None also for what says that there is nothing: NULL, n/a, a dash."""
    return text(cell, most) if _plain(cell) else None


def _decimal(cell: str) -> Decimal:
    """ValueError if the cell is not a number."""
    if len(cell) > 40:
        raise ValueError(cell)
    return money.to_decimal(cell)


def whole_number(cell: str, least: int = 0, most: int = 1_000_000) -> int | None:
    """A whole number from ``least`` to ``most``; 12.0 is 12."""
    plain = _plain(cell)
    if not plain:
        return None
    try:
        number = _decimal(plain)
    except ValueError:
        number = Decimal("0.5")  # no whole number either
    if number != number.to_integral_value():
        raise Invalid(_("“%(text)s” is not a whole number.", text=_shown(cell)))
    if not least <= number <= most:
        raise Invalid(
            _("%(text)s is not between %(least)d and %(most)d.",
              text=_shown(cell), least=least, most=most)
        )  # fmt: skip
    return int(number)


def amount(cell: str, exponent: int = 2, currency: str | None = None) -> Amount | None:
    """Money in minor units of a currency with ``exponent`` decimals, however it is written.

    More decimals are rounded half-up, once, with a note (L1); and so has 1.200 one, which might be
    meant as twelve hundred. Invalid if it is no number, negative,
    larger than any amount can be, or names another currency than ``currency`` (CNY, PLN).
    """
    plain = _plain(cell)
    if not plain:
        return None
    for sign, codes in _CURRENCIES.items():
        if currency and currency not in codes and sign in plain.upper():
            raise Invalid(
                _("“%(text)s” is not an amount in %(currency)s.",
                  text=_shown(cell), currency=currency)
            )  # fmt: skip
    try:
        given = _decimal(plain)
    except ValueError:
        raise Invalid(_("“%(text)s” is not an amount of money.", text=_shown(cell))) from None
    if given < 0:
        raise Invalid(_("An amount cannot be negative."))
    if given.scaleb(exponent) > money.LARGEST:
        raise Invalid(_("This amount is too large."))
    minor = money.half_up(given.scaleb(exponent))
    rounded = money.to_major(minor, exponent)
    if rounded == given:
        is_clear = money.decimals(given) != 3 or given < 1
        told = _("“%(text)s” is read as %(rounded)s.", text=_shown(cell), rounded=f"{rounded:f}")
        return Amount(minor, None if is_clear else told)
    return Amount(
        minor,
        _("Rounded from %(given)s to %(rounded)s.", given=f"{given:f}", rounded=f"{rounded:f}"),
    )


_EITHER = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4}|\d{2})")
"""A day of which either number may be the month."""


def says_day_first(cells: Iterable[str]) -> bool | None:
    """Whether a column of days like 05/03/2025 has the day before the month; None if none tells.

    One that can only be read one way tells it of all.
    """
    for cell in cells:
        found = _EITHER.fullmatch(re.sub(_TIME, "", _plain(cell)[:60]))
        if found and max(int(found[1]), int(found[3])) > 12:
            return int(found[1]) > 12
    return None


def day(cell: str, earliest: date, latest: date, *, day_first: bool | None = None) -> date | None:
    """A day from ``earliest`` to ``latest``, in any usual spelling; a time of day is dropped.

    2025-03-05, 2025/3/5, 2025年3月5日, 20250305, 05.03.2025, 5-Mar-25, 5 marca 2025, 45721 (Excel).
    With slashes or dashes 5 and 3 may each be the month: Invalid, unless only one is possible or
    ``day_first`` tells.
    """
    plain = _plain(cell)
    if not plain:
        return None
    try:
        found = _day(re.sub(_TIME, "", plain[:60]), latest, day_first)
    except (ValueError, OverflowError):
        raise Invalid(
            _("“%(text)s” is not a date. Dates look like this: 2025-03-31.", text=_shown(cell))
        ) from None
    if not earliest <= found <= latest:
        raise Invalid(
            _("“%(text)s” is not between %(earliest)s and %(latest)s.",
              text=_shown(cell), earliest=earliest.isoformat(), latest=latest.isoformat())
        )  # fmt: skip
    return found


def _day(plain: str, latest: date, day_first: bool | None) -> date:
    number, year = r"(\d{1,2})", r"(\d{4}|\d{2})"
    if found := re.fullmatch(rf"(\d{{4}})\s*[-/.年]\s*{number}\s*[-/.月]\s*{number}\s*日?", plain):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if found := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", plain):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if found := re.fullmatch(r"(\d{5})(?:\.\d+)?", plain):
        return date(1899, 12, 30) + timedelta(days=int(found[1]))
    if found := re.fullmatch(rf"{number}\.\s*{number}\.\s*{year}", plain):
        return date(_year(found[3], latest), int(found[2]), int(found[1]))
    if found := _EITHER.fullmatch(plain):
        one, other = int(found[1]), int(found[3])
        if one <= 12 and other <= 12 and one != other:
            if day_first is not None:
                return date(_year(found[4], latest), *((other, one) if day_first else (one, other)))
            raise Invalid(
                _(
                    "“%(text)s” may be one of two days. Dates look like this: 2025-03-31.",
                    text=plain,
                )
            )
        return date(_year(found[4], latest), min(one, other), max(one, other))
    if found := re.fullmatch(rf"{number}[-./ ]*([^\W\d_]{{3,12}})[-./, ]*{year}", plain):
        return date(_year(found[3], latest), _month(found[2]), int(found[1]))
    if found := re.fullmatch(rf"([^\W\d_]{{3,9}})\.? *{number},? +{year}", plain):
        return date(_year(found[3], latest), _month(found[1]), int(found[2]))
    raise ValueError(plain)


def _month(name: str) -> int:
    ascii_name = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    if ascii_name[:3] not in _MONTHS:
        raise ValueError(name)
    return _MONTHS[ascii_name[:3]]


def _year(digits: str, latest: date) -> int:
    """Two digits mean the last such year that is not after ``latest``."""
    if len(digits) == 4:
        return int(digits)
    year = latest.year - latest.year % 100 + int(digits)
    return year if year <= latest.year else year - 100
