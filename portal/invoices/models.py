"""Invoices to customers, and their lines, each beside its rate (F2)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, Line, Money
from portal.core.documents import Document
from portal.core.personal import Personal
from portal.invoices.workflow import INVOICE


class CustomerInvoice(Document, Personal, Base):
    """What a dealer charged a customer for service, checked when it was recorded (F2).

    ``paper_number`` is what stands on the paper. ``schedule_id`` is the schedule that was in force
    on ``issued_on``, if there was one. ``charged`` is the sum of the lines and ``above`` what of it
    is above the rates, in minor units. ``penalty_id`` is the penalty that followed.
    ``search_text`` holds both numbers, the customer, and the dealer.
    """

    __tablename__ = "customer_invoice"
    __table_args__ = (
        UniqueConstraint("dealer_id", "paper_key"),
        CheckConstraint("above BETWEEN 0 AND charged", name="above"),
        CheckConstraint("penalty_id IS NULL OR status = 'penalized'", name="penalty"),
        Index("ix_customer_invoice_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_customer_invoice_created_at_id", "created_at", "id"),
        Index("ix_customer_invoice_status_created_at_id", "status", "created_at", "id"),
    )
    kind = "invoice"
    workflow = INVOICE

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    paper_number: Mapped[Line]
    paper_key: Mapped[str | None] = mapped_column(String(200))
    issued_on: Mapped[date]
    old_part_id: Mapped[int | None] = mapped_column(ForeignKey("old_part.id"))
    remark: Mapped[str] = mapped_column(default="")
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("fee_schedule.id"))
    charged: Mapped[Money]
    above: Mapped[Money]
    penalty_id: Mapped[int | None] = mapped_column(ForeignKey("correction.id"), unique=True)
    search_text: Mapped[str] = mapped_column(default="")

    @property
    def title(self) -> str:
        return self.number


class CustomerInvoiceLine(Base):
    """One service on an invoice. ``quantity`` is in hundredths; money in minor units.

    ``rate`` is the approved one for a unit and ``allowed`` what comes of it for the quantity, both
    None for what the schedule in force does not have.
    """

    __tablename__ = "customer_invoice_line"
    __table_args__ = (
        UniqueConstraint("invoice_id", "position"),
        CheckConstraint("(item_id IS NULL) = (name <> '')", name="service"),
        CheckConstraint("(rate IS NULL) = (allowed IS NULL)", name="rate"),
        CheckConstraint("quantity > 0 AND amount >= 0", name="amount"),
        Index("ix_customer_invoice_line_item_id", "item_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("customer_invoice.id"))
    position: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("service_item.id"))
    name: Mapped[Line] = mapped_column(default="")
    unit: Mapped[str] = mapped_column(String(10))
    quantity: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Money]
    rate: Mapped[Money | None]
    allowed: Mapped[Money | None]
