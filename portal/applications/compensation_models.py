"""What a dealer gets for a shipment that left later than promised (A9)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.applications.compensation_workflow import COMPENSATION
from portal.core.db import Base, Money
from portal.core.documents import Document


class Compensation(Document, Base):
    """The compensation for one late shipment, with all that it was worked out from.

    ``rate`` and ``most`` are basis points of ``late_amount``: for each late day, and in all.
    Without a decision it is booked once ``due_at`` has passed.
    """

    __tablename__ = "compensation"
    __table_args__ = (
        CheckConstraint("amount > 0 AND late_amount > 0", name="amounts"),
        CheckConstraint("late_days > 0 AND rate > 0 AND most > 0", name="computation"),
        Index("ix_compensation_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_compensation_created_at_id", "created_at", "id"),
        Index("ix_compensation_application_id", "application_id"),
        Index("ix_compensation_status_due_at", "status", "due_at"),
        Index("ix_compensation_status_created_at_id", "status", "created_at", "id"),
        Index(
            "ix_compensation_dealer_id_status_created_at_id",
            "dealer_id",
            "status",
            "created_at",
            "id",
        ),
    )
    kind = "compensation"
    workflow = COMPENSATION

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), unique=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    promised_on: Mapped[date]
    shipped_on: Mapped[date]
    late_days: Mapped[int] = mapped_column(Integer)
    late_amount: Mapped[Money]
    rate: Mapped[int] = mapped_column(Integer)
    most: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Money]
    due_at: Mapped[datetime | None]

    @property
    def title(self) -> str:
        return self.number

    @property
    def share(self) -> int:
        """The basis points that were paid: those of all late days, up to the most."""
        return min(self.late_days * self.rate, self.most)
