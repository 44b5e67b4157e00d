"""Names as they were when a run closed, so that its papers say the same for ever (R8)."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Line


class RunDealer(Base):
    """A dealer with claims in a run."""

    __tablename__ = "claim_run_dealer"

    run_id: Mapped[int] = mapped_column(ForeignKey("claim_run.id"), primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[Line]
    address: Mapped[Line]
    city: Mapped[Line]


class RunPart(Base):
    """A part of which old ones were claimed in a run."""

    __tablename__ = "claim_run_part"

    run_id: Mapped[int] = mapped_column(ForeignKey("claim_run.id"), primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("part.id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(60))
    name: Mapped[Line]
    name_zh: Mapped[Line]
    name_pl: Mapped[Line]
