"""Numbers that people see (A2): readable, per dealer and year, without holes."""

from datetime import datetime

from sqlalchemy import Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, session


class NumberSeries(Base):
    """The last number given in a series."""

    __tablename__ = "number_series"

    prefix: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


_NEXT = text(
    "INSERT INTO number_series (prefix, last) VALUES (:prefix, 1) "
    "ON CONFLICT (prefix) DO UPDATE SET last = number_series.last + 1 RETURNING last"
)


def next_number(letters: str, dealer_code: str, now: datetime, *, digits: int = 5) -> str:
    """The next number of a dealer's series in headquarters' year: ``PA-2026-D0123-00042``.

    Taken inside the caller's transaction: rolled back with it, so there are no holes.
    """
    prefix = f"{letters}-{now.year}-{dealer_code}"
    last = session.execute(_NEXT, {"prefix": prefix}).scalar_one()
    return f"{prefix}-{last:0{digits}d}"
