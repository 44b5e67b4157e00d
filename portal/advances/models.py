"""Requests for advance compensation (S4)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.advances.workflow import ADVANCE
from portal.core.db import Base, Line, Money
from portal.core.documents import Document
from portal.core.personal import Personal


class Advance(Document, Personal, Base):
    """What a dealer asks to pay a customer first, and to claim back (S4, R1).

    ``asked`` is what the dealer asks for and ``approved`` what may be paid at most, in minor units:
    above zero once it is approved, and never changed then. ``old_part_id`` is a piece of the
    dealer's own that it is about, if there is one.
    """

    __tablename__ = "advance"
    __table_args__ = (
        CheckConstraint("asked > 0", name="asked"),
        CheckConstraint(
            "approved BETWEEN 0 AND asked AND (status <> 'approved' OR approved > 0)",
            name="decision",
        ),
        Index("ix_advance_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_advance_created_at_id", "created_at", "id"),
        Index("ix_advance_status_created_at_id", "status", "created_at", "id"),
        Index(
            "ix_advance_dealer_id_status_created_at_id",
            *("dealer_id", "status", "created_at", "id"),
        ),
    )
    kind = "advance"
    workflow = ADVANCE

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    product_model: Mapped[Line] = mapped_column(default="")
    product_serial: Mapped[Line] = mapped_column(default="")
    old_part_id: Mapped[int | None] = mapped_column(ForeignKey("old_part.id"))
    what_happened: Mapped[str]
    asked: Mapped[Money]
    approved: Mapped[Money] = mapped_column(default=0)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]

    @property
    def title(self) -> str:
        return self.number
