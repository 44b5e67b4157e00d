"""Parts applications with their lines, quotes and shipments (A1–A8)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from portal.applications import shipment_workflow, workflow
from portal.core.db import Base, Key, Line, Money
from portal.core.documents import Document
from portal.core.drafts import Draft

WARRANTY, STOCK = "warranty", "stock"
_WAITS_UNTIL = text("coalesce(due_at, created_at)")


class Application(Document, Draft, Base):
    """A dealer's request for spare parts 售后服务配件申请单.

    ``typed`` is the form as the dealer left it, complete or not (A1). Submitting checks it and
    writes it into lines of a new ``revision``. ``due_at`` is when the next step is due.
    ``promised_on`` is the day that the confirmation holds headquarters to (A9).
    ``reference`` is the dealer's own number for it.
    """

    __tablename__ = "application"
    __table_args__ = (
        Index("ix_application_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index(
            "ix_application_dealer_id_status_created_at_id",
            "dealer_id",
            "status",
            "created_at",
            "id",
        ),
        Index("ix_application_created_at_id", "created_at", "id"),
        # With the number, which says whether headquarters may see it: counted from the index.
        Index("ix_application_status_created_at_id_number", "status", "created_at", "id", "number"),
        Index("ix_application_status_due_at", "status", "due_at"),
        # The queues (A10), in the order of ``queries.WAITS_UNTIL``.
        Index("ix_application_status_queue", "status", _WAITS_UNTIL, "id"),
        Index("ix_application_dealer_id_status_queue", "dealer_id", "status", _WAITS_UNTIL, "id"),
    )
    kind = "application"
    workflow = workflow.APPLICATION

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    number: Mapped[str | None] = mapped_column(String(40), unique=True)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    typed: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(Integer, default=0)
    contact: Mapped[Line] = mapped_column(default="")
    phone: Mapped[Line] = mapped_column(default="")
    delivery_address: Mapped[str] = mapped_column(default="")
    remark: Mapped[str] = mapped_column(default="")
    reference: Mapped[Line] = mapped_column(default="")
    line_count: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[Money] = mapped_column(default=0)
    quote_version: Mapped[int] = mapped_column(Integer, default=0)
    submitted_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    promised_on: Mapped[date | None]
    search_text: Mapped[str] = mapped_column(default="")

    @property
    def title(self) -> str:
        return self.number or ""


class ApplicationLine(Base):
    """One part that is asked for; of an earlier revision if the application was corrected.

    ``key`` stays with a line while it is typed: it is the ``place`` of its photos.
    """

    __tablename__ = "application_line"
    __table_args__ = (
        UniqueConstraint("application_id", "revision", "position"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("purpose IN ('warranty', 'stock')", name="purpose"),
        Index("ix_application_line_dealer_id", "dealer_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    revision: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    part_id: Mapped[int] = mapped_column(ForeignKey("part.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    purpose: Mapped[str] = mapped_column(String(10))
    product_model: Mapped[Line] = mapped_column(default="")
    serial: Mapped[Line] = mapped_column(default="")
    purchase_date: Mapped[date | None]
    fault: Mapped[str] = mapped_column(default="")
    remark: Mapped[str] = mapped_column(default="")
    key: Mapped[str] = mapped_column(String(16), default="")


class Quote(Base):
    """Headquarters' answer, one version of it (A3, A4); amounts in minor units. Never changed."""

    __tablename__ = "quote"
    __table_args__ = (
        UniqueConstraint("application_id", "version"),
        CheckConstraint("freight >= 0 AND packing >= 0 AND total > 0", name="amounts"),
        Index("ix_quote_dealer_id", "dealer_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    version: Mapped[int] = mapped_column(Integer)
    freight: Mapped[Money]
    packing: Mapped[Money]
    total: Mapped[Money]
    promised_on: Mapped[date]
    expires_at: Mapped[datetime]
    remark: Mapped[str] = mapped_column(default="")
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    made_at: Mapped[datetime]


class QuoteLine(Base):
    """What headquarters will send for an asked line, and at what price.

    ``shipped`` and ``cancelled`` count pieces once the quote is released: together never more
    than ``quantity`` (A7). ``again`` are those of the rest that were sent before, did not arrive
    well, and are to be sent a second time (A8).
    """

    __tablename__ = "quote_line"
    __table_args__ = (
        UniqueConstraint("quote_id", "application_line_id"),
        CheckConstraint("quantity >= 0 AND unit_price >= 0", name="quantity"),
        CheckConstraint("amount = quantity * unit_price", name="amount"),
        CheckConstraint(
            "shipped >= 0 AND cancelled >= 0 AND again >= 0"
            " AND shipped + cancelled + again <= quantity",
            name="shipped",
        ),
        Index("ix_quote_line_dealer_id", "dealer_id"),
        Index("ix_quote_line_application_line_id", "application_line_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    quote_id: Mapped[int] = mapped_column(ForeignKey("quote.id"))
    application_line_id: Mapped[int] = mapped_column(ForeignKey("application_line.id"))
    part_id: Mapped[int] = mapped_column(ForeignKey("part.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    price_id: Mapped[int | None] = mapped_column(ForeignKey("price.id"))
    unit_price: Mapped[Money]
    amount: Mapped[Money]
    remark: Mapped[Line] = mapped_column(default="")
    shipped: Mapped[int] = mapped_column(Integer, default=0)
    cancelled: Mapped[int] = mapped_column(Integer, default=0)
    again: Mapped[int] = mapped_column(Integer, default=0)

    @hybrid_property
    def rest(self) -> int:
        """The pieces that are still to be sent."""
        return self.quantity - self.shipped - self.cancelled


class Shipment(Document, Base):
    """What the warehouse sent at one time for one application (A7).

    ``due_at`` is until when the dealer can say what arrived: after it all of it counts as received
    (A8).
    """

    __tablename__ = "shipment"
    __table_args__ = (
        Index("ix_shipment_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_shipment_created_at_id", "created_at", "id"),
        Index("ix_shipment_application_id", "application_id"),
        Index("ix_shipment_status_due_at", "status", "due_at"),
        Index("ix_shipment_status_created_at_id", "status", "created_at", "id"),
        Index(
            "ix_shipment_dealer_id_status_created_at_id", "dealer_id", "status", "created_at", "id"
        ),
    )
    kind = "shipment"
    workflow = shipment_workflow.SHIPMENT

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    carrier: Mapped[Line]
    tracking_number: Mapped[Line]
    shipped_on: Mapped[date]
    received_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(default="")

    @property
    def title(self) -> str:
        return self.number


class ShipmentLine(Base):
    """The pieces of one quoted line in one shipment, at the price that was deducted for each.

    ``sent`` pieces left the warehouse, ``again`` of them in place of pieces that were sent before.
    Of those, ``quantity`` arrived well, ``short`` are missing and ``damaged`` are damaged (A8):
    until the receipt all of them count as well. What was settled of the missing and the damaged
    ones is sent again (``resent``) or ``refunded``.

    ``(id, quantity)`` is unique so that an old part can refer to both: its piece number can then
    never be above the quantity that arrived (O2).
    """

    __tablename__ = "shipment_line"
    __table_args__ = (
        UniqueConstraint("id", "quantity"),
        UniqueConstraint("shipment_id", "quote_line_id"),
        CheckConstraint("sent > 0 AND again BETWEEN 0 AND sent", name="sent"),
        CheckConstraint(
            "quantity >= 0 AND short >= 0 AND damaged >= 0 AND quantity + short + damaged = sent",
            name="quantity",
        ),
        CheckConstraint(
            "resent >= 0 AND refunded >= 0 AND resent + refunded <= short + damaged",
            name="settled",
        ),
        Index("ix_shipment_line_dealer_id", "dealer_id"),
        Index("ix_shipment_line_quote_line_id", "quote_line_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"))
    quote_line_id: Mapped[int] = mapped_column(ForeignKey("quote_line.id"))
    part_id: Mapped[int] = mapped_column(ForeignKey("part.id"))
    purpose: Mapped[str] = mapped_column(String(10))
    sent: Mapped[int] = mapped_column(Integer)
    again: Mapped[int] = mapped_column(Integer, default=0)
    quantity: Mapped[int] = mapped_column(Integer)
    short: Mapped[int] = mapped_column(Integer, default=0)
    damaged: Mapped[int] = mapped_column(Integer, default=0)
    resent: Mapped[int] = mapped_column(Integer, default=0)
    refunded: Mapped[int] = mapped_column(Integer, default=0)
    unit_price: Mapped[Money]

    @property
    def unwell(self) -> int:
        """The pieces that did not arrive well."""
        return self.short + self.damaged


class DeliveryReport(Document, Base):
    """What a dealer found missing or damaged in one shipment (A8); the pieces are on its lines."""

    __tablename__ = "delivery_report"
    __table_args__ = (
        Index("ix_delivery_report_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_delivery_report_status_created_at_id", "status", "created_at", "id"),
    )
    kind = "deliveryreport"
    workflow = shipment_workflow.REPORT

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), unique=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    remark: Mapped[str] = mapped_column(default="")

    @property
    def title(self) -> str:
        return self.number
