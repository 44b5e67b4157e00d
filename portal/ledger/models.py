"""The ledger's tables (L1–L6). The database itself keeps them append-only and the balances true.

The triggers of the first migration do three things: they refuse UPDATE, DELETE and TRUNCATE on
transfers, reservations and their ends; they keep ``posted`` and ``reserved`` of a dealer's
account; and they refuse a reservation that is more than what is available.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, Line, Money, public_id
from portal.core.documents import Document
from portal.ledger import workflow

DEALER = "dealer"
BANK = "bank"
PARTS_SALES = "parts_sales"
FREIGHT = "freight"
WARRANTY_EXPENSE = "warranty_expense"
OLD_PART_CHARGES = "old_part_charges"
COMPENSATION = "compensation"
PENALTIES = "penalties"
ADJUSTMENTS = "adjustments"
HQ_PURPOSES = (
    BANK,
    PARTS_SALES,
    FREIGHT,
    WARRANTY_EXPENSE,
    OLD_PART_CHARGES,
    COMPENSATION,
    PENALTIES,
    ADJUSTMENTS,
)

_OF_HEADQUARTERS = text("dealer_id IS NULL")


class Account(Document, Base):
    """An account: one for each dealer, and one of headquarters' for each purpose (L2).

    ``posted`` and ``reserved`` are kept by trigger, for dealers only: headquarters' accounts
    would be hot rows. available = posted + credit_limit − reserved (L5).

    A dealer's account has the dealer's code, and its name in URLs; its events are what finance
    did by hand: deposits, their reversals, and changes of the credit limit.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("(purpose = 'dealer') = (dealer_id IS NOT NULL)", name="owner"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("credit_limit >= 0", name="credit_limit"),
        Index(
            "ix_account_purpose",
            "purpose",
            unique=True,
            sqlite_where=_OF_HEADQUARTERS,
            postgresql_where=_OF_HEADQUARTERS,
        ),
    )
    kind = "account"
    workflow = workflow.ACCOUNT

    dealer_id: Mapped[int | None] = mapped_column(ForeignKey("dealer.id"), unique=True)
    code: Mapped[str | None] = mapped_column(String(20))
    purpose: Mapped[str] = mapped_column(String(20))
    posted: Mapped[Money] = mapped_column(default=0)
    reserved: Mapped[Money] = mapped_column(default=0)
    credit_limit: Mapped[Money] = mapped_column(default=0)

    @property
    def title(self) -> str:
        return self.code or self.purpose

    @property
    def available(self) -> int:
        """What the dealer can still spend, in minor units (L5)."""
        return self.posted + self.credit_limit - self.reserved


class Transfer(Base):
    """One movement of money from one account to another, for one cause (L2–L4).

    ``document_name`` and ``document_title`` are the public id and the number of the document
    that caused it, so that a list of entries links to all of them without asking for any.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("from_account_id <> to_account_id", name="accounts"),
        Index("ix_transfer_dealer_id_at_id", "dealer_id", "at", "id"),
        Index("ix_transfer_dealer_id_kind_at_id", "dealer_id", "kind", "at", "id"),
        Index("ix_transfer_kind_at", "kind", "at"),
        Index("ix_transfer_at_id", "at", "id"),
        Index("ix_transfer_document", "document_kind", "document_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=public_id)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    from_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    to_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    amount: Mapped[Money]
    kind: Mapped[str] = mapped_column(String(30))
    cause: Mapped[str] = mapped_column(String(200), unique=True)
    document_kind: Mapped[str | None] = mapped_column(String(20))
    document_id: Mapped[int | None] = mapped_column(Key)
    document_name: Mapped[str | None] = mapped_column(String(16))
    document_title: Mapped[str | None] = mapped_column(String(200))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("transfer.id"), unique=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    actor_name: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    values: Mapped[dict[str, Any]]


class Reservation(Base):
    """Money of a dealer set aside for a confirmed quote (L6)."""

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_reservation_dealer_id_at_id", "dealer_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    amount: Mapped[Money]
    cause: Mapped[str] = mapped_column(String(200), unique=True)
    document_kind: Mapped[str] = mapped_column(String(20))
    document_id: Mapped[int] = mapped_column(Key)
    document_name: Mapped[str] = mapped_column(String(16))
    document_title: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class ReservationEnd(Base):
    """How a reservation ended, ``posted`` or ``voided``: once, by its primary key (L6)."""

    __tablename__ = "reservation_end"
    __table_args__ = (CheckConstraint("outcome IN ('posted', 'voided')", name="outcome"),)

    reservation_id: Mapped[int] = mapped_column(
        ForeignKey("reservation.id"), primary_key=True, autoincrement=False
    )
    outcome: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime]


class AccountStatement(Base):
    """A dealer's account in one month, as it was when the month was over (L9); never changed.

    ``month`` reads ``2026-10``; it lasts from ``begins`` until just before ``ends``, in ``zone``.
    ``opening`` is what the one before closed with. The entries are those of the ledger; names that
    may change later are kept here.
    """

    __tablename__ = "account_statement"
    __table_args__ = (
        UniqueConstraint("dealer_id", "month"),
        CheckConstraint("closing = opening + money_in - money_out", name="closing"),
        CheckConstraint("begins < ends", name="lasts"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    month: Mapped[str] = mapped_column(String(7))
    begins: Mapped[datetime]
    ends: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(40))
    opening: Mapped[Money]
    money_in: Mapped[Money]
    money_out: Mapped[Money]
    closing: Mapped[Money]
    entry_count: Mapped[int] = mapped_column(Integer)
    dealer_code: Mapped[str] = mapped_column(String(20))
    dealer_name: Mapped[Line]
    dealer_address: Mapped[str]
    written_at: Mapped[datetime]
