"""What an installation is once and for all, and which workers are alive."""

from datetime import datetime

from sqlalchemy import String
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
