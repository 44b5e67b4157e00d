"""Uploads of many registrations at once (O3): a spreadsheet, its photos, and what became of them.

A batch holds the photos as its attachments until an old part takes them over.
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalogue.models import Sheet
from portal.core.db import Base, Key
from portal.oldparts import batch_workflow


class OldPartBatch(Sheet, Base):
    """A spreadsheet of registrations; ``mapping`` also has the ``counts`` of what it brought."""

    __tablename__ = "old_part_batch"
    __table_args__ = (
        Index("ix_old_part_batch_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_old_part_batch_status_created_at", "status", "created_at"),
    )
    kind = "oldpartbatch"
    workflow = batch_workflow.BATCH

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))

    @property
    def title(self) -> str:
        return self.file_name or ""


class BatchPhoto(Base):
    """A photo that came with a batch, or after it.

    It waits to be read as ``raw_key``; then it is the attachment ``photo``, or is ``refused`` for
    a reason of ``batch_photos.why``. ``name`` has its folder before it, if it had one.
    """

    __tablename__ = "old_part_batch_photo"
    __table_args__ = (
        UniqueConstraint("batch_id", "sha256", "name"),
        CheckConstraint("raw_key <> '' OR photo <> '' OR refused <> ''", name="state"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("old_part_batch.id"))
    name: Mapped[str] = mapped_column(String(300))
    sha256: Mapped[str] = mapped_column(String(64))
    raw_key: Mapped[str] = mapped_column(String(40), default="")
    photo: Mapped[str] = mapped_column(String(16), default="")
    refused: Mapped[str] = mapped_column(String(20), default="")


class BatchRow(Base):
    """A row that was registered: of the same file a dealer's row is registered once, ever."""

    __tablename__ = "old_part_batch_row"
    __table_args__ = (
        UniqueConstraint("old_part_id"),
        Index("ix_old_part_batch_row_batch_id", "batch_id"),
    )

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    row: Mapped[int] = mapped_column(Integer, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("old_part_batch.id"))
    old_part_id: Mapped[int] = mapped_column(ForeignKey("old_part.id"))
