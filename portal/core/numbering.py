"""Numbers that people see (A2): readable, per dealer and year, without holes."""

from collections.abc import Collection
from datetime import datetime
from functools import cache

from sqlalchemy import Integer, String, TextClause, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, session


class NumberSeries(Base):
    """The last number given in a series."""

    __tablename__ = "number_series"

    prefix: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


@cache
def _next(count: int) -> TextClause:
    # In the order of their keys, so that two who need the same ones wait and do not deadlock.
    rows = ", ".join(f"(:prefix{at}, 1)" for at in range(count))
    return text(
        f"INSERT INTO number_series (prefix, last) VALUES {rows} "  # noqa: S608
        "ON CONFLICT (prefix) DO UPDATE SET last = number_series.last + 1 RETURNING prefix, last"
    )


_SEVERAL = text(
    "INSERT INTO number_series (prefix, last) VALUES (:prefix, :count) "
    "ON CONFLICT (prefix) DO UPDATE SET last = number_series.last + :count RETURNING last"
)


def next_number(letters: str, dealer_code: str, now: datetime, *, digits: int = 5) -> str:
    """The next number of a dealer's series in headquarters' year: ``PA-2026-D0123-00042``.

    Taken inside the caller's transaction: rolled back with it, so there are no holes.
    """
    return next_numbers(letters, [dealer_code], now, digits=digits)[dealer_code]


def next_numbers(
    letters: str, dealer_codes: Collection[str], now: datetime, *, digits: int = 5
) -> dict[str, str]:
    """The next number of each of some dealers' series, by the dealer's code; one statement."""
    codes = sorted(dealer_codes)
    series = {f"{letters}-{now.year}-{code}": code for code in codes}
    places = {f"prefix{at}": prefix for at, prefix in enumerate(series)}
    found = session.execute(_next(len(codes)), places)
    return {series[prefix]: f"{prefix}-{last:0{digits}d}" for prefix, last in found}


def numbers_in_a_row(
    letters: str, dealer_code: str, now: datetime, count: int, *, digits: int = 5
) -> list[str]:
    """The next numbers of a dealer's series, so many; like ``next_number``, in one statement."""
    prefix = f"{letters}-{now.year}-{dealer_code}"
    last = session.execute(_SEVERAL, {"prefix": prefix, "count": count}).scalar_one()
    return [f"{prefix}-{number:0{digits}d}" for number in range(last - count + 1, last + 1)]
