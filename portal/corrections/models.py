"""A correction of a dealer's account by hand: an adjustment, or a penalty (L8, F3)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Money
from portal.core.documents import Document
from portal.corrections.workflow import CORRECTION

ADJUSTMENT, PENALTY = "adjustment", "penalty"


class Correction(Document, Base):
    """What one of finance asks to be booked, and another one books (L8).

    ``sort`` is ``adjustment`` or ``penalty``. ``amount`` is in minor units, above zero where the
    dealer gets it, below where the dealer pays, as for every penalty. A penalty is announced: the
    dealer may answer until ``answer_by`` (F3).
    """

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(
            "sort = 'adjustment' OR (sort = 'penalty' AND amount < 0 AND answer_by IS NOT NULL)",
            name="sort",
        ),
        Index("ix_correction_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_correction_created_at_id", "created_at", "id"),
        Index("ix_correction_status_created_at_id", "status", "created_at", "id"),
    )
    kind = "correction"
    workflow = CORRECTION

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    sort: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Money]
    reason: Mapped[str]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    answer_by: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(default="")

    @property
    def title(self) -> str:
        return self.number

    @property
    def is_penalty(self) -> bool:
        return self.sort == PENALTY
