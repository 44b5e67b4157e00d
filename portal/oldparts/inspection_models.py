"""What the warehouse found when it looked at an old part (O8)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base
from portal.core.i18n import _l

DEALER, HEADQUARTERS = "dealer", "headquarters"
PAYERS = {DEALER: _l("The dealer"), HEADQUARTERS: _l("Headquarters")}
"""Who pays for a piece that failed: the dealer is not reimbursed, or is all the same."""


class Inspection(Base):
    """The inspection of one piece, of which there is one, ever.

    ``failure_code`` and ``pays`` are of a piece that failed, also if it passed after all. Until
    ``object_by`` its dealer may object, once: at ``objected_at``.
    """

    __tablename__ = "inspection"
    __table_args__ = (
        CheckConstraint("(failure_code IS NULL) = (pays IS NULL)", name="failure"),
        CheckConstraint("pays IN ('dealer', 'headquarters')", name="pays"),
        Index("ix_inspection_failure_code_inspected_at", "failure_code", "inspected_at"),
    )

    old_part_id: Mapped[int] = mapped_column(
        ForeignKey("old_part.id"), primary_key=True, autoincrement=False
    )
    inspected_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    inspected_at: Mapped[datetime]
    failure_code: Mapped[str | None] = mapped_column(String(30))
    pays: Mapped[str | None] = mapped_column(String(12))
    object_by: Mapped[datetime | None]
    objected_at: Mapped[datetime | None]
