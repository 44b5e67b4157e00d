"""Collections, the consignments of their dealers, and the pieces in them (O7)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.collections import workflow
from portal.core.db import Base, Key, Line
from portal.core.documents import Document

MOST_BOXES = 99


class Collection(Base):
    """One call of headquarters for old parts; each dealer's share of it is a consignment."""

    __tablename__ = "collection"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    created_at: Mapped[datetime]
    called_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    deliver_to: Mapped[str]
    remark: Mapped[str] = mapped_column(default="")


class Consignment(Document, Base):
    """What one dealer sends in for a collection, at one time.

    What it leaves out is in another one that goes on waiting. ``due_at`` is until when it is sent.
    """

    __tablename__ = "consignment"
    __table_args__ = (
        Index("ix_consignment_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index(
            "ix_consignment_dealer_id_status_created_at_id",
            "dealer_id", "status", "created_at", "id",
        ),
        Index("ix_consignment_created_at_id", "created_at", "id"),
        Index("ix_consignment_status_created_at_id", "status", "created_at", "id"),
        Index("ix_consignment_status_due_at", "status", "due_at"),
        Index("ix_consignment_collection_id", "collection_id"),
    )  # fmt: skip
    kind = "consignment"
    workflow = workflow.CONSIGNMENT

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    due_at: Mapped[datetime]
    carrier: Mapped[Line] = mapped_column(default="")
    tracking_number: Mapped[Line] = mapped_column(default="")
    sent_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(default="")

    @property
    def title(self) -> str:
        return self.number


class ConsignmentPiece(Base):
    """An old part in a consignment: in no other one, by its key (O7).

    ``box`` is where the dealer packed it, ``place`` where headquarters put it. One that is
    ``unexpected`` arrived without being in the packing list.
    """

    __tablename__ = "consignment_piece"
    __table_args__ = (
        CheckConstraint(f"box BETWEEN 1 AND {MOST_BOXES}", name="box"),
        Index("ix_consignment_piece_consignment_id_box", "consignment_id", "box"),
    )

    old_part_id: Mapped[int] = mapped_column(
        ForeignKey("old_part.id"), primary_key=True, autoincrement=False
    )
    consignment_id: Mapped[int] = mapped_column(ForeignKey("consignment.id"))
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    box: Mapped[int | None] = mapped_column(Integer)
    packed_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    place: Mapped[Line] = mapped_column(default="")
    unexpected: Mapped[bool] = mapped_column(default=False)
