"""Claims 保修期内配件费用报销单, their lines, and the monthly run (R1–R8)."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.claims import workflow
from portal.core.db import Base, Key, Line, Money
from portal.core.documents import Document
from portal.core.drafts import Draft

RUNS = "claims.runs"
"""The turn that the opening of a run and the submission of a claim take (R4)."""
OLD_PART, FREIGHT, ADVANCE, LABOUR = "old_part", "freight", "advance", "labour"
"""What a line claims (R1)."""


class Run(Document, Base):
    """Headquarters' central settlement of one month's claims; ``month`` reads ``2026-10``.

    ``claim_count`` and the totals, in minor units, are written when the run closes (R8);
    ``appealed`` is what was granted by the ``appeal_count`` appeals that it paid (R6). Of lines
    that are approved together, ``spot_check`` basis points are drawn for a look (R5, P4).
    """

    __tablename__ = "claim_run"
    kind = "run"
    workflow = workflow.RUN

    month: Mapped[str] = mapped_column(String(7), unique=True)
    opened_at: Mapped[datetime]
    spot_check: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    closed_at: Mapped[datetime | None]
    claim_count: Mapped[int] = mapped_column(Integer, default=0)
    claimed: Mapped[Money] = mapped_column(default=0)
    approved: Mapped[Money] = mapped_column(default=0)
    appeal_count: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    appealed: Mapped[Money] = mapped_column(default=0, server_default=text("0"))

    @property
    def title(self) -> str:
        return self.month


class Claim(Document, Draft, Base):
    """A dealer's form for one month's warranty parts (R1).

    ``ordinal`` is 0 for the month's claim and counts its supplements. The totals are sums of the
    lines in minor units: ``claimed`` when it was submitted, ``approved`` when it was decided.
    ``suspicious`` counts the lines with a finding (R5), for headquarters only. Until
    ``appeal_by`` the dealer may appeal against what was decided (R6). Of a draft that nobody has
    submitted, also if it was taken back, there is no ``submitted_by_id``.
    """

    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("dealer_id", "month", "ordinal"),
        Index("ix_claim_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_claim_created_at_id", "created_at", "id"),
        Index("ix_claim_run_id_status", "run_id", "status"),
        Index("ix_claim_status_created_at_id", "status", "created_at", "id"),
    )
    kind = "claim"
    workflow = workflow.CLAIM

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    month: Mapped[str] = mapped_column(String(7))
    ordinal: Mapped[int] = mapped_column(Integer, default=0)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("claim_run.id"))
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    submitted_at: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(default="")
    line_count: Mapped[int] = mapped_column(Integer, default=0)
    claimed: Mapped[Money] = mapped_column(default=0)
    approved: Mapped[Money] = mapped_column(default=0)
    suspicious: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    appeal_by: Mapped[datetime | None]

    @property
    def title(self) -> str:
        return self.number

    @property
    def was_returned(self) -> bool:
        """Whether headquarters returned it for correction."""
        return self.status == "draft" and self.submitted_by_id is not None


class ClaimLine(Base):
    """One thing that is claimed (R1).

    An accepted old part, the labour of replacing it, the freight of a consignment, or an approved
    compensation. Each stands on one line, ever: the unique constraints make a second reimbursement
    impossible (R3). Labour is on the claim of its old part, for ``quantity`` times what the line
    of the schedule of service fees has. The checks
    tie the kind to what is claimed, and the decision to its amount (R6). ``alone`` says, from when
    its run takes it in, that it is decided by itself: a rule found something, the dealer remarked
    on it, or it was ``drawn`` for a spot check (R5). ``appeal_by`` stands in for its claim's: its
    piece, which had failed or was missing, is paid for after all since then (R6).
    """

    __tablename__ = "claim_line"
    __table_args__ = (
        UniqueConstraint("claim_id", "position"),
        UniqueConstraint("old_part_id", "kind"),
        CheckConstraint("claimed > 0", name="claimed"),
        CheckConstraint(
            "(status = 'open' AND approved IS NULL)"
            " OR (status = 'approved' AND approved IS NOT NULL AND approved = claimed)"
            " OR (status = 'reduced' AND approved IS NOT NULL AND approved > 0"
            " AND approved < claimed AND reason_code IS NOT NULL)"
            " OR (status = 'rejected' AND approved IS NOT NULL AND approved = 0"
            " AND reason_code IS NOT NULL)",
            name="decision",
        ),
        CheckConstraint(
            "(kind = 'labour' AND fee_line_id IS NOT NULL AND quantity IS NOT NULL"
            " AND quantity > 0) OR (kind <> 'labour' AND fee_line_id IS NULL AND quantity IS NULL)",
            name="labour",
        ),
        CheckConstraint(
            "(kind IN ('old_part', 'labour') AND old_part_id IS NOT NULL AND part_id IS NOT NULL"
            " AND consignment_id IS NULL AND advance_id IS NULL)"
            " OR (kind = 'freight' AND consignment_id IS NOT NULL"
            " AND old_part_id IS NULL AND part_id IS NULL AND advance_id IS NULL)"
            " OR (kind = 'advance' AND advance_id IS NOT NULL"
            " AND old_part_id IS NULL AND part_id IS NULL AND consignment_id IS NULL)",
            name="source",
        ),
        Index("ix_claim_line_dealer_id", "dealer_id"),
        Index(
            "ix_claim_line_open",
            "claim_id",
            "alone",
            "position",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_claim_line_appeal_by",
            "appeal_by",
            sqlite_where=text("appeal_by IS NOT NULL"),
            postgresql_where=text("appeal_by IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20), default=OLD_PART, server_default=OLD_PART)
    old_part_id: Mapped[int | None] = mapped_column(ForeignKey("old_part.id"))
    part_id: Mapped[int | None] = mapped_column(ForeignKey("part.id"))
    consignment_id: Mapped[int | None] = mapped_column(ForeignKey("consignment.id"), unique=True)
    advance_id: Mapped[int | None] = mapped_column(ForeignKey("advance.id"), unique=True)
    fee_line_id: Mapped[int | None] = mapped_column(ForeignKey("fee_line.id"))
    quantity: Mapped[int | None] = mapped_column(Integer)
    claimed: Mapped[Money]
    remark: Mapped[Line] = mapped_column(default="")
    alone: Mapped[bool] = mapped_column(default=False, server_default=false())
    drawn: Mapped[bool] = mapped_column(default=False, server_default=false())
    status: Mapped[str] = mapped_column(String(10), default="open")
    approved: Mapped[int | None] = mapped_column(Key)
    reason_code: Mapped[str | None] = mapped_column(String(30))
    note: Mapped[str] = mapped_column(default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    appeal_by: Mapped[datetime | None]


class ClaimFinding(Base):
    """What a rule found on a line when its claim was taken into a run (R5).

    ``figures`` are those that the sentence tells, with the values of the rule's policy values.
    Headquarters sees it, the dealer never does.
    """

    __tablename__ = "claim_finding"

    line_id: Mapped[int] = mapped_column(
        ForeignKey("claim_line.id"), primary_key=True, autoincrement=False
    )
    rule: Mapped[str] = mapped_column(String(30), primary_key=True)
    figures: Mapped[dict[str, Any]]


class ClaimNote(Base):
    """What somebody at headquarters noted on a line, for headquarters only; the database keeps it.

    ``about`` names the line, for when it has left the claim. A dealer never sees it (P1).
    """

    __tablename__ = "claim_note"
    __table_args__ = (
        Index("ix_claim_note_line_id", "line_id"),
        Index("ix_claim_note_claim_id", "claim_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("claim_line.id", ondelete="SET NULL"))
    about: Mapped[str] = mapped_column(String(60))
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[datetime]
    text: Mapped[str]


class Assignment(Base):
    """Who reviews a dealer's claims in a run; those of a dealer without one are everybody's."""

    __tablename__ = "claim_assignment"

    run_id: Mapped[int] = mapped_column(ForeignKey("claim_run.id"), primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"), primary_key=True)
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))


class LeftOut(Base):
    """An old part that the dealer left out of a claim (R2): it is not proposed for it again."""

    __tablename__ = "claim_left_out"

    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), primary_key=True)
    old_part_id: Mapped[int] = mapped_column(ForeignKey("old_part.id"), primary_key=True)
