"""Old parts 旧配件: one row is one physical piece (O1, O2)."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, Line, Money
from portal.core.documents import Document
from portal.core.personal import Personal
from portal.oldparts import workflow


class OldPart(Document, Personal, Base):
    """The registration of one old part.

    ``piece`` counts the pieces of the shipped line: the foreign key on ``(line, quantity)`` with
    the check makes it impossible to register more pieces than were shipped (O2). The keys are
    the serials in capitals, half-width, without blanks: unique across all dealers (O4). The looks
    and ``same_photo``, which another piece has as well, are for who reviews it.
    ``unit_price`` is what was deducted for the new piece, in minor units (R1).
    """

    __tablename__ = "old_part"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shipment_line_id", "line_quantity"], ["shipment_line.id", "shipment_line.quantity"]
        ),
        UniqueConstraint("shipment_line_id", "piece"),
        CheckConstraint("piece BETWEEN 1 AND line_quantity", name="piece"),
        UniqueConstraint("product_serial_key", "part_id", "failed_on"),
        Index("ix_old_part_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index(
            "ix_old_part_dealer_id_status_created_at_id", "dealer_id", "status", "created_at", "id"
        ),
        Index("ix_old_part_created_at_id", "created_at", "id"),
        Index("ix_old_part_status_created_at_id", "status", "created_at", "id"),
        Index("ix_old_part_product_serial_look", "product_serial_look"),
        Index("ix_old_part_old_serial_look", "old_serial_look"),
        Index("ix_old_part_customer_key_created_at", "customer_key", "created_at"),
        Index("ix_old_part_dealer_id_part_id_created_at", "dealer_id", "part_id", "created_at"),
    )
    kind = "oldpart"
    workflow = workflow.OLD_PART

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("part.id"))
    shipment_line_id: Mapped[int] = mapped_column(Key)
    line_quantity: Mapped[int] = mapped_column(Integer)
    piece: Mapped[int] = mapped_column(Integer)
    unit_price: Mapped[Money]
    customer_phone: Mapped[Line] = mapped_column(default="")
    product_model: Mapped[Line]
    product_serial: Mapped[Line] = mapped_column(default="")
    product_serial_key: Mapped[str | None] = mapped_column(String(200))
    product_serial_look: Mapped[str | None] = mapped_column(String(200))
    purchase_date: Mapped[date | None]
    failed_on: Mapped[date]
    replaced_on: Mapped[date]
    fault_code: Mapped[Line] = mapped_column(default="")
    complaint: Mapped[str]
    cause: Mapped[str]
    remedy: Mapped[str]
    old_serial: Mapped[Line] = mapped_column(default="")
    old_serial_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    old_serial_look: Mapped[str | None] = mapped_column(String(200))
    customer_key: Mapped[str | None] = mapped_column(String(200))
    same_photo: Mapped[bool] = mapped_column(default=False, server_default=false())
    rejection_code: Mapped[str | None] = mapped_column(String(30))
    registered_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    accepted_at: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(default="")

    @property
    def title(self) -> str:
        return self.number
