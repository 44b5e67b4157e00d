"""Services that headquarters has named, and what dealers charge for them (F1)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalogue.names import InLanguages
from portal.core.db import Base, Key, Line, Money
from portal.core.documents import Document
from portal.core.drafts import Draft
from portal.fees import workflow

_IS_OPEN = text("status IN ('draft', 'submitted')")


class ServiceItem(InLanguages, Document, Base):
    """A service that schedules name alike, so that they can be compared.

    Code, key and names are as a part's number, key and names; ``unit`` is one of ``UNITS``.
    """

    __tablename__ = "service_item"
    kind = "serviceitem"
    workflow = workflow.ITEM

    code: Mapped[str] = mapped_column(String(60), unique=True)
    code_key: Mapped[str] = mapped_column(String(60), unique=True)
    unit: Mapped[str] = mapped_column(String(10))
    search_text: Mapped[str]

    @property
    def title(self) -> str:
        return self.code


class FeeSchedule(Document, Draft, Base):
    """What a dealer charges its customers for service 服务费收费标准.

    ``typed`` is the form as the dealer left it. Submitting checks it and writes it into lines of a
    new ``revision``. It is in force from ``in_force_from`` on, which its approval sets, until
    another one is.
    """

    __tablename__ = "fee_schedule"
    __table_args__ = (
        CheckConstraint("status <> 'approved' OR in_force_from IS NOT NULL", name="in_force"),
        Index(
            "ix_fee_schedule_open",
            "dealer_id",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
        Index("ix_fee_schedule_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_fee_schedule_created_at_id", "created_at", "id"),
        Index("ix_fee_schedule_status_created_at_id", "status", "created_at", "id"),
        Index("ix_fee_schedule_dealer_id_in_force_from_id", "dealer_id", "in_force_from", "id"),
    )
    kind = "fees"
    workflow = workflow.SCHEDULE

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    number: Mapped[str | None] = mapped_column(String(40), unique=True)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    typed: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(Integer, default=0)
    effective_on: Mapped[date | None]
    grounds: Mapped[str] = mapped_column(default="")
    line_count: Mapped[int] = mapped_column(Integer, default=0)
    submitted_at: Mapped[datetime | None]
    in_force_from: Mapped[date | None]

    @property
    def title(self) -> str:
        return self.number or ""


class FeeLine(Base):
    """What one service costs; of an earlier revision if the schedule was corrected.

    A service is headquarters' item, or has a name in the dealer's own words.
    """

    __tablename__ = "fee_line"
    __table_args__ = (
        UniqueConstraint("schedule_id", "revision", "position"),
        UniqueConstraint("schedule_id", "revision", "item_id"),
        CheckConstraint("(item_id IS NULL) = (name <> '')", name="service"),
        CheckConstraint("amount >= 0", name="amount"),
        Index("ix_fee_line_item_id", "item_id"),
        Index("ix_fee_line_dealer_id", "dealer_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    schedule_id: Mapped[int] = mapped_column(ForeignKey("fee_schedule.id"))
    revision: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("service_item.id"))
    name: Mapped[Line] = mapped_column(default="")
    unit: Mapped[str] = mapped_column(String(10))
    amount: Mapped[Money]
    grounds: Mapped[Line] = mapped_column(default="")
