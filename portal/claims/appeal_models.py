"""A dealer's appeal against the decision on a line (R6): a document of its own."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.claims.appeal_workflow import APPEAL
from portal.core.db import Base, Money
from portal.core.documents import Document


class Appeal(Document, Base):
    """What a dealer says against the reduction or rejection of one line of a claim.

    A line has one, ever. ``claimed`` and ``approved`` are the line's, which never change; what is
    granted beyond that is ``amount``, in minor units. ``run_id`` is the run that pays it: written
    as that begins to close. An appeal that the portal itself refused, since the piece failed or is
    missing, has no ``decided_by_id``; if its line left the claim with the piece, no ``line_id``.
    """

    __tablename__ = "claim_appeal"
    __table_args__ = (
        CheckConstraint("claimed > approved AND approved >= 0", name="claimed"),
        CheckConstraint(
            "amount BETWEEN 0 AND claimed - approved AND (amount > 0"
            " OR status NOT IN ('granted', 'granted_part', 'settled'))",
            name="decision",
        ),
        Index("ix_claim_appeal_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_claim_appeal_created_at_id", "created_at", "id"),
        Index("ix_claim_appeal_status_created_at_id", "status", "created_at", "id"),
        Index("ix_claim_appeal_run_id_dealer_id", "run_id", "dealer_id"),
        Index("ix_claim_appeal_claim_id", "claim_id"),
    )
    kind = "appeal"
    workflow = APPEAL

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("claim_line.id"), unique=True)
    position: Mapped[int] = mapped_column(Integer)
    claimed: Mapped[Money]
    approved: Mapped[Money]
    grounds: Mapped[str]
    filed_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    amount: Mapped[Money] = mapped_column(default=0)
    reason_code: Mapped[str | None] = mapped_column(String(30))
    note: Mapped[str] = mapped_column(default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("claim_run.id"))

    @property
    def title(self) -> str:
        return self.number

    @property
    def gap(self) -> int:
        """What was taken off the line, and can be granted at most; in minor units."""
        return self.claimed - self.approved
