"""The table of attachments; their bytes lie in the storage."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, public_id

UNCLAIMED = text("document_id IS NULL")
BANDS = [literal_column(f"((look >> {shift}) & 65535)", Integer) for shift in (0, 16, 32, 48)]
"""The four parts of a photo's look, each with its index: looks of at most three bits' difference
have one of them in common. PostgreSQL writes them so: a test compares what it wrote."""

INSIDE = "inside"
"""The place of what was added before its document's dealer could see that: never a dealer's."""


class Attachment(Base):
    """One file that somebody uploaded.

    It is unclaimed, and only its uploader's, until a document claims it; from then on whoever may
    see the document may see it. ``sha256`` is that of the bytes we serve, ``original_sha256`` that
    of the bytes that came: the same photo sent again has the same one. Sizes are bytes and pixels.
    ``place`` says where in its document it belongs, such as a line's key. ``look`` is how a photo
    looks (``decode.look``); those of before 0013 have none: only exact copies of them are found.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint("(document_kind IS NULL) = (document_id IS NULL)", name="claimed"),
        CheckConstraint("(width IS NULL) = (thumbnail_key IS NULL)", name="picture"),
        Index("ix_attachment_document", "document_kind", "document_id", "id"),
        Index("ix_attachment_sha256", "sha256"),
        *(Index(f"ix_attachment_look_{at}", band) for at, band in enumerate(BANDS)),
        Index(
            "ix_attachment_unclaimed",
            "created_at",
            sqlite_where=UNCLAIMED,
            postgresql_where=UNCLAIMED,
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=public_id)
    dealer_id: Mapped[int | None] = mapped_column(Key)
    document_kind: Mapped[str | None] = mapped_column(String(20))
    document_id: Mapped[int | None] = mapped_column(Key)
    uploaded_by: Mapped[int | None] = mapped_column(Key)
    purpose: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    look: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    original_sha256: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(40))
    thumbnail_key: Mapped[str | None] = mapped_column(String(40))
    place: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime]

    @property
    def is_picture(self) -> bool:
        """Whether we re-encoded it, so that a browser may show it in place."""
        return self.thumbnail_key is not None
