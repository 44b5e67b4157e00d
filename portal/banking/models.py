"""The bank's statement as its files brought it (L7)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.banking.workflow import FILE, LINE
from portal.catalogue.models import Sheet
from portal.core.db import Base, Line, Money
from portal.core.documents import Document

REFERENCE = 100
"""The greatest length of a bank's reference, in characters."""


class BankFile(Sheet, Base):
    """A bank's file; ``digest`` is that of its headings, by which their reading is remembered.

    ``mapping`` also has the ``counts`` of what it brings.
    """

    __tablename__ = "bank_file"
    __table_args__ = (
        Index("ix_bank_file_created_at_id", "created_at", "id"),
        Index("ix_bank_file_digest", "digest"),
    )
    kind = "bankfile"
    workflow = FILE

    digest: Mapped[str] = mapped_column(String(64))

    @property
    def title(self) -> str:
        return self.file_name or ""


class BankLine(Document, Base):
    """A line of the bank's statement by which money came in: there once, ever, by its ``key``.

    The key is the cause of its deposit: made of the bank's reference or, where the bank gives
    none, of the ``fingerprint`` and the line's place among equal ones of its day. ``why`` tells
    why no dealer was found; ``payer_id`` is whose money it is, once it is booked. ``search_text``
    holds what the bank says, and the payer's code and name.
    """

    __tablename__ = "bank_line"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("status <> 'booked' OR payer_id IS NOT NULL", name="payer"),
        Index("ix_bank_line_created_at_id", "created_at", "id"),
        Index("ix_bank_line_status_created_at_id", "status", "created_at", "id"),
        Index("ix_bank_line_fingerprint", "fingerprint"),
        Index("ix_bank_line_file_id", "file_id"),
        Index("ix_bank_line_remitter", "remitter"),
    )
    kind = "bankline"
    workflow = LINE

    key: Mapped[str] = mapped_column(String(200), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    file_id: Mapped[int] = mapped_column(ForeignKey("bank_file.id"))
    row: Mapped[int] = mapped_column(Integer)
    day: Mapped[date]
    amount: Mapped[Money]
    reference: Mapped[str] = mapped_column(String(REFERENCE))
    remitter: Mapped[Line]
    purpose: Mapped[str]
    why: Mapped[str] = mapped_column(String(20), default="")
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("dealer.id"))
    search_text: Mapped[str] = mapped_column(default="")

    @property
    def title(self) -> str:
        """The bank's reference or, without one, the day and the row of its file.

        It stays in the ledger, where dealers read it: it names no remitter.
        """
        return self.reference or f"{self.day.isoformat()} #{self.row}"
