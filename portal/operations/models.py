"""What an installation is once and for all, which workers are alive, and what checks found."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base


class Fact(Base):
    """A setting that must not change once there is money: its name, and what it was then."""

    __tablename__ = "installation"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[str] = mapped_column(String(60))


class Pulse(Base):
    """A worker, as ``host/process/…``, and when it last went its round."""

    __tablename__ = "pulse"

    worker: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime]


class BookCheck(Base):
    """What the last check of a kind found: how many differences, and the first of them in words.

    ``since`` is when they were first seen; None while there are none.
    """

    __tablename__ = "book_check"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    checked_at: Mapped[datetime]
    differences: Mapped[int] = mapped_column(Integer)
    found: Mapped[dict[str, Any]]
    since: Mapped[datetime | None]
